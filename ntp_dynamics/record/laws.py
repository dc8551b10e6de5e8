"""laws.nc: the curves of laws that have no closed form, on the grid that they were judged on.

A group a stage, with a variable a curve over (run,) clock, in the way of trajectory.nc.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Protocol

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.record.definition import (
    Attributes,
    DefinedGroup,
    DefinedVariable,
    Definition,
)

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


def laws_file(laws: Iterable[Curved]) -> Definition | None:
    """The file of the curves of all laws; None where there are none.  Runs that are not covered are
    nan."""
    stages: dict[str, Curves] = {}
    for law in laws:
        for name, values in law.curves.items():
            stages.setdefault(law.stage, Curves()).add(law, name, values)
    if not stages:
        return None
    root = DefinedGroup("/", (), (), ())
    groups = tuple(curves.defined(f"/{stage}") for stage, curves in sorted(stages.items()))
    values = [x for _, curves in sorted(stages.items()) for x in curves.values]
    return Definition((root, *groups), values)


def read_curve(
    laws: xarray.DataTree, stage: str, name: str, covered: Bool[np.ndarray, " S"]
) -> tuple[Float[np.ndarray, "N T"], Float[np.ndarray, " T"]]:
    """A curve for the covered runs, or one for all of them, and its grid.  Raises KeyError."""
    variable = laws.children[stage].dataset[name]
    t = variable[variable.dims[-1]].values.astype(float)
    return (variable.values[covered] if variable.ndim == 2 else variable.values[None]), t


class Curves:
    """Those of a stage, and the grids that they stand on, by name and in the order of the file:
    curves, then grids."""

    def __init__(self) -> None:
        self._curves: dict[str, DefinedVariable] = {}
        self._grids: dict[str, DefinedVariable] = {}
        self._values: dict[str, np.ndarray] = {}
        self._sizes: dict[str, int] = {}

    @property
    def values(self) -> list[np.ndarray]:
        return [self._values[name] for name in (*self._curves, *self._grids)]

    def defined(self, path: str) -> DefinedGroup:
        """The group of the file."""
        variables = (*self._curves.values(), *self._grids.values())
        return DefinedGroup(path, tuple(self._sizes.items()), (), variables)

    def add(self, law: Curved, name: str, values: Float[np.ndarray, "N T"]) -> None:
        """A curve of a law, for the runs that it covers or one for all."""
        assert law.t is not None, "a curve has a grid"
        axis = self._axis(law.clock, law.t)
        said = (("long_name", "str", f"law of {law.key}"), ("source", "str", law.source))
        if len(values) == 1:
            full = np.array(np.broadcast_to(values[0], law.t.shape))
            self._curves[name] = self._variable(name, (axis,), full, said)
            return
        full = np.full((law.covered.size, law.t.size), np.nan)
        full[law.covered] = values
        self._curves[name] = self._variable(name, ("run", axis), full, said)

    def _axis(self, clock: str, t: Float[np.ndarray, " T"]) -> str:
        """The dimension of a grid, named after its clock; of other grids on that clock numbered."""
        for i in count(1):
            name = clock if i == 1 else f"{clock}_{i}"
            if name not in self._grids:
                grid = t.astype(np.int64) if (t == np.floor(t)).all() else t
                self._grids[name] = self._variable(name, (name,), grid)
            if np.array_equal(self._values[name], t):
                return name
        raise AssertionError

    def _variable(
        self, name: str, dims: tuple[str, ...], values: np.ndarray, said: Attributes = ()
    ) -> DefinedVariable:
        self._values[name] = values
        for dim, size in zip(dims, values.shape, strict=True):
            self._sizes.setdefault(dim, size)
        return DefinedVariable(name, values.dtype.str, dims, values.shape, said)
