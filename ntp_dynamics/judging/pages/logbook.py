"""Pages of a trackio logbook, the notebook of a folder: a page a claim, offline.

Each judgement adds two cells: what was found, as Markdown, and the figure with its data.  trackio
numbers cells by chance and dates them; what stands in them is from the judgement alone.
"""

from __future__ import annotations

import re
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from ntp_dynamics.judging.pages.data import csv_of, shown
from ntp_dynamics.judging.pages.facts import Facts, facts, joined
from ntp_dynamics.judging.pages.html import drawing
from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

INSTALL = "pip install 'ntp-dynamics[trackio]'"
TITLE = 80
"""Characters of the name of a page."""
MOST = 50
"""Runs that a page lists, those that fail first."""
INSTEAD = {"`": "'", "](": "] (", "**": "* *", "|": "\N{BROKEN BAR}", "://": ": //"}
MARKUP = re.compile(r"[^\w\s.,;:=<>+*/^()'-]|[<>](?![= ])")
"""What no name of a page holds: trackio writes it into a heading and a table."""


def write(folder: Path | str, *judged: Judged) -> Path:
    """Add some judgements to the logbook of a folder, or of one above it; it is made where there is
    none.  Returns its directory, which ``trackio logbook serve`` shows.

    Raises UserError where trackio is not installed, or a file cannot be written.
    """
    try:
        from trackio import logbook
    except ImportError as error:
        raise UserError("trackio", "it is not installed", INSTALL) from error
    folder = Path(folder)
    try:
        with chdir(folder):  # trackio makes a logbook where one is
            book = logbook.find_project_dir() or logbook.create_logbook("Judged claims")
            for one in judged:
                told = facts(one)
                page = logbook.ensure_page(book, _name(told))
                said = f"{told.label}: {told.law}"
                logbook.add_markdown_cell(book, page, _told(told), title=said)
                data = csv_of(shown(one.curve)).replace("`", "'")
                figure = drawing(one, "figure").replace("`", "&#96;")
                logbook.add_figure_cell(book, page, figure, raw=data, title="the curves")
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise UserError(str(folder), reason, "choose another folder") from error
    return book


def _name(told: Facts) -> str:
    """The name of a page, without what would be markup in it."""
    name = " ".join(MARKUP.sub(" ", told.title).split())
    return name[:TITLE].strip() or "claim"


def plain(value: str) -> str:
    """Text as trackio's Markdown shows it: it knows no escapes, takes HTML for text, and follows
    any link."""
    for markup, instead in INSTEAD.items():
        value = value.replace(markup, instead)
    return value


def _told(told: Facts) -> str:
    """What was found, in Markdown."""
    lines = [
        f"**{told.label}**. {plain(told.sentence)}",
        f"Claim: {plain(told.title)}" + (f" ({plain(told.source)})" if told.source else ""),
        f"Law: {plain(told.law)}. Held against {plain(told.read)}.",
        f"Beside the law: {plain(joined(told.declared))}." if told.declared else "",
        f"{plain(told.settle[:1].upper() + told.settle[1:])}." if told.settle else "",
        "; ".join(map(plain, told.notes)),
        _runs(told),
        f"Again:\n\n~~~\n{told.command}\n~~~",
    ]
    return "\n\n".join(line for line in lines if line)


def _runs(told: Facts) -> str:
    runs = sorted(told.runs, key=lambda run: not run.fails)[:MOST]
    rows = [
        f"| {run.number} | {plain(run.name)} | {run.outcome} | {run.exponent} | {run.spare} |"
        for run in runs
    ]
    head = f"| run | name | outcome | {told.exponent_name} | factor to spare |"
    rest = len(told.runs) - len(runs)
    more = f"\n\n{rest:,} more runs are in the data of the figure." if rest else ""
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows]) + more
