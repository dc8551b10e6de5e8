"""laws.nc: the curves of laws that have no closed form, on the grid that they were judged on.

A group a stage, with a variable a curve over (run,) clock, in the way of trajectory.nc.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Protocol

import numpy as np
from jaxtyping import Bool, Float

if TYPE_CHECKING:
    import xarray

LAWS = "laws.nc"


class Curved(Protocol):
    """A law with curves, of the runs that it covers."""

    @property
    def stage(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def clock(self) -> str: ...
    @property
    def covered(self) -> Bool[np.ndarray, " S"]: ...
    @property
    def t(self) -> Float[np.ndarray, " T"] | None: ...
    @property
    def curves(self) -> dict[str, Float[np.ndarray, "N T"]]: ...


def laws_tree(laws: Iterable[Curved]) -> xarray.DataTree | None:
    """The curves of all laws; None where there are none.  Runs that are not covered are nan."""
    groups: dict[str, dict[str, xarray.Variable]] = {}
    for law in laws:
        for name, values in law.curves.items():
            _add(groups.setdefault(law.stage, {}), law, name, values)
    if not groups:
        return None
    import xarray

    return xarray.DataTree.from_dict({k: xarray.Dataset(v) for k, v in sorted(groups.items())})


def read_curve(
    laws: xarray.DataTree, stage: str, name: str, covered: Bool[np.ndarray, " S"]
) -> tuple[Float[np.ndarray, "N T"], Float[np.ndarray, " T"]]:
    """A curve for the covered runs, or one for all of them, and its grid.  Raises KeyError."""
    variable = laws.children[stage].dataset[name]
    t = variable[variable.dims[-1]].values.astype(float)
    return (variable.values[covered] if variable.ndim == 2 else variable.values[None]), t


def _add(
    group: dict[str, xarray.Variable], law: Curved, name: str, values: Float[np.ndarray, "N T"]
) -> None:
    import xarray

    assert law.t is not None, "a curve has a grid"
    axis = _axis(group, law.clock, law.t)
    said = {"long_name": f"law of {law.key}", "source": law.source}
    if len(values) == 1:
        full = np.broadcast_to(values[0], law.t.shape)
        group[name] = xarray.Variable((axis,), np.array(full), said)
        return
    full = np.full((law.covered.size, law.t.size), np.nan)
    full[law.covered] = values
    group[name] = xarray.Variable(("run", axis), full, said)


def _axis(group: dict[str, xarray.Variable], clock: str, t: Float[np.ndarray, " T"]) -> str:
    """The dimension of a grid, named after its clock; of other grids on that clock numbered."""
    import xarray

    for i in count(1):
        name = clock if i == 1 else f"{clock}_{i}"
        if name not in group:
            grid = t.astype(np.int64) if (t == np.floor(t)).all() else t
            group[name] = xarray.Variable((name,), grid)
        if np.array_equal(group[name].values, t):
            return name
    raise AssertionError
