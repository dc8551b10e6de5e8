"""Claims held against a record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.quantity import quantity
from ntp_dynamics.record.written import TERMS, Written, write_down
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.judge import inapplicable
from ntp_dynamics.verdict.verdict import FORMAT, Verdict

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Judged:
    """A claim, its verdict, and the law as it was judged (None: nothing was recorded to judge)."""

    claim: Claim
    verdict: Verdict
    written: Written | None = None

    def to_json(self) -> dict[str, Any]:
        claim = self.claim
        fields = ("id", "version", "statement", "source", "stage", "observable", "kind", "about")
        said = {name: str(getattr(claim, name)) for name in fields}
        terms = None if self.written is None else self.written.to_json()
        return {**said, **self.verdict.to_json(), TERMS: terms}


def verdicts_file(claims: list[dict[str, Any]]) -> dict[str, Any]:
    """What verdicts.json holds."""
    return {"format": FORMAT, "claims": claims}


def judge_claims(
    tree: xarray.DataTree, constants: Any, claims: Iterable[Claim], residual: str | None = None
) -> list[Judged]:
    """A verdict on every claim; one about a phase that was not trained does not apply.

    ``residual`` names the scalar up to which a run counts (`Study.residual`).
    """
    return [
        Judged(claim, _judge(claim, tree, constants, residual), _written(claim, tree, constants))
        for claim in claims
    ]


def laws_of(judged: Iterable[Judged]) -> list[Written]:
    """The laws that were judged."""
    return [j.written for j in judged if j.written is not None]


def observed_steps(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, " T"]:
    """Where a scalar was recorded on its clock, from after the start on (at step 0 zero weights
    have no direction)."""
    t = _clock(tree, stage, name)
    return t[t > 0]


def observed(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, "S T"]:
    """A recorded scalar there."""
    return _values(tree, stage, name)[:, _clock(tree, stage, name) > 0]


def log_observed(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, "S T"]:
    """Its natural log.  Not positive gives -inf."""
    return quantity(tree.children[stage], name).logs(observed(tree, stage, name))


def series(
    tree: xarray.DataTree, claim: Claim, constants: Any
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "S T"]]:
    """What a claim is about: its places, and what was recorded there.

    Along an axis of the observable's own it is what was recorded last, where the claim speaks of
    it; the places are the coordinate of that axis, or 1, 2, ... where those are no numbers that
    rise from above 0.
    """
    stage = str(claim.stage)
    variable = tree.children[stage].variables[claim.observable]
    dims = [str(dim) for dim in variable.dims]
    if claim.clock not in dims[2:]:
        t = observed_steps(tree, stage, claim.observable)
        return t, observed(tree, stage, claim.observable)
    last = np.moveaxis(variable.values[:, -1], dims.index(claim.clock) - 1, -1)
    there = tree.children[stage].variables.get(claim.clock)
    t = np.arange(1.0, last.shape[-1] + 1)
    if there is not None and there.values.dtype.kind in "iuf":
        values = there.values.astype(float)
        t = values if (np.diff(values) > 0).all() and (values > 0).all() else t
    kept = np.ones(len(t), dtype=bool) if claim.places is None else claim.places(constants)
    return t[kept], last[:, kept]


def _clock(tree: xarray.DataTree, stage: str, name: str) -> np.ndarray:
    group = tree.children[stage].variables
    return group[str(group[name].dims[1])].values


def _values(tree: xarray.DataTree, stage: str, name: str) -> np.ndarray:
    """A variable as it is stored: labels are of no use here and take half the time of a verdict."""
    return tree.children[stage].variables[name].values


def _judge(claim: Claim, tree: xarray.DataTree, constants: Any, residual: str | None) -> Verdict:
    stage, runs = str(claim.stage), tree.sizes["run"]
    if stage not in tree:
        return claim.judge([1], np.zeros((runs, 1)), constants, beyond=False)
    there = tree.children[stage].variables
    if claim.observable not in there:  # a record of an earlier version
        return inapplicable(runs, ((f"{claim.observable} was not recorded", runs),), claim.about)
    t, values = series(tree, claim, constants)
    told = quantity(tree.children[stage], claim.observable)
    trusted = residual in there and there[residual].dims == there[claim.observable].dims
    return claim.judge(
        t,
        told.logs(values),
        constants,
        residual=observed(tree, stage, str(residual)) if trusted else None,
        log_floor=told.log_floor(t[-1]),
        values=values,
    )


def _written(claim: Claim, tree: xarray.DataTree, constants: Any) -> Written | None:
    if claim.stage not in tree or claim.observable not in tree.children[claim.stage].variables:
        return None
    t, _ = series(tree, claim, constants)
    return write_down(claim, constants, t.astype(float), tree.sizes["run"])
