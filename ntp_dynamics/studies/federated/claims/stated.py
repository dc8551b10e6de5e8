"""A claim of this study: an observable of a phase against what a job's problem knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated import law
from ntp_dynamics.studies.federated.config import (
    COPIES,
    LARGEST,
    Method,
    Replace,
    ScheduleName,
    Task,
)
from ntp_dynamics.studies.federated.problem import FederatedProblem
from ntp_dynamics.studies.federated.theory.stability import Smoothness
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

if TYPE_CHECKING:
    import xarray

DERIVED = "derived"
Rounds = Float[np.ndarray, " T"]


@dataclass(frozen=True)
class Known:
    """What laws and hypotheses are made of."""

    problem: FederatedProblem
    tree: xarray.DataTree

    @property
    def config(self) -> Any:
        """Of the job."""
        return self.problem.config

    def lipschitz(self, stage: str) -> float:
        """L of the copies of a task, within the radius of all runs."""
        return self.smoothness(stage).lipschitz

    def smoothness(self, stage: str) -> Smoothness:
        """L, beta and kappa there."""
        radius = float(self.tree[stage].dataset["radius"].values.max())
        return law.smoothness(self.problem, Task(stage.removesuffix(COPIES)), radius)

    def distance(self, stage: str, t: Rounds) -> Rounds:
        """The mean of |w - w'| over runs that was recorded."""
        recorded = self.tree[stage].dataset["log_model_distance"]
        rounds = recorded[str(recorded.dims[1])].values
        return np.interp(t, rounds, np.exp(recorded.values).mean(axis=0))


def due(t: Rounds) -> tuple[int, ...]:
    """Rounds, by which curves are kept."""
    return tuple(np.round(t).astype(int).tolist())


def _config(name: str, check: Callable[[Any], bool], failure: str) -> Precondition:
    return Precondition(name, lambda k: check(k.config), failure)


SMALL = _config(f"d <= {LARGEST}", lambda c: c.dim <= LARGEST, "no exact moments are carried")
TOGETHER = _config("no lags", lambda c: c.staleness == 0, "clients are late")
LATE = _config("lags", lambda c: c.staleness > 0, "no client is late")
HALF = Precondition(
    "eta <= eta_ms/2",
    lambda k: not k.problem.exact or k.problem.radii[1] < 1,
    "eta is above half the mean-square limit: rare runs rule the mean",
)
CONSTANT = _config(
    "constant eta",
    lambda c: c.schedule in (ScheduleName.constant, ScheduleName.horizon),
    "the step size changes",
)
ESTIMATES = _config("two-point estimates", lambda c: c.method is Method.fedzo, "true gradients")
LITTLE = _config("mu <= .01", lambda c: c.smoothing <= 0.01, "smoothing adds to the second moment")
SAME = _config(
    "same-client z'", lambda c: c.copies.replace is Replace.same, "z' is of another client"
)
STABLE = _config(
    "stable differences", lambda c: c.difference == "stable", "naive differences round"
)
NO_NOISE = _config("no noise", lambda c: c.noise.size == 0, "noise has no largest slope")


def stated(
    identity: str,
    version: str,
    statement: str,
    stage: str,
    observable: str,
    made: Callable[[Any], Law],
    *hypotheses: Precondition,
    **more: Any,
) -> Claim:
    """A claim about a phase in its rounds; ``more`` are other fields."""
    fields = {"source": DERIVED, "kind": "derived", "clock": "round", "about": "ensemble"}
    return Claim(
        id=identity,
        version=version,
        statement=statement,
        stage=str(stage),
        observable=observable,
        law=made,
        preconditions=hypotheses,
        **{**fields, **more},
    )


def along(
    axis: str,
    identity: str,
    statement: str,
    stage: str,
    observable: str,
    made: Callable[[Any], Law],
    *hypotheses: Precondition,
    version: str = "quadratic",
    **more: Any,
) -> Claim:
    """A claim about every place of an axis; evaluated unless ``more`` says otherwise."""
    fields = {"clock": axis, "timeless": True, "tight": True, "evaluated": True, "about": "run"}
    return stated(
        identity, version, statement, stage, observable, made, *hypotheses, **{**fields, **more}
    )
