"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ntp_dynamics.lab.errors import escaped

STYLES = {
    "holds": "green",
    "tight": "bold green",
    "faster": "cyan",
    "vacuous": "yellow",
    "inconclusive": "yellow",
    "does not apply": "dim",
    "invalid": "magenta",
    "contradicted": "bold red",
}


def verdict_table(console: Console, rows: Iterable[tuple[str, str, str, str]]) -> None:
    """Print (claim, label, runs, what was found) rows; labels tell by word, colour only helps."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("claim", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("runs", no_wrap=True)
    table.add_column("what was found", ratio=1, overflow="fold")
    for claim, label, runs, found in rows:
        word, said = Text(escaped(label), STYLES.get(label, "")), Text(escaped(found))
        table.add_row(Text(escaped(claim)), word, Text(runs), said)
    console.print(table)
