"""The Python door: ``ntp.judge_curve``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.judged import Judged, hold
from ntp_dynamics.judging.statement import Statement


def judge_curve(t: Any, y: Any, law: str, *, clock: str = "t", **claimed: Any) -> Judged:
    """Hold a law in the field's notation against curves.

    ``t`` (T,): positive, increasing; ``y`` (S, T) or (T,): the quantity of S runs, not its log;
    ``law`` and ``claimed``: the fields of `statement.Statement`.
    """
    t, y = np.asarray(t, dtype=np.float64), np.atleast_2d(np.asarray(y, dtype=np.float64))
    return hold(Statement(law, **claimed), Curve(t, y, clock=clock))
