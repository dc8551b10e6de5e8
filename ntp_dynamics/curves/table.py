"""What a file holds before anything of it is chosen: named columns.

Cells stay as they were written until a column is chosen, so that a column of words beside the loss
is no mistake, and a word in the loss is one that names its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.system.errors import UserError, short

MISSING = frozenset({None, "", "NA", "N/A", "null", "NULL", "None"})
"""Cells that say that nothing was logged; ``nan`` says that what was logged is broken."""
GLANCE = 50
"""Cells that are looked at to tell numbers from words."""


@dataclass(frozen=True, eq=False)
class Column:
    """Cells (T,) as they were written, or numbers (T,) or (T, S) for S runs side by side.

    ``own``: the places of these cells, where each quantity has its own (`clock`: what they count).
    """

    cells: Sequence[Any] | np.ndarray
    own: np.ndarray | None = None
    clock: str = "step"

    @property
    def runs(self) -> int:
        """How many runs stand side by side; 0 for a single column."""
        return self.cells.shape[1] if np.ndim(self.cells) == 2 else 0  # pyright: ignore

    def run(self, number: int) -> Column:
        """One of the runs side by side; masks stay."""
        return Column(np.asanyarray(self.cells)[:, number], self.own, self.clock)

    @property
    def numeric(self) -> bool:
        """Whether most of its first cells that are not missing are numbers."""
        if isinstance(self.cells, np.ndarray):
            return self.cells.dtype.kind in "iuf"
        seen = [cell for cell in self.cells[:GLANCE] if not missing(cell)]
        return 2 * sum(_number(cell) is not None for cell in seen) > len(seen)

    def numbers(
        self, where: str, name: str
    ) -> tuple[Float[np.ndarray, " T"], Bool[np.ndarray, " T"]]:
        """The values, and where they are missing (nan there).  Raises UserError with the row of the
        first cell that is no number."""
        if isinstance(self.cells, np.ndarray):
            if self.cells.dtype.kind not in "iuf":
                kind = {"c": "complex numbers", "b": "true and false"}.get(
                    self.cells.dtype.kind, "no numbers"
                )
                raise UserError(where, f"{name} holds {kind}", "choose another --column")
            gone = np.ma.getmaskarray(self.cells)
            return np.ma.filled(self.cells.astype(np.float64), np.nan), gone
        try:  # most columns hold numbers and nothing else
            if not any(isinstance(cell, bool) for cell in self.cells[:GLANCE]):
                return np.array(list(map(float, self.cells))), np.zeros(len(self.cells), dtype=bool)
        except (ValueError, TypeError, OverflowError):
            pass
        gone = np.array([missing(cell) for cell in self.cells], dtype=bool)
        values = np.full(len(self.cells), np.nan)
        for row in np.flatnonzero(~gone).tolist():
            value = _number(self.cells[row])
            if value is None:
                raise UserError(
                    where,
                    f"row {row + 1} of {name} holds '{short(str(self.cells[row]).strip())}', "
                    "which is not a number",
                    "mend the row, leave the cell empty, or choose another --column",
                )
            values[row] = value
        return values, gone


def missing(cell: Any) -> bool:
    """Whether nothing was logged here."""
    return (cell.strip() if isinstance(cell, str) else cell) in MISSING


def _number(cell: Any) -> float | None:
    if isinstance(cell, (bool, list, dict)):
        return None
    try:
        return float(cell)
    except (ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of one file or one run.  ``source``: its name, without its folder; ``notes``: what
    was left out on the way, a clause each."""

    source: str
    columns: Mapping[str, Column]
    notes: tuple[str, ...] = ()
