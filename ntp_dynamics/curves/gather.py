"""Columns, files and groups of rows, each a run, made into one curve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np

from ntp_dynamics.curves.choice import Choice, choose
from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.curves.read import read
from ntp_dynamics.curves.rows import Series, ordered
from ntp_dynamics.curves.table import Column, Table
from ntp_dynamics.system.errors import UserError, short

MOST_NAMED = 3
NO_ROWS = "log more, or choose another --column"


@dataclass(frozen=True)
class Asked:
    """What to read as a curve.

    ``t``: the column of the clock; ``columns``: y, by names or patterns, one a run; ``by``: the
    column that tells the runs of a long table apart; ``clock``: what t is called; ``bounds``:
    columns of bounds that go with y.
    """

    t: str | None = None
    columns: tuple[str, ...] = ()
    by: str | None = None
    clock: str | None = None
    bounds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Run:
    """One run as it was read."""

    name: str
    series: Series


def read_curve(paths: Sequence[Path], asked: Asked = Asked()) -> tuple[Curve, Choice]:
    """The runs of these files at the places that they have in common, and which columns they are.

    Raises UserError.
    """
    tables = [table for path in paths for table in read(path)]
    choices = [choose(table, asked.t, asked.columns, _beside(asked)) for table in tables]
    clock = asked.clock or choices[0].clock
    runs = [
        run
        for number, (table, choice) in enumerate(zip(tables, choices, strict=True))
        for run in _runs(table, choice, asked, clock, _label(tables, number))
    ]
    notes = [f"{table.source}: {note}" if len(tables) > 1 else note
             for table in tables for note in table.notes]  # fmt: skip
    t, values, more = _common(runs, clock)
    if clock == "step" and (t % 1 != 0).any():
        clock = "t"  # a step is a whole number
    y = choices[0].y
    curve = Curve(
        t,
        values[:, 0],
        y[0] if len(y) == 1 else _stem(y),
        clock,
        tuple(run.name for run in runs),
        _source(paths),
        (*notes, *more),
        {name: values[:, 1 + i] for i, name in enumerate(asked.bounds)},
        _reading(paths, asked),
    )
    return curve, choices[0]


def _beside(asked: Asked) -> tuple[str, ...]:
    return (*asked.bounds, *([asked.by] if asked.by else []))


def _names(paths: Sequence[Path]) -> list[str]:
    return [path.name or path.resolve().name for path in paths]


def _reading(paths: Sequence[Path], asked: Asked) -> tuple[str, ...]:
    """What is written after ``ntp-judge`` to read the same again."""
    said = [("--t", asked.t), *(("--column", name) for name in asked.columns)]
    said += [("--by", asked.by), ("--clock", asked.clock)]
    return (*_names(paths), *(word for option, x in said if x is not None for word in (option, x)))


def _source(paths: Sequence[Path]) -> str:
    names = _names(paths)
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more files"


def _stem(names: Sequence[str]) -> str:
    """What the names of columns have in common at their start."""
    shared = next((i for i, c in enumerate(zip(*names, strict=False)) if len(set(c)) > 1), None)
    return names[0][:shared].rstrip("_-/. ") or "y"


def _label(tables: list[Table], number: int) -> str:
    """The name of a table among several; nothing for one that is alone."""
    if len(tables) == 1:
        return ""
    name = tables[number].source
    same = [i for i, table in enumerate(tables) if table.source == name]
    return name if len(same) == 1 else f"{name} ({same.index(number) + 1})"


def _runs(table: Table, choice: Choice, asked: Asked, clock: str, label: str) -> Iterator[Run]:
    """The runs of one table: a column each, runs side by side, groups of rows."""
    for name in choice.y:
        column = table.columns[name]
        of_column = name if len(choice.y) > 1 else ""
        for own, single in _singles(column):
            words = [label, of_column, own]
            places = _places(table, choice, single, name)
            groups = _groups(table, asked.by, len(places))
            for group, rows in groups:
                title = " ".join(word for word in [*words, group] if word)
                where = f"{table.source} ({group})" if group else table.source
                series = _series(table, single, name, places, rows, asked.bounds, clock, where)
                yield Run(title or table.source, series)


def _singles(column: Column) -> Iterator[tuple[str, Column]]:
    if not column.runs:
        yield "", column
    for number in range(column.runs):
        yield f"run {number}", column.run(number)


def _places(table: Table, choice: Choice, column: Column, name: str) -> np.ndarray:
    """The clock at every row; nan where it is missing."""
    if choice.t is None:
        if column.own is None:
            raise UserError(table.source, f"{name} has no clock of its own", "say which: --t NAME")
        return column.own
    clock = table.columns[choice.t]
    if clock.runs:
        raise UserError("--t", f"{choice.t} holds several runs side by side", "choose another")
    places, gone = clock.numbers(table.source, choice.t)
    if len(places) != len(column.cells):
        what = f"{choice.t} has {len(places)} places and {name} {len(column.cells)} values"
        raise UserError(table.source, what, "choose columns that go together")
    return np.where(gone, -np.inf, places)  # told from a place that is written nan


def _groups(table: Table, by: str | None, size: int) -> list[tuple[str, np.ndarray]]:
    if by is None:
        return [("", np.arange(size))]
    if by not in table.columns:
        listed = ", ".join(map(short, list(table.columns)[:8]))
        raise UserError("--by", f"{table.source} has no column '{short(by)}'", f"it has {listed}")
    cells = [str(cell).strip() for cell in table.columns[by].cells]
    if len(cells) != size:
        raise UserError("--by", f"{by} does not go with y row by row", "choose another column")
    rows: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        rows.setdefault(cell, []).append(row)
    return [(f"{by} {cell}", np.array(found)) for cell, found in rows.items()]


def _series(
    table: Table,
    column: Column,
    name: str,
    places: np.ndarray,
    rows: np.ndarray,
    bounds: Sequence[str],
    clock: str,
    where: str,
) -> Series:
    read_columns = [column.numbers(table.source, name)]
    for bound in bounds:
        if bound not in table.columns:
            raise UserError("--envelope", f"{table.source} has no column '{short(bound)}'",
                            f"it has {', '.join(map(short, list(table.columns)[:8]))}")  # fmt: skip
        read_columns.append(table.columns[bound].numbers(table.source, bound))
    if any(len(values) != len(places) for values, _ in read_columns):
        raise UserError("--envelope", "it does not go with y row by row", "choose another column")
    values = np.stack([values for values, _ in read_columns])[:, rows]
    gone = np.any([gone for _, gone in read_columns], axis=0)[rows]
    places = places[rows]
    gone |= places == -np.inf
    found = ordered(places[~gone], values[:, ~gone], clock, where)
    if not found.t.size:
        raise UserError(where, f"no row has both a positive {clock} and {name}", NO_ROWS)
    if found.t.size == 1:
        raise UserError(where, "a single row is no curve", NO_ROWS)
    # Only some rows of a log have each quantity: that is no news unless few are without.
    few = 0 < gone.sum() < 0.1 * gone.size
    note = (f"{gone.sum()} rows without {name} are left out",) if few else ()
    return replace(found, notes=(*note, *found.notes))


def _common(runs: list[Run], clock: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Places that all runs have, values (S, K, T) there, and what that leaves out."""
    notes = []
    told = Counter(note for run in runs for note in run.series.notes)
    for note, times in told.items():
        who = next(run.name for run in runs if note in run.series.notes)
        several = "" if times == len(runs) else f"{short(who)}: "
        more = f" (and in {times - 1} more runs)" if several and times > 1 else ""
        notes.append(f"{several}{note}{more}")
    grids = [run.series.t for run in runs]
    if all(np.array_equal(grid, grids[0]) for grid in grids[1:]):
        return grids[0], np.stack([run.series.values for run in runs]), notes
    t = reduce(np.intersect1d, grids)
    if t.size < 2:
        what = f"the runs have {t.size or 'no'} places of {clock} in common"
        raise UserError(clock, what, "judge them one by one")
    ends = np.array([grid[-1] for grid in grids])
    if (ends < ends.max()).any():
        shortest = int(ends.argmin())
        name = short(runs[shortest].name)
        notes.append(f"{name} ends at {clock} {ends.min():g}, the longest at {ends.max():g}")
    most = max(grid.size for grid in grids)
    notes.append(f"the runs have {t.size} places of {clock} in common, of up to {most}")
    values = [run.series.values[:, np.searchsorted(run.series.t, t)] for run in runs]
    return t, np.stack(values), notes
