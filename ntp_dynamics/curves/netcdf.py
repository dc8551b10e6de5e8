"""netCDF files: every quantity along a coordinate, for one run or for many.

A variable ``log_x`` whose attribute ``log`` says that it is a natural log, as in the records of
this lab, is offered as ``x``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ntp_dynamics.curves.names import CLOCKS
from ntp_dynamics.curves.table import Column, Table
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.hdf5 import reading

CURE = "store y along a coordinate that has its own variable, as step(step)"
LOG = "log_"


def read_netcdf(path: Path) -> Table:
    """The quantities of all groups, each with its own clock.  Raises UserError."""
    columns: dict[str, Column] = {}
    notes: list[str] = []
    try:
        with reading(path) as file:
            for group, prefix in _groups(file, ""):
                for name, column in _columns(group, notes):
                    columns[prefix + name] = column
    except (OSError, RuntimeError, ValueError) as error:
        what = "it is damaged or no netCDF file"
        raise UserError(path.name, what, "write it again") from error
    if not columns:
        raise UserError(path.name, "no variable stands along a clock", CURE)
    return Table(path.name, columns, tuple(notes))


def _groups(group: Any, prefix: str) -> Iterator[tuple[Any, str]]:
    yield group, prefix
    for name, inner in group.groups.items():
        yield from _groups(inner, f"{prefix}{name}/")


def _columns(group: Any, notes: list[str]) -> Iterator[tuple[str, Column]]:
    """Variables along a coordinate of the group, runs across the other dimension."""
    clocks = {
        name: np.ma.filled(variable[:].astype(float), np.nan)
        for name, variable in group.variables.items()
        if variable.dimensions == (name,) and np.dtype(variable.dtype).kind in "iuf"
    }
    known = sorted(clocks, key=lambda name: CLOCKS.index(name) if name in CLOCKS else len(CLOCKS))
    for name, variable in group.variables.items():
        if name in clocks or np.dtype(variable.dtype).kind not in "iuf":
            continue
        dims = variable.dimensions
        clock = next((clock for clock in known if clock in dims), None)
        if clock is None or len(dims) > 2:
            continue
        values = variable[:]
        if dims[0] != clock:
            values = values.T
        short, is_log = _unlogged(name, variable)
        if is_log:
            with np.errstate(under="ignore"):
                lost = values < np.log(np.finfo(float).tiny)
                values = np.exp(values)
            if np.ma.filled(lost, False).any():
                notes.append(f"{short} goes below the smallest number: 0 there")
        yield short, Column(values, clocks[clock], clock)


def _unlogged(name: str, variable: Any) -> tuple[str, bool]:
    """What the quantity is called, and whether its log was recorded."""
    is_log = bool(getattr(variable, "log", 0))
    return (name.removeprefix(LOG), True) if is_log else (name, False)
