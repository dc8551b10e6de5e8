"""docs/findings.md: expected beside measured, a picture and a reading each."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from benchmarks.catalogue.finding import Answer, Correction, Finding, Reading
from benchmarks.catalogue.tally import tally
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.draw.sheets import save_grid

PARTS = ("Question", "Theory", "Expected")


def page(opening: str, readings: Sequence[Reading], jobs: int, minutes: str, beside: Path) -> str:
    """The whole page, which stands in the folder ``beside``; draws its pictures there."""
    summary = f"{tally(a for r in readings for a in r.answers)}."
    sections = [_section(reading, beside) for reading in readings]
    opening = opening.format(jobs=jobs, minutes=minutes)
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


def _section(reading: Reading, beside: Path) -> str:
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
        stem = finding.picture_in(beside)
        stem.parent.mkdir(parents=True, exist_ok=True)
        save_grid(reading.picture, stem, size=(4.6, 3.4))
        stem.with_suffix(".pdf").unlink()
        alt = _stars(finding.caption)
        lines += [f"![{alt}]({stem.relative_to(beside)}.png)", "", f"*{alt}*", ""]
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
    """As it opens a line; a formula, a command or the id of a claim stays as it is."""
    formula = re.match(r"log\(|ntp-|[a-z]+\.[a-z]", text)
    return _stars(text if formula else text[:1].upper() + text[1:])


def _stars(text: str) -> str:
    """Stars that mean stars."""
    return text.replace("W*", "W\\*")
