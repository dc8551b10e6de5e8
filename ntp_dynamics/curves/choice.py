"""Which columns are t and y: as asked, or by their names, and told in one line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from ntp_dynamics.curves.names import BESIDE, ending_in, first_clock, first_quantity
from ntp_dynamics.curves.table import Table
from ntp_dynamics.system.errors import UserError, short

DIGITS = re.compile(r"\d+")
MOST_TOLD = 8


@dataclass(frozen=True)
class Choice:
    """``t``: a column, or None where quantities have their own places; ``clock``: what it is
    called; ``y``: one column, or one a run; ``others``: numeric ones that were not chosen."""

    t: str | None
    clock: str
    y: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """``t = step, y = loss; others: lr, epoch``."""
        some = [short(name) for name in self.others[:MOST_TOLD]]
        rest = len(self.others) - len(some)
        others = f"; others: {', '.join(some)}" if some else ""
        more = f" and {rest} more" if rest else ""
        y = [short(name) for name in self.y[:MOST_TOLD]]
        return f"t = {short(self.clock)}, y = {', '.join(y)}{others}{more}"


def choose(table: Table, t: str | None, columns: Sequence[str], but: Sequence[str] = ()) -> Choice:
    """The columns of a table.  ``columns``: names or patterns such as ``loss_*``; ``but``: columns
    with another use.  Raises UserError, which lists what is there."""
    names = list(table.columns)
    numeric = [name for name in names if table.columns[name].numeric]
    if t is not None and t not in table.columns:
        raise _unknown(table, "--t", t, names)
    chosen = [name for pattern in columns for name in _matches(table, pattern, names, t)]
    own = {name for name in names if table.columns[name].own is not None}
    clock = t
    if clock is None and not (own.issuperset(chosen) if chosen else own):
        clock = _clock(table, [name for name in numeric if name not in chosen])
    free = [name for name in numeric if name != clock and name not in but]
    y = tuple(dict.fromkeys(chosen)) or _default(table, free)
    said = clock or table.columns[y[0]].clock
    return Choice(clock, said, y, tuple(name for name in free if name not in y))


def _matches(table: Table, pattern: str, names: list[str], t: str | None) -> list[str]:
    if pattern in names:
        return [pattern]
    found = [name for name in names if fnmatchcase(name, pattern) and name != t]
    if not found and len(alike := ending_in(pattern, names)) == 1:
        return alike
    if not found:
        raise _unknown(table, "--column", pattern, names)
    return found


def _default(table: Table, free: list[str]) -> tuple[str, ...]:
    """A known name; the only one there is; or columns that differ by a number, one a run."""
    candidates = [name for name in free if name.strip().lower() not in BESIDE]
    if known := first_quantity(candidates):
        return (known,)
    if candidates and len({DIGITS.sub("#", name) for name in candidates}) == 1:
        return tuple(candidates)
    if not candidates:
        listed = _listed(list(table.columns))
        what = f"none of its columns {listed} holds a quantity in numbers"
        raise UserError(table.source, what, "say which: --column NAME")
    what = f"which column is y, of {_listed(candidates)}"
    raise UserError(table.source, what, "say it with --column NAME")


def _clock(table: Table, numeric: list[str]) -> str:
    """A known name; else the first column that only increases, and is no quantity by its name."""
    if known := first_clock(numeric):
        return known
    for name in numeric:
        column = table.columns[name]
        if column.runs or column.own is not None or first_quantity([name]):
            continue
        try:
            values, gone = column.numbers(table.source, name)
        except UserError:
            continue
        if values.size > 1 and not gone.any() and values[0] >= 0 and (np.diff(values) > 0).all():
            return name
    listed = _listed(list(table.columns))
    raise UserError(table.source, f"no column of {listed} is a clock", "say which: --t NAME")


def _unknown(table: Table, where: str, name: str, names: list[str]) -> UserError:
    what = f"{short(table.source)} has no column '{short(name)}'"
    return UserError(where, what, f"it has {_listed(names)}")


def _listed(names: list[str]) -> str:
    some = ", ".join(short(name) for name in names[:MOST_TOLD])
    rest = len(names) - MOST_TOLD
    return f"{some} and {rest} more" if rest > 0 else some
