"""Claims about copies that differ in one sample."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.studies.federated import law
from ntp_dynamics.studies.federated.claims.stated import (
    NO_NOISE,
    SAME,
    SMALL,
    Known,
    along,
    due,
    stated,
)
from ntp_dynamics.studies.federated.config import COPIES, Task
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

STANDARD = "derived (symmetrisation; standard)"
QUADRATIC_COPIES = f"{Task.quadratic}{COPIES}"


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


COPIED = [
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
]
