"""A semi-log rate from events: P(y = 1) = C f(t) e^(-rate t), fitted to counts and not to logs.

The estimating equations are those of a Poisson count with a logarithmic link, sum_k (x_k - n_k P_k)
(1, t_k) = 0, in which a count of zero is a datum like any other.  Counts of one run at several
places are one datum: the error is that of the runs' contributions ("sandwich", Liang and Zeger
1986).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import stdtrit

from ntp_dynamics.verdict.found import ALPHA, Found, p_of
from ntp_dynamics.verdict.gate import Case
from ntp_dynamics.verdict.sample import Decay

LEAST_EVENTS = 10
"""Runs in which it happened, below which no rate is told."""
CLOSE, BAND = 3.0, 0.2
"""Tight, to one rate: within three standard errors, and the 95 % limits within a fifth of it."""


def hold_decay(case: Case) -> Found:
    """The fitted rate against a range of rates."""
    law = case.law
    assert isinstance(law, Decay)
    asked = case.counted & ~np.isnan(case.log_y)
    there = asked.any(axis=0)
    events = np.where(asked & (case.log_y > 0.5), 1.0, 0.0)[:, there]
    happened = int(events.any(axis=1).sum())
    if happened < LEAST_EVENTS or np.count_nonzero(events.any(axis=0)) < 2:
        return Found(reason=f"it happened in {happened} runs; a rate needs {LEAST_EVENTS}")
    log_shape = np.broadcast_to(case.log_f, case.log_y.shape)[0][there]
    rate, error = fit(case.t[there], events, asked[:, there], log_shape)
    if not math.isfinite(error):
        return Found(reason="the counts show no rate")
    reach = float(stdtrit(happened - 1, 0.975)) * error
    z = max(law.low - rate, rate - law.high, 0.0) / error
    p = p_of(z, happened)
    equal = law.low == law.high
    inside = rate - reach >= law.low and rate + reach <= law.high
    if equal:
        inside = z <= CLOSE and abs(rate - law.low) + reach <= BAND * abs(law.low)
    status = "contradicted" if p < ALPHA else "consistent" if inside else "inconclusive"
    return Found(
        status,
        estimate=rate,
        interval=(rate - reach, rate + reach),
        p=p,
        asked=happened,
        two_sided=equal,
    )


def fit(
    t: Float[np.ndarray, " T"],
    events: Float[np.ndarray, "S T"],
    asked: Bool[np.ndarray, "S T"],
    log_shape: Float[np.ndarray, " T"],
) -> tuple[float, float]:
    """The rate and its standard error; nan where the equations have no solution."""
    unit = float(np.ptp(t)) or 1.0
    v = np.stack([np.ones_like(t), -(t - t.mean()) / unit])  # (2, T)
    x, n = events.sum(axis=0), asked.sum(axis=0)
    share = np.log((x + 0.5) / (n + 1.0)) - log_shape
    weight = np.sqrt(x + 0.5)
    beta = np.linalg.lstsq((v * weight).T, share * weight, rcond=None)[0]
    for _ in range(100):
        expected = n * _probability(beta @ v + log_shape)
        information = (v * expected) @ v.T
        if np.linalg.cond(information) > 1e12:
            return math.nan, math.nan
        step = np.linalg.solve(information, v @ (x - expected))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-10:
            break
    else:
        return math.nan, math.nan
    scores = np.where(asked, events - _probability(beta @ v + log_shape), 0.0) @ v.T  # (S, 2)
    runs = len(events)
    inverse = np.linalg.inv(information)
    variance = inverse @ (scores.T @ scores) @ inverse * runs / max(runs - 1, 1)
    return float(beta[1]) / unit, math.sqrt(float(variance[1, 1])) / unit


def _probability(log_p: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    return np.exp(np.minimum(log_p, 50.0))
