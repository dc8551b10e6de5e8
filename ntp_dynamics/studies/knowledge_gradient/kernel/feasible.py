"""Which arms meet all their thresholds: the improved index, and the loop over pulls.

A pull of arm i gives a reward x_ij of each of M measures; arm i is feasible if mu_ij <= g_j for
all j.  With d_ij = g_j - m_ij and V_ij = s_ij^2/T_i the index of an arm is

    deemed feasible      sum_j (e_ij - E_ij)                e_ij = exp(-d_ij^2/(2 V_ij))
    deemed infeasible    prod e_ij - prod E_ij              over the violated j

with E_ij looked ahead as in `index`.  An arm is compared with its thresholds alone.
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.knowledge_gradient.kernel.draws import REWARD, normal
from ntp_dynamics.studies.knowledge_gradient.kernel.index import log_gain, shrinkage
from ntp_dynamics.studies.knowledge_gradient.kernel.march import EQUAL, ORACLE, VARIANTS, pulled
from ntp_dynamics.studies.knowledge_gradient.kernel.policies import behind
from ntp_dynamics.studies.knowledge_gradient.kernel.special import log_sum
from ntp_dynamics.system.compiled import compiled

MEASURE = 1 << 16
"""Rewards of measure j of arm i are drawn as those of arm i + 65,536 j."""


@compiled()
def improved_feasible(m, v, t, threshold, variant):
    """The log index of one arm: ``m``, ``v`` (M,) its estimates and variances, ``t`` its pulls."""
    parts = np.full(len(m), -math.inf)
    exponent = total = 0.0
    violated = False
    for j in range(len(m)):
        d, a = (threshold[j] - m[j]) ** 2, v[j] / t
        parts[j] = log_gain(d, a, v[j], t, variant)
        if m[j] > threshold[j]:
            violated = True
            exponent -= 0.5 * d / a
            total += shrinkage(d, a, v[j], t, variant)
    if not violated:
        return log_sum(parts)
    return exponent + math.log(-math.expm1(-total)) if total > 0 else -math.inf


@compiled(nogil=True)
def march_feasible(
    policy, mean, variance, threshold, shares, key, runs, first, last, n0, fluid, plugin, m, t, sq
):
    """As `march.march`, with ``mean``, ``variance`` (k, M), ``threshold`` (M,), and ``m``, ``sq``
    (R, k, M)."""
    k, measures = mean.shape
    variant = VARIANTS[policy]
    scale = np.sqrt(variance)
    index = np.empty(k)
    for r in range(len(runs)):
        v = variance.copy()
        changed = -1  # every arm
        for n in range(first, last):
            if n < n0 * k or policy == EQUAL:
                arm = n % k
            elif policy == ORACLE:
                arm = behind(t[r], shares, n + 1.0)
            else:
                for i in range(k):
                    if changed < 0 or changed == i:
                        if plugin:
                            for j in range(measures):
                                v[i, j] = max(sq[r, i, j] / (t[r, i] - 1), 1e-300)
                        index[i] = improved_feasible(m[r, i], v[i], t[r, i], threshold, variant)
                arm = changed = np.argmax(index)
            before = t[r, arm]
            for j in range(measures):
                x = mean[arm, j]
                if not fluid:
                    where = arm + MEASURE * j
                    x += scale[arm, j] * normal(key, REWARD, runs[r], where, np.int64(before))
                t[r, arm], m[r, arm, j], sq[r, arm, j] = pulled(
                    before, m[r, arm, j], sq[r, arm, j], x
                )
