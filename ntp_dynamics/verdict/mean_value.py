"""The mean over runs of a value of either sign held against a number or a curve.

At every place, with mean m and standard error s over S runs, z = (|m - v| - allowed)_+ / s.
Contradicted, from 32 runs on: beyond 6 with one sign, at any place of an axis, and in time at three
places each at least twice the one before.  Tight: |z| at most 5 everywhere, and the 95 % limits of
the mean (in time, over the last decade) within ``within`` of the value, beside what is allowed.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import stdtrit

from ntp_dynamics.verdict.found import LEAST_RUNS, Found, p_of
from ntp_dynamics.verdict.gate import ROUNDING, Case
from ntp_dynamics.verdict.mean import APART, CLOSE, TOO_FEW, persistent
from ntp_dynamics.verdict.sample import MeanValue


def hold_mean_value(case: Case) -> Found:
    """The mean of all runs against a law of values, where every run counts."""
    law = case.law
    assert isinstance(law, MeanValue)
    runs, at = len(case.log_y), case.counted.all(axis=0)
    if runs < 2 or not at.any():
        return Found(reason=TOO_FEW)
    t, y = case.t[at], case.log_y[:, at]
    value, allowed = law.log_f(case.t)[0, at], law.allowed(case.t)[0, at]
    mean, spread = y.mean(axis=0), y.std(axis=0, ddof=1) / math.sqrt(runs)
    away = mean - value
    excess = np.maximum(np.abs(away) - allowed, 0.0)
    z = np.sign(away) * excess / np.maximum(spread, ROUNDING * np.maximum(np.abs(mean), 1e-300))
    late = np.ones(t.size, dtype=bool) if case.clock.timeless else t >= t[-1] / 10
    error = stdtrit(runs - 1, 0.975) * spread
    near = np.abs(away) + error <= allowed + law.within * np.abs(value)
    descriptive = runs < LEAST_RUNS
    worst = int(np.argmax(np.abs(z))) if z.any() else int(np.argmax(np.abs(away)))
    beyond = (
        np.abs(z).max() if case.clock.timeless else max(persistent(t, sign * z) for sign in (1, -1))
    )
    status = "inconclusive"
    if not descriptive and beyond > APART:
        status = "contradicted"
    elif np.abs(z).max() <= CLOSE and near[late].all():
        status = "consistent"
    return Found(
        status,
        z=float(z[worst]),
        step=float(t[worst]),
        estimate=float(mean[worst]),
        interval=(float(mean[worst] - error[worst]), float(mean[worst] + error[worst])),
        p=math.nan if descriptive else p_of(float(beyond), runs, t.size),
        asked=runs,
        descriptive=descriptive,
    )
