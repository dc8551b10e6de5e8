"""The mean over runs held against a curve: all that an exact recursion of moments predicts.

At every recorded place, with mean m and standard error s of y over S runs,

    z = (ln m - ln f) m / s,

on logs because y is often skewed, and a small sample of it underestimates mean and spread at once.
Of samples of chi^2_1 |z| exceeds 5 in .13 % at S = 16 and .026 % at S = 32, where (m - f) / s does
in 1.7 % and .5 %.  Below 32 runs nothing is contradicted.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import stdtrit

from ntp_dynamics.verdict.found import LEAST_RUNS, Found, p_of
from ntp_dynamics.verdict.gate import ROUNDING, Case

CLOSE, APART = 5.0, 6.0
"""Tight: |z| at most the first everywhere.  Contradicted: beyond the second, with one sign, at
three places each at least twice the one before."""
PLACES, SPREAD = 3, 2.0
BAND = 0.2
"""Tight: over the last decade the 95 % limits of the mean are within a fifth of f."""
TOO_FEW = "a mean needs two runs at least"


def hold_mean(case: Case) -> Found:
    """The mean of all runs against the law, where every run counts.

    ``band``: how far the 95 % limits of the mean reach below and above f over the last decade.
    """
    runs = len(case.log_y)
    at = case.counted.all(axis=0)
    if runs < 2 or not at.any():
        return Found(reason=TOO_FEW)
    t, log_y, log_f = case.t[at], case.log_y[:, at], case.log_f[0, at]
    log_mean, spread = log_mean_and_error(log_y)
    floor = case.readable.max()
    hidden = np.maximum(log_mean, log_f) < floor  # both are at most this
    with np.errstate(invalid="ignore"):
        away = np.where(hidden | (log_mean == log_f), 0.0, np.maximum(log_mean, floor) - log_f)
    size = np.where(np.isfinite(log_mean), np.maximum(np.abs(log_mean), 1.0), 1.0)
    z = away / np.maximum(spread, ROUNDING * size)
    late = t >= t[-1] / 10
    error = np.where(hidden, 0.0, stdtrit(runs - 1, 0.975) * spread)[late]
    low, high = float((away[late] - error).min()), float((away[late] + error).max())
    worst = int(np.argmax(np.abs(z)))
    descriptive = runs < LEAST_RUNS
    beyond = max(persistent(t, sign * z) for sign in (1, -1))
    status = "inconclusive"
    if not descriptive and beyond > APART:
        status = "contradicted"
    elif abs(z[worst]) <= CLOSE and low >= math.log1p(-BAND) and high <= math.log1p(BAND):
        status = "consistent"
    return Found(
        status,
        z=float(z[worst]),
        step=float(t[worst]),
        band=(low, high),
        p=math.nan if descriptive else p_of(beyond, runs, t.size),
        descriptive=descriptive,
    )


def log_mean_and_error(
    log_y: Float[np.ndarray, "S T"],
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """ln m, and its standard error s / m, over S >= 2 runs; -inf and 0 where all are zero."""
    top = np.max(log_y, axis=0)
    top = np.where(np.isfinite(top), top, 0.0)
    y = np.exp(log_y - top)
    mean = y.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = y.std(axis=0, ddof=1) / math.sqrt(len(y)) / mean
        return np.log(mean) + top, np.where(mean > 0, spread, 0.0)


def persistent(t: Float[np.ndarray, " T"], z: Float[np.ndarray, " T"]) -> float:
    """The largest number that z exceeds, or meets, at three places each twice the one before."""
    for level in np.unique(z[z > 0])[::-1]:
        if _in_succession(t, z >= level) >= PLACES:
            return float(level)
    return 0.0


def _in_succession(t: Float[np.ndarray, " T"], there: Bool[np.ndarray, " T"]) -> int:
    """How many of the chosen places follow one another at least a factor 2 apart."""
    count, last = 0, -math.inf
    for place in t[there]:
        if count == 0 or place >= SPREAD * last:
            count, last = count + 1, place
    return count
