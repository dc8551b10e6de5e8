"""Students that start close to the truth, and the point where they do not move."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.claims.stated import (
    AVERAGED,
    DERIVED,
    DESCENT,
    EQUAL,
    EXACT,
    PAPER,
    SEVERAL,
    Problem,
    stated,
)
from ntp_dynamics.studies.score_matching.config import PhaseName
from ntp_dynamics.studies.score_matching.measure import BALL as SMALL
from ntp_dynamics.studies.score_matching.theory import printed
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.law import Law


def _farthest(p: Problem) -> Any:
    return p.start_distance.max(axis=1)


PRINTED = Precondition(
    "|mu_i| <= 1/(3 n)",
    lambda p: _farthest(p) <= printed.ball_radius(p.config.model.students),
    "a student starts beyond 1/(3 n)",
)
INSIDE = Precondition(
    f"|mu_i| <= {SMALL}", lambda p: _farthest(p) <= SMALL, f"a student starts beyond {SMALL}"
)
GENTLE = Precondition(
    "eta <= .5", lambda p: p.config.train.step_size <= 0.5, "the step size is above .5"
)
THEOREM = (EXACT, EQUAL, PRINTED, GENTLE)


def _awake(p: Problem) -> Any:
    """Whether the widest direction has begun to shrink: until s = n/(8 l) the loss stands still."""
    path = p.config.train.steps * p.config.train.step_size
    return 8 * p.start_eigenvalues.max(axis=1) * path >= 5 * p.config.model.students


AWAKE = Precondition("s >= 5 n/(8 l)", _awake, "it ends before s = 5 n/(8 l), l the variance")
CENTRED = Precondition(
    "|mean| <= .05",
    lambda p: np.linalg.norm(p.start.points.mean(axis=1), axis=1) <= 0.05,
    "the centre starts beyond .05",
)


def _near(p: Problem) -> float:
    """From where the spread sqrt(n/(8 s)) in each of r directions makes less than .05."""
    n, rank = p.config.model.students, min(p.config.model.students, p.config.model.dim)
    return max(1.0, 50 * n * rank / p.config.train.step_size)


def _centred(stage: str) -> Any:
    """When the centre has died: s = 10 n."""
    return lambda p: max(
        1.0, 10 * p.config.model.students / (p.step_size(stage) * p.moment(stage, 2))
    )


def _everywhere(value: float, absolute: float) -> Any:
    return lambda p: Law.value(np.full(len(p.config.saddle.students), value), absolute=absolute)


def _settled(p: Problem) -> bool:
    return p.config.saddle.iterations >= 8


ITERATED = Precondition("8 iterations", _settled, "too few iterations for Newton's method")
SADDLE = {"clock": "students", "unit": "", "timeless": True, "tight": True, "evaluated": True}

BALL = [
    stated(
        "sm.ball.loss",
        "from a small ball the loss falls like C n^3 d^2/sqrt(eta tau) at least",
        PAPER.format("Thm 2.1"),
        DESCENT,
        "log_loss",
        Law.power(0.5),
        *THEOREM,
        AWAKE,
    ),
    stated(
        "sm.ball.all",
        "from a small ball all students converge: within .05 once s > 50 n r",
        PAPER.format("Thm 2.1"),
        DESCENT,
        "max_distance",
        Law.value(0.0, absolute=0.05),
        *THEOREM,
        t_min=_near,
    ),
    *(
        stated(
            "sm.ball.sharp",
            "L = c_4 sum_k (l_k/(1 + 8 c_4 l_k s/n))^2, l_k of the first covariance, within 2 %",
            DERIVED,
            stage,
            "compensated_ball",
            Law.value(1.0, absolute=0.02),
            EXACT,
            EQUAL,
            SEVERAL,
            INSIDE,
            CENTRED,
            version=stage,
            t_min=_centred(stage),
            tight=True,
        )
        for stage in (DESCENT, AVERAGED)
    ),
    stated(
        "sm.stationary",
        "(s, -s, 0, ..., 0) with s > 0 is stationary, the loss not zero: gradient below 1e-9",
        PAPER.format("Thm 3.1; the numbers are derived"),
        PhaseName.saddle,
        "saddle_gradient",
        _everywhere(0.0, 1e-9),
        ITERATED,
        **SADDLE,
    ),
    stated(
        "sm.stationary",
        "its Hessian has exactly two negative eigenvalues: a saddle, which descent leaves",
        DERIVED,
        PhaseName.saddle,
        "saddle_negative",
        _everywhere(2.0, 0.1),
        ITERATED,
        version="saddle",
        **SADDLE,
    ),
]
