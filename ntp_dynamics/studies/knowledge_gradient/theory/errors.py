"""Errors of the posterior at the true means: sums over the ways to go wrong, as logs.

Logs because an error of e^-800 is an ordinary one; what is summed bounds the error from above, and
its largest term from below.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from numba import njit

from ntp_dynamics.studies.knowledge_gradient.instance import Bandit
from ntp_dynamics.studies.knowledge_gradient.kernel.special import log_phi_integral, log_sum
from ntp_dynamics.studies.knowledge_gradient.config import Question

Pulls = Float[np.ndarray, "R k"]


def log_error(bandit: Bandit, pulls: Pulls) -> Float[np.ndarray, " R"]:
    """log of the sum over arms of the chance that it is taken wrongly, given the pulls of each;
    nan where an arm has none.

    For the best arm, and for arms near it: sum_i Phi(-sqrt(D_i/(V_i + V_b))), comparisons with the
    best arm alone.  For thresholds: the chance of each arm to be classified wrongly.
    """
    pulls = np.atleast_2d(np.asarray(pulls, dtype=np.float64))
    if bandit.problem is Question.feasible:
        return _against_thresholds(bandit.mean, bandit.variance, bandit.threshold, pulls)
    return _against_best(bandit.squared_gaps, bandit.v, bandit.best, pulls)


@njit(cache=True)
def _against_best(d, v, b, pulls):
    runs, k = pulls.shape
    out, parts = np.empty(runs), np.empty(k)
    for r in range(runs):
        for i in range(k):
            spread = v[i] / pulls[r, i] + v[b] / pulls[r, b] if pulls[r].min() > 0 else math.nan
            parts[i] = -math.inf if i == b else log_phi_integral(-math.sqrt(d[i] / spread))
        out[r] = log_sum(parts) if pulls[r].min() > 0 else math.nan
    return out


@njit(cache=True)
def _against_thresholds(mean, variance, threshold, pulls):
    runs, k = pulls.shape
    measures = len(threshold)
    out, parts, ways = np.empty(runs), np.empty(k), np.empty(measures)
    for r in range(runs):
        if pulls[r].min() <= 0:
            out[r] = math.nan
            continue
        for i in range(k):
            met = 0.0
            feasible = True
            for j in range(measures):
                z = (threshold[j] - mean[i, j]) / math.sqrt(variance[i, j] / pulls[r, i])
                met += log_phi_integral(z)
                ways[j] = log_phi_integral(-z)
                feasible = feasible and z > 0
            parts[i] = log_sum(ways) if feasible else met
        out[r] = log_sum(parts)
    return out
