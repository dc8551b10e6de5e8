"""The loop over pulls, run by run.

The j-th reward of arm i in run r is a number of (seed, r, i, j): all policies see the same rewards,
and where a run stands does not depend on the runs beside it, or on how the way was cut.
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.knowledge_gradient.kernel.draws import REWARD, normal
from ntp_dynamics.studies.knowledge_gradient.kernel.index import (
    gradient_arm,
    improved_arm,
    terms,
)
from ntp_dynamics.studies.knowledge_gradient.kernel.policies import (
    behind,
    coin_of,
    expected_improvement,
    information_directed,
    starving,
    thompson,
    tracking,
)
from ntp_dynamics.system.compiled import compiled

EQUAL, KG, IKG, IKG_PLAIN, IKG_VARIANCE_ONLY, OCBA, TTEI, TTTS, TT_IDS, TRACK, ORACLE = range(11)
"""Policies; those of `IKG` to `IKG_VARIANCE_ONLY` by the variants of `index`."""
VARIANTS = np.array([0, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0])


@compiled()
def pulled(t, m, squares, x):
    """Pulls, mean and sum of squared deviations after one more reward (Welford)."""
    away = x - m
    m += away / (t + 1)
    return t + 1, m, squares + away * (x - m)


@compiled()
def refreshed(m, v, t, eps, b, variant, j, own, parts, power):
    """The terms of the improved index that belong to an arm j other than b."""
    d, a = (m[j] - m[b] + eps) ** 2, v[j] / t[j] + v[b] / t[b]
    own[j], parts[j], power[j] = terms(d, a, (v[j], t[j]), (v[b], t[b]), variant)


@compiled(nogil=True)
def march(policy, mean, variance, eps, shares, key, runs, first, last, n0, fluid, plugin, m, t, sq):
    """Pulls first + 1 to last of every run.

    ``mean``, ``variance`` (k,) are the truth, ``shares`` (k,) those of the oracle, ``runs`` (R,)
    the numbers of the runs; ``m``, ``t``, ``sq`` (R, k): estimates, pulls and sums of squared
    deviations, which are moved.  The first n0 k pulls go round.  ``fluid``: estimates are the
    truth.  ``plugin``: variances are estimated too.
    """
    k = len(mean)
    variant = VARIANTS[policy]
    improving = IKG <= policy <= IKG_VARIANCE_ONLY
    own, parts, power = np.zeros(k), np.zeros(k), np.zeros(k)
    st, log_st = np.empty(k), np.empty(k)
    scale = np.sqrt(variance)
    for r in range(len(runs)):
        m_r, t_r, v = m[r], t[r], variance.copy()
        if plugin:
            for i in range(k):
                if t_r[i] > 1:
                    v[i] = max(sq[r, i] / (t_r[i] - 1), 1e-300)
        leader = last_arm = np.int64(-1)  # nothing is known of the terms yet
        for n in range(first, last):
            if n < n0 * k:
                arm = n % k
            elif policy == KG:
                for i in range(k):
                    if last_arm < 0 or i == last_arm:
                        st[i] = math.sqrt(v[i] / (t_r[i] * (t_r[i] + 1)))
                        log_st[i] = math.log(st[i])
                arm = gradient_arm(m_r, log_st, st)
            elif improving:
                b = np.argmax(m_r)
                if b != leader or last_arm == b or last_arm < 0:
                    for j in range(k):
                        if j != b:
                            refreshed(m_r, v, t_r, eps, b, variant, j, own, parts, power)
                    leader = b
                else:
                    refreshed(m_r, v, t_r, eps, b, variant, last_arm, own, parts, power)
                arm = improved_arm(own, parts, power, b)
            elif policy == OCBA:
                arm = starving(m_r, v, t_r, eps)
            elif policy == TTEI:
                arm = expected_improvement(m_r, v, t_r, coin_of(key, runs[r], n))
            elif policy == TTTS:
                arm = thompson(m_r, v, t_r, coin_of(key, runs[r], n), key, runs[r], n)
            elif policy == TT_IDS:
                arm = information_directed(m_r, v, t_r, eps, coin_of(key, runs[r], n))
            elif policy == TRACK:
                arm = tracking(m_r, v, t_r, eps)
            elif policy == ORACLE:
                arm = behind(t_r, shares, n + 1.0)
            else:
                arm = n % k
            x = mean[arm]
            if not fluid:
                x += scale[arm] * normal(key, REWARD, runs[r], arm, np.int64(t_r[arm]))
            t_r[arm], m_r[arm], sq[r, arm] = pulled(t_r[arm], m_r[arm], sq[r, arm], x)
            if plugin and t_r[arm] > 1:
                v[arm] = max(sq[r, arm] / (t_r[arm] - 1), 1e-300)
            if n >= n0 * k:
                last_arm = arm
