"""The tail of the loss when one student has converged and the others are far away: phase `flow`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.claims.stated import (
    DERIVED,
    EQUAL,
    EXACT,
    FLOW,
    PAPER,
    SEVERAL,
    Problem,
    alone,
    ended,
    stated,
)
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.law import Law

EPS = 0.1
"""Of the lower bound 1/tau^(1 + eps): smaller ones are resolved only for eps > 1/ln s."""


def _beyond(p: Problem) -> Any:
    """Ten times s*, and not before a decade of the flow."""
    return np.maximum(10 * np.nan_to_num(ended(p, FLOW).plateau, nan=1.0), 10.0)


def _passed(p: Problem) -> Any:
    horizon = p.config.flow.path_length
    return 10 * np.nan_to_num(ended(p, FLOW).plateau, nan=math.inf) < horizon / 100


LONG = Precondition("s > 1000 s*", _passed, "the flow ends before 1000 s*, s* = 16/(r_0^2 L_0)")
TAIL = EXACT, EQUAL, SEVERAL, alone(FLOW), LONG
TOTAL: dict[str, Any] = {"offset": lambda p: p.before_flow}


def _from(path: float) -> Any:
    return lambda p: np.maximum(_beyond(p), path)


def _log_constant(p: Problem) -> float:
    """ln 2 (n - 1), the clock being path length."""
    return math.log(2 * (p.config.model.students - 1))


FAR = [
    stated(
        "sm.far.upper",
        "L = O(1/tau) once one has converged and the others are far",
        PAPER.format("Cor. 3.6"),
        FLOW,
        "log_loss",
        Law.power(1),
        *TAIL,
        t_min=_beyond,
        **TOTAL,
    ),
    stated(
        "sm.random.lower",
        "L is at least c/tau^(1 + eps), here eps = .1",
        PAPER.format("Thm 3.7"),
        FLOW,
        "log_loss",
        Law.power(1 + EPS),
        *TAIL,
        side="lower",
        t_min=_beyond,
        **TOTAL,
    ),
    stated(
        "sm.far.sharp",
        "L s (r^2 - 16)/(16 (n - 1)) is 1 within 5 % from s = 1e4 on",
        DERIVED,
        FLOW,
        "compensated_far",
        Law.value(1.0, absolute=0.05),
        *TAIL,
        version="1e4",
        t_min=_from(1e4),
        tight=True,
        **TOTAL,
    ),
    stated(
        "sm.far.sharp",
        "and within 1 % from s = 2e6 on",
        DERIVED,
        FLOW,
        "compensated_far",
        Law.value(1.0, absolute=0.01),
        *TAIL,
        version="2e6",
        t_min=_from(2e6),
        tight=True,
        **TOTAL,
    ),
    stated(
        "sm.far.exponent",
        "L <= 2 (n - 1)/(s ln s) from s = 1e4 on: the exponent is -1 - 1/ln s",
        DERIVED,
        FLOW,
        "log_loss",
        Law.power(1, log_power=-1),
        *TAIL,
        version="upper",
        constant=_log_constant,
        t_min=_from(1e4),
        tight=True,
        **TOTAL,
    ),
    stated(
        "sm.far.exponent",
        "L is at least C/(s ln s)",
        DERIVED,
        FLOW,
        "log_loss",
        Law.power(1, log_power=-1),
        *TAIL,
        version="lower",
        side="lower",
        t_min=_from(1e4),
        tight=True,
        **TOTAL,
    ),
]
