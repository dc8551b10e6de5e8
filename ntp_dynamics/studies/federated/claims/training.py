"""Claims about estimates, and about runs of every task."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.studies.federated import law
from ntp_dynamics.studies.federated.claims.stated import (
    CONSTANT,
    DERIVED,
    ESTIMATES,
    HALF,
    LATE,
    LITTLE,
    SMALL,
    STABLE,
    TOGETHER,
    Known,
    along,
    due,
    stated,
)
from ntp_dynamics.studies.federated.config import PhaseName, Task
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law


def _rates(task: Task) -> Precondition:
    return Precondition(
        "c > 1/2, decaying eta",
        lambda k: law.has_rate(k.problem, task),
        "no 1/t law holds for this schedule",
    )


def _exact_excess(k: Known) -> Law:
    return Law.mean_equals(lambda t: np.log(k.problem.exact_excess(due(t))))


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


QUADRATIC = Task.quadratic
TRAINING = [
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
]
