"""docs/findings.md: expected beside measured, a picture and a reading each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue.finding import Finding, Reading, Row
from ntp_dynamics.compose import config_dir
from ntp_dynamics.lab.figures import save_grid

PARTS = ("Question", "Theory", "Expected")
OPENING = """\
# Findings

The paper (Huang, Liang, Yang, "Non-asymptotic Convergence of Training Transformers for Next-token
Prediction", NeurIPS 2024) proves that a one-layer transformer trained by two-stage normalised
gradient descent converges to max-margin directions. This page holds the theorem, and what lies
around it, against {jobs} jobs. `make catalogue` runs them all ({minutes} on 2 cores) and writes
this page; each experiment also runs alone, by the command under its title.

How to read it. A *sentence* is a list of tokens, the last one its *query*; each token x has one
continuation n(x); in each sentence one *optimal* token leads to the label, and the *relations* of a
query say which tokens must outscore which. W\\*_ov and W\\*_kq are the max-margin solutions for the
two layers, computed exactly; 1 - cos is the distance of a layer's direction from them; Delta, the
*margin*, is what stage 1 leaves; the *leak* is the attention off the optimal token; a relation is
*forced to zero* if it is tight but no dual solution can use it. More in [theory.md](theory.md); the
verdicts (*holds, tight, vacuous, ...*) are explained in [claims.md](claims.md).

*Expected* was written down before the run: by the theory, or by our notes, most of which come from
one corpus of another generator. *Measured* is the median over the runs with their range. A
row agrees if the expectation lies within that range, give or take the rounding of the notes; the
rows that do not are marked **differs**, with the reason as far as we know it.
"""


def page(
    readings: Sequence[tuple[Finding, Reading]], jobs: int, minutes: str, pictures: Path
) -> str:
    """The whole page; draws the pictures beside it."""
    rows = [row for _, reading in readings for row in reading.rows]
    judged = [row.agrees for row in rows if row.agrees is not None]
    differ = judged.count(False)
    summary = f"Of {len(judged)} expectations {len(judged) - differ} agree and {differ} differ."
    contents = [_entry(finding, reading) for finding, reading in readings]
    sections = [_section(finding, reading, pictures) for finding, reading in readings]
    opening = OPENING.format(jobs=jobs, minutes=minutes)
    return "\n".join([opening, summary, "", *contents, "", *sections])


def header(experiment: str) -> tuple[str, dict[str, str]]:
    """The command and the parts of the comment that opens an experiment."""
    text = (config_dir() / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8")
    comment = [
        line.removeprefix("#").strip() for line in text.splitlines()[1:] if line.startswith("#")
    ]
    command, words = comment[0], " ".join(comment[1:])
    parts = {}
    for name, following in zip(PARTS, (*PARTS[1:], None), strict=True):
        said = words.partition(f"{name}: ")[2]
        parts[name] = (said.partition(f"{following}: ")[0] if following else said).strip()
    return command, parts


def _anchor(finding: Finding) -> str:
    kept = "".join(c for c in finding.title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _entry(finding: Finding, reading: Reading) -> str:
    differ = sum(row.agrees is False for row in reading.rows)
    note = f", {differ} differ" if differ else ""
    rows = f"{len(reading.rows)} rows{note}"
    return f"* [{finding.title}](#{_anchor(finding)}) (`{finding.experiment}`): {rows}"


def _section(finding: Finding, reading: Reading, pictures: Path) -> str:
    command, parts = header(finding.experiment)
    lines = [f"## {finding.title}", "", f"`{command}`", ""]
    lines += [f"**{name}.** {_sentence(parts[name])}  " for name in PARTS]
    lines += ["", "| quantity | expected | measured | |", "|---|---|---|---|"]
    lines += [_row(row) for row in reading.rows]
    lines += ["", *textwrap.wrap(_stars(reading.text), 100, break_on_hyphens=False), ""]
    if reading.picture:
        save_grid(reading.picture, pictures / finding.experiment, size=(4.6, 3.4))
        (pictures / f"{finding.experiment}.pdf").unlink()
        alt = _stars(reading.caption or finding.title)
        lines += [f"![{alt}]({pictures.name}/{finding.experiment}.png)", "", f"*{alt}*", ""]
    return "\n".join(lines)


def _row(row: Row) -> str:
    marks = {
        True: "agrees",
        False: f"**differs**: {row.why}" if row.why else "**differs**",
        None: "",
    }
    mark = marks[row.agrees]
    cells = [_cell(x) for x in (row.quantity, row.expected, row.measured, mark)]
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Text as markdown shows it: no bars, and stars that mean stars."""
    return _stars(text).replace("||", "‖").replace("|V|", "V").replace("|", "\\|")


def _sentence(text: str) -> str:
    formula = text.startswith(("log(", "ntp-"))
    return _stars(text if formula else text[:1].upper() + text[1:])


def _stars(text: str) -> str:
    """Stars that mean stars."""
    return text.replace("W*", "W\\*")
