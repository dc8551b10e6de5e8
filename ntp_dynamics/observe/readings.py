"""What a record holds of a claim's observable, read once for all claims about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.quantity import Quantity, quantity
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.series import Series, series_of

if TYPE_CHECKING:
    import xarray

Variables = Mapping[Any, "xarray.Variable"]
Placed = tuple[Float[np.ndarray, " T"], Float[np.ndarray, "S T"]]


class Readings:
    """The scalars and arrays of a record, as stored: labels are of no use here, and cost more than
    a verdict.

    ``residual`` names the scalar up to which a run counts (`Study.residual`).
    """

    def __init__(self, tree: xarray.DataTree, residual: str | None = None):
        self.runs = int(tree.sizes["run"])
        self._tree, self._residual = tree, residual
        self._stages: dict[str, Variables | None] = {}
        self._later: dict[tuple[str, str], tuple[np.ndarray, Float[np.ndarray, " T"]]] = {}
        self._placed: dict[tuple[str, str], Placed] = {}
        self._series: dict[tuple[Any, ...], Series] = {}

    def stage(self, name: str) -> Variables | None:
        """The variables of a stage; None where it was not trained."""
        if name not in self._stages:
            there = name in self._tree.children
            self._stages[name] = dict(self._tree.children[name].variables) if there else None
        return self._stages[name]

    def holds(self, claim: Claim) -> bool:
        """Whether the observable of a claim was recorded."""
        stage = self.stage(str(claim.stage))
        return stage is not None and claim.observable in stage

    def quantity(self, claim: Claim) -> Quantity:
        """What its observable means."""
        return Quantity(claim.observable, self._variable(claim.stage, claim.observable).attrs)

    def placed(self, claim: Claim, constants: Any) -> Placed:
        """What a claim is about: its places, and what was recorded there.

        Along an axis of the observable's own it is what was recorded last, where the claim speaks
        of it; the places are the coordinate of that axis, or 1, 2, ... where those are no numbers
        that rise from above 0.
        """
        stage, name = str(claim.stage), claim.observable
        variable = self._variable(stage, name)
        dims = [str(dim) for dim in variable.dims]
        if claim.clock not in dims[2:]:
            return self._on_clock(stage, name)
        last = np.moveaxis(variable.values[:, -1], dims.index(claim.clock) - 1, -1)
        there = (self.stage(stage) or {}).get(claim.clock)
        t = np.arange(1.0, last.shape[-1] + 1)
        if there is not None and there.values.dtype.kind in "iuf":
            values = there.values.astype(float)
            t = values if (np.diff(values) > 0).all() and (values > 0).all() else t
        kept = np.ones(len(t), dtype=bool) if claim.places is None else claim.places(constants)
        return t[kept], last[:, kept]

    def series(self, claim: Claim, constants: Any, logs: bool) -> Series:
        """The series that its law is about: natural logs, or values."""
        key = (str(claim.stage), claim.observable, claim.clock, id(claim.places), logs)
        if key not in self._series:
            self._series[key] = self._make_series(claim, constants, logs)
        return self._series[key]

    def _make_series(self, claim: Claim, constants: Any, logs: bool) -> Series:
        stage, name, residual = str(claim.stage), claim.observable, self._residual
        t, values = self.placed(claim, constants)
        there = self.stage(stage) or {}
        trusted = residual in there and there[residual].dims == there[name].dims
        return series_of(
            t,
            self.quantity(claim).logs(values) if logs else values,
            self._on_clock(stage, str(residual))[1] if trusted else None,
        )

    def _on_clock(self, stage: str, name: str) -> Placed:
        """A scalar from after the start on: at step 0 zero weights have no direction."""
        if (stage, name) not in self._placed:
            variable = self._variable(stage, name)
            clock = str(variable.dims[1])
            if (stage, clock) not in self._later:
                places = self._variable(stage, clock).values
                later = np.flatnonzero(places > 0)
                self._later[stage, clock] = later, places[later].astype(float)
            later, t = self._later[stage, clock]
            self._placed[stage, name] = t, variable.values.take(later, axis=1)
        return self._placed[stage, name]

    def _variable(self, stage: str, name: str) -> xarray.Variable:
        variables = self.stage(str(stage))
        assert variables is not None
        return variables[name]


def observed_steps(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, " T"]:
    """Where a scalar was recorded on its clock, from after the start on."""
    t = _clock(tree, stage, name)
    return t[t > 0]


def observed(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, "S T"]:
    """A recorded scalar there."""
    values = tree.children[stage].variables[name].values
    return values[:, _clock(tree, stage, name) > 0]


def log_observed(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, "S T"]:
    """Its natural log.  Not positive gives -inf."""
    return quantity(tree.children[stage], name).logs(observed(tree, stage, name))


def _clock(tree: xarray.DataTree, stage: str, name: str) -> np.ndarray:
    group = tree.children[stage].variables
    return group[str(group[name].dims[1])].values
