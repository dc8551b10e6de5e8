"""Many experiments at once: the rates of R replicates of S runs each, on one grid.

The answers are those of ``judge`` on each replicate; windows, slopes and decisions are the same
functions, called once for all.  Meant for calibration, where a million verdicts are wanted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.verdict import company, decision, single
from ntp_dynamics.verdict.drift import Drift, drifts
from ntp_dynamics.verdict.gate import FLOOR_FACTOR, Case
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Exponential, Law, Power
from ntp_dynamics.verdict.windows import survey


@dataclass(frozen=True)
class Rates:
    """``status`` and ``p_contradicted`` (R,) of R replicates and the word for each of their
    ``runs`` (R, S), as in a verdict; their ``drift`` in units of what is allowed (axes: pair,
    window, replicate, run), None where too few runs show a rate for the common path."""

    status: np.ndarray
    p_contradicted: Float[np.ndarray, " R"]
    runs: np.ndarray
    drift: Drift | None = None


def judge_rates(
    t: Float[np.ndarray, " T"],
    log_y: Float[np.ndarray, "R S T"],
    law: Law,
    log_floor: float | None = None,
) -> Rates:
    """The rates ``judge(t, log_y[r], law, log_floor=log_floor)`` finds, for an upper power or
    exponential law with one parameter for all runs."""
    if not isinstance(law, (Power, Exponential)):
        raise ValueError(f"the rates of many replicates are for powers, not for {law.describe()}")
    replicates, runs, _ = log_y.shape
    case = _case(t, log_y.reshape(replicates * runs, -1), law, log_floor)
    windows, reach = survey(case, 2 if isinstance(law, Exponential) else 10, upper=True)
    if not reach.seen.all():
        return _one_by_one(t, log_y, law, log_floor)
    (side,), _ = drifts(case, windows)
    grouped = side.map(lambda x: _group(x, runs))
    alone = _group(single.testable(case, windows, reach), runs)
    together = _group(company.long_enough(windows, reach), runs).all(axis=-1)
    found = decision.decide(grouped, alone, together & (runs >= company.LEAST_RUNS))
    return Rates(found.status, found.p, found.runs, grouped)


def _case(t: np.ndarray, log_y: np.ndarray, law: Law, log_floor: float | None) -> Case:
    floor = -math.inf if log_floor is None else log_floor + math.log(FLOOR_FACTOR)
    runs = len(log_y)
    counted = np.broadcast_to(t >= max(1.0, float(law.start.max())), log_y.shape)
    return Case(t, log_y, law, 1, counted, np.full((runs, 1), floor), np.ones(runs), None, None)


def _group(x: np.ndarray, runs: int) -> np.ndarray:
    """The run axis as (replicate, run)."""
    return x.reshape(*x.shape[:-1], -1, runs)


def _one_by_one(t: np.ndarray, log_y: np.ndarray, law: Law, log_floor: Any) -> Rates:
    found = [judge(t, y, law, log_floor=log_floor) for y in log_y]
    return Rates(
        np.array([v.rate for v in found]),
        np.array([v.p_contradicted for v in found]),
        np.array([v.outcomes for v in found]),
    )
