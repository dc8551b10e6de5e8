"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ntp_dynamics.system.errors import escaped
from ntp_dynamics.verdict.label import OUTSIDE, Label

LEAST = 24
"""Columns for what was found, below which it stands under its claim."""
LEAST_BESIDE = 32
"""The same where something is observed beyond the hypotheses; twice as many, and that has a column
of its own."""
GAP = 2
"""Columns between two."""
OBSERVED = f"{OUTSIDE}; observed"


class Row(NamedTuple):
    """A line of the table: ``observed`` is what runs show that the claim does not cover, and a
    ``shadow`` is no verdict."""

    claim: str
    label: str
    runs: str
    found: str
    observed: str = ""
    shadow: bool = False

    @property
    def cells(self) -> list[Text]:
        """The first three columns."""
        style = "dim" if self.shadow else _style(self.label)
        return [Text(escaped(self.claim)), Text(escaped(self.label), style), Text(self.runs)]

    @property
    def below(self) -> Text:
        """What was found, and under it what is observed."""
        told = f"{OBSERVED}: {escaped(self.observed)}" if self.observed else ""
        return Text("\n").join(Text(part) for part in (escaped(self.found), told) if part)


def verdict_table(console: Console, rows: Sequence[Row]) -> None:
    """Print the rows; labels tell by word, colour only helps.  What is observed beyond the
    hypotheses has a column where some row has it and there is room."""
    first = zip(*[(row.claim, row.label, row.runs) for row in rows], strict=True)
    taken = sum(max(map(len, column)) + GAP for column in first)
    room = console.width - taken
    any_observed = any(row.observed for row in rows)
    if room < (LEAST_BESIDE if any_observed else LEAST):
        for row in rows:
            console.print(Text("  ").join(row.cells), highlight=False)
            console.print(Padding(row.below, (0, 0, 0, 4)))
        return
    beside = any_observed and room >= 2 * LEAST_BESIDE + GAP
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in ("claim", "verdict", "runs"):
        table.add_column(name, no_wrap=True)
    for name in ("what was found", OBSERVED) if beside else ("what was found",):
        table.add_column(name, ratio=1, overflow="fold")
    for row in rows:
        last = [Text(escaped(row.found)), Text(escaped(row.observed))] if beside else [row.below]
        table.add_row(*row.cells, *last)
    console.print(table)


def _style(word: str) -> str:
    label = Label.known(word)
    return "" if label is None else label.style
