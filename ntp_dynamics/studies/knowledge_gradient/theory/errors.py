"""Errors of the posterior: sums over the ways to go wrong, as logs.

Logs because an error of e^-800 is an ordinary one; what is summed bounds the error from above, and
its largest term from below.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.config import Question
from ntp_dynamics.studies.knowledge_gradient.instance import Bandit
from ntp_dynamics.studies.knowledge_gradient.kernel.special import log_phi_integral, log_sum
from ntp_dynamics.system.compiled import compiled

Pulls = Float[np.ndarray, "R k"]


def log_error(
    bandit: Bandit, pulls: Pulls, estimate: Float[np.ndarray, "R k M"] | None = None
) -> Float[np.ndarray, " R"]:
    """log of the sum over arms of the chance that it is taken wrongly, given the pulls of each and
    the posterior means (None: the true ones); nan where an arm has no pulls.

    For the best arm, and for arms near it: sum_i Phi(-sqrt(D_i/(V_i + V_b))), comparisons with the
    best arm b alone.  For thresholds: the chance of each arm to be on the other side.
    """
    pulls = np.atleast_2d(np.asarray(pulls, dtype=np.float64))
    m = bandit.mean[None] if estimate is None else estimate
    m = np.array(np.broadcast_to(m, (len(pulls), *bandit.mean.shape)), order="C")
    if bandit.problem is Question.feasible:
        return _against_thresholds(m, bandit.variance, bandit.threshold, pulls)
    return _against_best(m[..., 0], bandit.v, bandit.tilt, pulls)


@compiled()
def _against_best(m, v, eps, pulls):
    runs, k = pulls.shape
    out, parts = np.empty(runs), np.empty(k)
    for r in range(runs):
        if pulls[r].min() <= 0:
            out[r] = math.nan
            continue
        b = np.argmax(m[r])
        for i in range(k):
            spread = math.sqrt(v[i] / pulls[r, i] + v[b] / pulls[r, b])
            z = -abs(m[r, i] - m[r, b] + eps) / spread
            parts[i] = -math.inf if i == b else log_phi_integral(z)
        out[r] = log_sum(parts)
    return out


@compiled()
def _against_thresholds(m, variance, threshold, pulls):
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
                z = (threshold[j] - m[r, i, j]) / math.sqrt(variance[i, j] / pulls[r, i])
                met += log_phi_integral(z)
                ways[j] = log_phi_integral(-z)
                feasible = feasible and z >= 0
            parts[i] = log_sum(ways) if feasible else met
        out[r] = log_sum(parts)
    return out
