"""Claims held against a record."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.config import Stage
from ntp_dynamics.lab.claim import Claim
from ntp_dynamics.lab.judge import inapplicable
from ntp_dynamics.lab.verdict import FORMAT, Verdict
from ntp_dynamics.lab.written import TERMS, Written, write_down
from ntp_dynamics.theory import asymptotics, huang2024
from ntp_dynamics.theory.constants import Constants

if TYPE_CHECKING:
    import xarray

CLAIMS = [*huang2024.CLAIMS, *asymptotics.CLAIMS]


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
    tree: xarray.DataTree, constants: Constants, claims: Iterable[Claim] = CLAIMS
) -> list[Judged]:
    """A verdict on every claim; one about a stage that was not trained does not apply."""
    return [
        Judged(claim, _judge(claim, tree, constants), _written(claim, tree, constants))
        for claim in claims
    ]


def laws_of(judged: Iterable[Judged]) -> list[Written]:
    """The laws that were judged."""
    return [j.written for j in judged if j.written is not None]


def observed_steps(tree: xarray.DataTree, stage: str) -> Int[np.ndarray, " T"]:
    """The recorded steps from step 1 on (at step 0 zero weights have no direction)."""
    steps = _values(tree, stage, "step")
    return steps[steps >= 1]


def observed(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, "S T"]:
    """A recorded scalar at these steps."""
    return _values(tree, stage, name)[:, _values(tree, stage, "step") >= 1]


def log_observed(tree: xarray.DataTree, stage: str, name: str) -> Float[np.ndarray, "S T"]:
    """Its natural log; observables named log_* are logs already.  Not positive gives -inf."""
    values = observed(tree, stage, name)
    if name.startswith("log_"):
        return values
    with np.errstate(divide="ignore"):
        return np.log(np.maximum(values, 0.0))


def recorded_for_laws(tree: xarray.DataTree) -> Mapping[str, np.ndarray]:
    """What laws and hypotheses of the attention stage refer to: (S, T), logits (S, V, V)."""
    if Stage.attention not in tree:
        return {}
    return {
        "attention_mass_min": observed(tree, Stage.attention, "attention_mass_min"),
        "logits": _values(tree, Stage.attention, "logits"),
    }


def _values(tree: xarray.DataTree, stage: str, name: str) -> np.ndarray:
    """A variable as it is stored: labels are of no use here and take half the time of a verdict."""
    return tree.children[stage].variables[name].values


def _judge(claim: Claim, tree: xarray.DataTree, constants: Constants) -> Verdict:
    stage = Stage(claim.stage)
    if stage not in tree:
        return claim.judge([1], np.zeros((tree.sizes["run"], 1)), constants, beyond=False)
    if claim.observable not in tree.children[stage].variables:  # a record of an earlier version
        runs = tree.sizes["run"]
        return inapplicable(runs, ((f"{claim.observable} was not recorded", runs),), claim.about)
    steps = observed_steps(tree, stage)
    return claim.judge(
        steps,
        log_observed(tree, stage, claim.observable),
        constants,
        residual=observed(tree, stage, "zero_sum_residual"),
        log_floor=log_floor(claim.observable, int(steps[-1])),
        values=observed(tree, stage, claim.observable),
    )


def _written(claim: Claim, tree: xarray.DataTree, constants: Constants) -> Written | None:
    if claim.stage not in tree or claim.observable not in tree.children[claim.stage].variables:
        return None
    steps = observed_steps(tree, claim.stage).astype(float)
    return write_down(claim, constants, steps, tree.sizes["run"])


def log_floor(name: str, horizon: int) -> float | None:
    """Log of the rounding floor of an observable after so many steps, None where there is none.

    1 - cos as half a squared distance of unit matrices is good to eps^2; every step rounds the
    weights once more, in random directions, so that after t steps eps^2 t is left.
    """
    if not name.startswith("direction_gap"):
        return None
    return math.log(np.finfo(float).eps ** 2 * max(horizon, 1))
