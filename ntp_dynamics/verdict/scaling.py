"""How the mean over runs depends on a swept value x: the exponent d ln E y / d ln x.

A least-squares slope over all places.  Its error is that of the jackknife over runs, so that runs
with common random numbers along the axis are compared as what they are.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from ntp_dynamics.verdict.ensemble import jackknifed
from ntp_dynamics.verdict.found import ALPHA, LEAST_RUNS, Found, p_of
from ntp_dynamics.verdict.gate import ROUNDING, Case
from ntp_dynamics.verdict.sample import Scaling

LEAST_PLACES = 3


def hold_scaling(case: Case) -> Found:
    """The slope of ln m in ln x against a range of exponents."""
    law, runs = case.law, len(case.log_y)
    assert isinstance(law, Scaling)
    pseudo = jackknifed(case).log_y
    at = case.counted.all(axis=0) & np.isfinite(pseudo).all(axis=0)
    if runs < 2 or at.sum() < LEAST_PLACES:
        return Found(reason="an exponent needs two runs, and means above zero at three places")
    slopes = (pseudo[:, at] * slope_weights(np.log(case.t[at]))).sum(axis=1)
    slope = float(slopes.mean())
    size = np.maximum(np.abs(case.log_y[:, at]).max(), 1.0)
    error = max(float(slopes.std(ddof=1)) / math.sqrt(runs), ROUNDING * float(size))
    reach = float(stdtrit(runs - 1, 0.975)) * error
    low, high = slope - reach, slope + reach
    z = max(law.low - slope, slope - law.high, 0.0) / error
    descriptive = runs < LEAST_RUNS
    status = "inconclusive"
    if not descriptive and p_of(z, runs) < ALPHA:
        status = "contradicted"
    elif low >= law.low and high <= law.high:
        status = "consistent"
    return Found(
        status,
        estimate=slope,
        interval=(low, high),
        p=math.nan if descriptive else p_of(z, runs),
        asked=runs,
        descriptive=descriptive,
        two_sided=math.isfinite(law.low) and math.isfinite(law.high),
    )


def slope_weights(x: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """Those of the least-squares slope: sum w y over places."""
    centred = x - x.mean()
    return centred / (centred**2).sum()
