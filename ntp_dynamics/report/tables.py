"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntp_dynamics.system.errors import escaped
from ntp_dynamics.verdict.label import Label

LEAST = 24
"""Columns for what was found, below which it stands under its claim."""
GAP = 2
"""Columns between two."""


def verdict_table(console: Console, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Print (claim, label, runs, what was found) rows; labels tell by word, colour only helps."""
    shown = [
        (Text(escaped(claim)), Text(escaped(word), _style(word)), runs, escaped(found))
        for claim, word, runs, found in rows
    ]
    taken = sum(max((len(row[i]) for row in shown), default=0) + GAP for i in range(3))
    if console.width - taken < LEAST:
        for claim, label, runs, found in shown:
            console.print(Text("  ").join([claim, label, Text(runs)]), highlight=False)
            console.print(Padding(Text(found), (0, 0, 0, 4)))
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("runs", no_wrap=True)
    table.add_column("what was found", ratio=1, overflow="fold")
    for claim, label, runs, found in shown:
        table.add_row(claim, label, Text(runs), Text(found))
    console.print(table)


def _style(word: str) -> str:
    label = Label.known(word)
    return "" if label is None else label.style
