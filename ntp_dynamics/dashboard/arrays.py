"""Recorded arrays that no view of the study draws, as plain data: a map that moves with the slider
for two axes, an axis against its clock for one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from einops import rearrange

from ntp_dynamics.dashboard.curves import finite, in_decades, is_profile
from ntp_dynamics.observe.quantity import quantity
from ntp_dynamics.record.plain import numbers, places, text

if TYPE_CHECKING:
    import xarray

AXIS = 40
"""Entries of an axis that a page shows."""
TIMES = 60
"""Places on its clock at which a page shows an array; of more, evenly chosen ones and the last."""
MOST = 12
"""Arrays of a phase that a page shows."""


def arrays(
    tree: xarray.DataTree, phase: str, run: int, drawn: Collection[str], said: str = "step"
) -> list[dict[str, Any]]:
    """The arrays of a phase in one run, by the clock that they were recorded on; without those that
    others have ``drawn``.  ``said``: what the clock of the phase is called."""
    data = tree.children[phase].dataset
    found: dict[str, list[str]] = {}
    for name, clock in list(_recorded(data, drawn))[:MOST]:
        found.setdefault(clock, []).append(name)
    shown = []
    for clock, names in found.items():
        t = data[clock].values.astype(float)
        kept = _chosen(len(t))
        maps = [_array(data, name, run, kept) for name in names]
        shown.append(
            {
                "stage": phase,
                "clock": text(said.replace("_", " ")),
                "checkpoints": places(t[kept]),
                "arrays": maps,
            }
        )
    return shown


def _recorded(data: xarray.Dataset, drawn: Collection[str]) -> Iterator[tuple[str, str]]:
    """Names and clocks of arrays with one or two axes of their own, images first."""
    names = [str(name) for name in data.data_vars if str(name) not in drawn]
    for name in sorted(names, key=lambda name: not quantity(data, name).image):
        dims = data[name].dims
        own = dims[:1] == ("run",) and len(dims) in (3, 4) and dims[1] in data.coords
        if own and data[name].size and not is_profile(data, name):
            yield name, str(dims[1])


def _chosen(n: int) -> list[int]:
    if n <= TIMES:
        return list(range(n))
    return sorted({round(i * (n - 1) / (TIMES - 1)) for i in range(TIMES)})


def _array(data: xarray.Dataset, name: str, run: int, kept: list[int]) -> dict[str, Any]:
    """One array at the chosen places.  With one axis of its own, that is ``rows`` and ``columns``
    is None."""
    variable, q = data[name], quantity(data, name)
    own = [str(dim) for dim in variable.dims[2:]]
    values = variable.values[run][kept]
    if values.ndim == 2:
        values = values[..., None]
    sizes = values.shape[1:]
    values = values[:, :AXIS, :AXIS]
    shown = in_decades(q, values) if q.log else finite(values)
    there = shown[np.isfinite(shown)]
    marks = [_marks(data, axis, n) for axis, n in zip(own, values.shape[1:], strict=False)]
    return {
        "name": text(name),
        "title": text(q.title),
        "unit": text(q.unit),
        "axes": [text(axis.replace("_", " ")) for axis in own],
        "rows": marks[0],
        "columns": marks[1] if len(marks) > 1 else None,
        "decades": q.log,
        "low": float(there.min()) if there.size else None,
        "high": float(there.max()) if there.size else None,
        "values": [numbers(rearrange(x, "a b -> (a b)"), 4) for x in shown],
        "left_out": [n - min(n, AXIS) for n in sizes[: len(own)]],
    }


def _marks(data: xarray.Dataset, axis: str, n: int) -> list[float] | list[str]:
    """What the entries of an axis are called: by the group's attribute `names_of_<axis>`, which
    lists them with commas between; else its coordinate, else 0, 1, ..."""
    said = str(data.attrs.get(f"names_of_{axis}", ""))
    names = said.split(", ") if said else []
    if len(names) == data.sizes[axis]:
        return [text(name) for name in names[:n]]
    known = axis in data.coords and data[axis].dtype.kind in "iuf"
    return places(data[axis].values[:n].astype(float)) if known else list(range(n))
