"""Everything the study claims.

All claims are derived here and verified against golden results, but for what a source says
otherwise.  The theorems of Chen et al. (2023) and of Fang et al. themselves are reported, not read,
and are judged nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated import evaluated, law
from ntp_dynamics.studies.federated.config import (
    COPIES,
    Method,
    PhaseName,
    Replace,
    ScheduleName,
    Task,
)
from ntp_dynamics.studies.federated.problem import LARGEST, FederatedProblem
from ntp_dynamics.studies.federated.theory.stability import Smoothness
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

if TYPE_CHECKING:
    import xarray

DERIVED = "derived"
SONG = "derived (contains Song et al. 2026, Theorem 1)"
STANDARD = "derived (symmetrisation; standard)"
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


def _rates(task: Task) -> Precondition:
    return Precondition(
        "c > 1/2, decaying eta",
        lambda k: law.has_rate(k.problem, task),
        "no 1/t law holds for this schedule",
    )


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


def _exact_excess(k: Known) -> Law:
    return Law.mean_equals(lambda t: np.log(k.problem.exact_excess(due(t))))


def _smoothing(k: Known) -> Law:
    value, share, rounding = law.smoothing_floor(k.problem)
    return Law.value(value, share, absolute=rounding)


def _rate(task: Task) -> Claim:
    source = DERIVED if task is Task.quadratic else "derived (asymptotic; noise and Hessian at w*)"
    return stated(
        "fz.rate",
        task,
        "(t + t0) E[F_S - F*] -> C for eta_t = c/(H l_min (t + t0))",
        task,
        "log_excess",
        lambda k: Law.mean_equals(lambda t: np.log(law.rate(k.problem, task) / t)),
        _rates(task),
        LITTLE,
        STABLE,
        source=source,
        tight=True,
        offset=lambda k: k.config.t0,
        t_min=lambda k: law.rate_holds_from(k.problem, task),
    )


def _of_lipschitz(task: Task) -> list[Claim]:
    """Claims about the copies of a task with bounded slopes."""
    stage = f"{task}{COPIES}"

    def any_loss(k: Known) -> Law:
        bounds, eta = k.smoothness(stage), k.config.copies.step_size
        return Law.envelope(lambda t: bounds.any_loss(t, eta))

    def convex(k: Known) -> Law:
        bounds, eta = k.smoothness(stage), k.config.copies.step_size
        return Law.envelope(lambda t: bounds.convex(t, eta))

    def gap(k: Known) -> Law:
        """On logs a gap below zero counts as zero, which only raises the mean."""
        return Law.envelope(lambda t: np.log(k.lipschitz(stage) * k.distance(stage, t)))

    found = [
        stated(
            "fz.stability.nonconvex",
            task,
            "E|w - w'| <= (2 L/(n N beta)) expm1(H t log1p(eta beta kappa))",
            stage,
            "log_model_distance",
            any_loss,
            SAME,
            NO_NOISE,
            constant=0.0,
        ),
        stated(
            "fz.gap",
            task,
            "E[F - F_S] <= L E|w - w'|",
            stage,
            "generalisation_gap",
            gap,
            SAME,
            NO_NOISE,
            source=STANDARD,
            constant=0.0,
        ),
    ]
    if task is Task.logistic:
        found.append(
            stated(
                "fz.stability.convex",
                task,
                "E|w - w'| <= 2 L kappa eta H t/(n N)",
                stage,
                "log_model_distance",
                convex,
                SAME,
                NO_NOISE,
                Precondition(
                    "eta <= 2/(beta kappa^2)",
                    lambda k: law.contracts(k.problem, task),
                    "a step may take copies apart",
                ),
                constant=0.0,
            )
        )
    return found


def _scale(task: Task) -> Claim:
    return along(
        "n",
        "fz.stability.scale",
        "E|w - w'| n N is the same for every n, within 20 %",
        f"{task}{COPIES}",
        "collapse",
        lambda k: Law.mean_value(1.0, tolerance=0.2),
        version=task,
        about="ensemble",
        evaluated=False,
        tight=False,
    )


QUADRATIC, QUADRATIC_COPIES = Task.quadratic, f"{Task.quadratic}{COPIES}"
CLAIMS: Sequence[Claim] = [
    along(
        "b2",
        "fz.kappa",
        "E|ghat|^2 = kappa^2 |g_B|^2, kappa^2 = 1 + (d-1)/b2 (Gaussian: d+1), for mu -> 0",
        PhaseName.estimator,
        "ratio_by_directions",
        lambda k: Law.mean_value(law.ratios(k.problem)),
        ESTIMATES,
        LITTLE,
        STABLE,
        version="estimates",
        about="ensemble",
        evaluated=False,
    ),
    stated(
        "fz.moments",
        "quadratic",
        "E[F_S - F*] is that of the exact recursion of second moments",
        QUADRATIC,
        "log_excess",
        _exact_excess,
        SMALL,
        TOGETHER,
        HALF,
        tight=True,
    ),
    stated(
        "fz.moments.async",
        "quadratic",
        "E[F_S - F*] is that of the exact recursion with the moments of all lags",
        QUADRATIC,
        "log_excess",
        _exact_excess,
        SMALL,
        LATE,
        HALF,
        tight=True,
    ),
    along(
        "b2_limit",
        "fz.limit",
        "the mean square is bounded iff eta < eta_ms: sum c' eta l_j/(2 - a' eta l_j) = 1",
        PhaseName.limit,
        "ms_limit",
        lambda k: Law.value(evaluated.limit_formula(k.problem), 1e-9),
        SMALL,
        source=SONG,
    ),
    _rate(Task.quadratic),
    _rate(Task.logistic),
    stated(
        "fz.floor",
        "quadratic",
        "E[F_S - F*] comes to rest at the solution of a linear system",
        QUADRATIC,
        "log_excess",
        lambda k: Law.mean_equals(float(np.log(law.floor(k.problem)))),
        SMALL,
        TOGETHER,
        CONSTANT,
        HALF,
        tight=True,
        t_min=lambda k: law.floor_holds_from(k.problem),
    ),
    *_of_lipschitz(Task.logistic),
    *_of_lipschitz(Task.sigmoid),
    stated(
        "fz.stability.path",
        "quadratic",
        "E|w - w'| <= (kappa eta/(n N)) sum rho^(steps left) RMS|grad f(v; z) - grad f(v; z')|",
        QUADRATIC_COPIES,
        "log_model_distance",
        lambda k: Law.envelope(lambda t: np.log(k.problem.path_bound(due(t)))),
        SMALL,
        NO_NOISE,
        constant=0.0,
    ),
    stated(
        "fz.stability.exact",
        "quadratic",
        "E|w - w'|^2 is that of the exact recursion of two copies",
        QUADRATIC_COPIES,
        "log_model_distance2",
        lambda k: Law.mean_equals(lambda t: np.log(k.problem.exact_distance2(due(t)))),
        SMALL,
        tight=True,
    ),
    _scale(Task.logistic),
    _scale(Task.quadratic),
    along(
        "theta",
        "fz.subweibull",
        "the floor that noise adds is proportional to Gamma(2 theta + 1)",
        PhaseName.tails,
        "noise_floor",
        lambda k: Law.value(1.0, 1e-8),
        SMALL,
    ),
    along(
        "mu",
        "fz.smoothing",
        "floor(mu) - floor(0) = mu^2 times the floor of E uu^T (u^T A u)^2/4",
        PhaseName.bias,
        "floor_of_smoothing",
        _smoothing,
        SMALL,
        ESTIMATES,
    ),
    along(
        "tau",
        "fz.delay",
        "with a fixed lag tau the mean is stable iff eta l_max < 2 sin(pi/(2 (2 tau + 1)))",
        PhaseName.delay,
        "delay_limit",
        lambda k: Law.value(law.delay_formula(k.problem), 1e-9),
    ),
]
NAMES = {claim.id for claim in CLAIMS}
