"""docs/findings.md: expected beside measured, a picture and a reading each."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue.finding import Answer, Correction, Finding, Reading
from benchmarks.catalogue.tally import tally
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.draw.sheets import save_grid

PARTS = ("Question", "Theory", "Expected")
OPENING = """\
# Findings

The paper (Huang, Liang, Yang, "Non-asymptotic Convergence of Training Transformers for Next-token
Prediction", NeurIPS 2024) proves that a one-layer transformer trained by two-stage normalised
gradient descent converges to max-margin directions. This page holds the theorem, and what lies
around it, against {jobs} jobs. `make catalogue` runs them all ({minutes} on 2 cores) and writes
this page; each experiment also runs alone, by the command under its title.

How to read it. A *sentence* is a list of tokens, the last one its *query*; each token x has one
continuation n(x); in each sentence one *optimal* token leads to the label, and the *relations* of
a query say which tokens must outscore which; a token above one and below another is *confused*.
W\\*_ov and W\\*_kq are the max-margin solutions for the two layers, computed exactly; 1 - cos is
the distance of a layer's direction from them; Delta, the *margin*, is what stage 1 leaves; the
*leak* is the attention off the optimal token; a relation is *forced to zero* if it is tight but no
dual solution can use it. More in [theory.md](theory.md); the verdicts (*holds, tight, vacuous,
...*) are explained in [claims.md](claims.md).

*Expected* comes from the theory or from our notes, most of which have one corpus of another draw,
with a tolerance by the kind of statement, written in the code before the run: exact for counts,
labels and signs; a band of .05 for exponents; 5 % for a number that the notes print for the very
same corpus (10 % for a step, the grid of the record); from one corpus to another 10 % for what
||W\\*|| sets (norms, decades of loss) and a factor two for the prefactors that no law fixes. These
kinds were chosen when an earlier edition of this page was known, and no row was tuned to its
outcome. *Measured* is the median over the runs with their range, and a row agrees only if **every
run** is inside the tolerance, or the one statistic that the row names. Otherwise it **differs**,
with the reason as far as we know it. *From* says what was read: the trajectory or the verdicts of
a record, or neither (*evaluated*: computed from the theory and the corpora, nothing was trained).
"""


def page(readings: Sequence[Reading], jobs: int, minutes: str, pictures: Path) -> str:
    """The whole page; draws the pictures beside it."""
    summary = f"{tally(a for r in readings for a in r.answers)}."
    sections = [_section(reading, pictures) for reading in readings]
    opening = OPENING.format(jobs=jobs, minutes=minutes)
    return "\n".join([opening, *_wrapped(summary), "", *map(_entry, readings), "", *sections])


def header(experiment: str) -> tuple[str, dict[str, str]]:
    """The command and the parts of the comment that opens an experiment."""
    text = (config_dir() / "experiment" / f"{experiment}.yaml").read_text(encoding="utf-8")
    comment = [
        line.removeprefix("#").strip() for line in text.splitlines()[1:] if line.startswith("#")
    ]
    command, words = comment[0], " ".join(" ".join(comment[1:]).split())
    parts = {}
    for name, following in zip(PARTS, (*PARTS[1:], None), strict=True):
        said = words.partition(f"{name}: ")[2]
        parts[name] = (said.partition(f"{following}: ")[0] if following else said).strip()
    return command, parts


def _anchor(finding: Finding) -> str:
    kept = "".join(c for c in finding.title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def _entry(reading: Reading) -> str:
    finding, answers = reading.finding, reading.answers
    differ = sum(answer.agrees is False for answer in answers)
    note = f", {differ} differ" if differ else ""
    link = f"[{finding.title}](#{_anchor(finding)})"
    return f"* {link} (`{finding.experiment}`): {len(answers)} rows{note}"


def _section(reading: Reading, pictures: Path) -> str:
    finding = reading.finding
    command, parts = header(finding.experiment)
    lines = [f"## {finding.title}", "", f"`{command}`", ""]
    lines += [f"**{name}.** {_sentence(parts[name])}  " for name in PARTS]
    lines += ["", "| quantity | expected | measured | from | |", "|---|---|---|---|---|"]
    lines += map(_row, reading.answers)
    lines += ["", *_wrapped(_stars(finding.text)), ""]
    if finding.corrections:
        lines += ["| corrected: we said | it is |", "|---|---|"]
        lines += [*map(_correction, finding.corrections), ""]
    if reading.picture:
        save_grid(reading.picture, pictures / finding.experiment, size=(4.6, 3.4))
        (pictures / f"{finding.experiment}.pdf").unlink()
        alt = _stars(finding.caption)
        lines += [f"![{alt}]({pictures.name}/{finding.experiment}.png)", "", f"*{alt}*", ""]
    return "\n".join(lines)


def _row(answer: Answer) -> str:
    marks = {True: "agrees", False: f"**differs**: {answer.why}", None: ""}
    mark = marks[answer.agrees]
    cells = (answer.quantity, answer.expected, answer.measured, answer.source, mark)
    return f"| {' | '.join(map(_cell, cells))} |"


def _correction(correction: Correction) -> str:
    return f"| {_cell(correction.old)} | {_cell(correction.new)} |"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, break_on_hyphens=False)


def _cell(text: str) -> str:
    """Text as markdown shows it: no bars, and stars that mean stars."""
    return _stars(text).replace("||", "‖").replace("|V|", "V").replace("|", "\\|")


def _sentence(text: str) -> str:
    formula = text.startswith(("log(", "ntp-", "ov.", "kq."))
    return _stars(text if formula else text[:1].upper() + text[1:])


def _stars(text: str) -> str:
    """Stars that mean stars."""
    return text.replace("W*", "W\\*")
