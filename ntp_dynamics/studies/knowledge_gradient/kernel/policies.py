"""Policies that are no knowledge gradient: which arm is pulled next.

``m`` estimates, ``v`` variances of a reward, ``t`` pulls, (k,) each; V_i = v_i/t_i.  Ties go to the
lowest index.  Coins and posterior draws are those of (key, run, pull).
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.knowledge_gradient.kernel.draws import COIN, POSTERIOR, normal, uniforms
from ntp_dynamics.studies.knowledge_gradient.kernel.shares import optimal
from ntp_dynamics.studies.knowledge_gradient.kernel.special import log_f
from ntp_dynamics.system.compiled import compiled

NOWHERE = np.int64(0)
"""Where a coin is drawn, which no arm has."""
TRIES = 2000
"""Posterior draws of a pull (ttts) before the challenger is that of the least transport."""
LEAST = 1e-300
"""A squared gap is at least this, where it is divided by."""


@compiled()
def behind(t, w, n):
    """The arm that is furthest behind its share of n pulls."""
    return np.argmax(n * w - t)


@compiled()
def starving(m, v, t, eps):
    """OCBA: w_i in proportion to s_i^2/D_i, w_b = s_b sqrt(sum w_i^2/s_i^2)."""
    b = np.argmax(m)
    w = np.empty(len(m))
    squares = total = 0.0
    for i in range(len(m)):
        if i != b:
            w[i] = v[i] / max((m[i] - m[b] + eps) ** 2, LEAST)
            squares += w[i] * w[i] / v[i]
            total += w[i]
    w[b] = math.sqrt(v[b] * squares)
    return behind(t, w / (total + w[b]), t.sum() + 1)


@compiled()
def tracking(m, v, t, eps):
    """The optimal shares of the estimates; every arm at least about sqrt(n) times."""
    n = t.sum() + 1
    least = np.argmin(t)
    if t[least] < math.sqrt(n) - 0.5 * len(m):
        return least
    b = np.argmax(m)
    return behind(t, optimal((m - m[b] + eps) ** 2, v, b), n)


@compiled()
def transport(m, v, t, eps, leader):
    """The other arm of least D/(2 A): the cheapest to be taken for better."""
    arm, least = np.int64(-1), math.inf
    for j in range(len(m)):
        if j != leader:
            gap = max(m[leader] - m[j], 0.0) - eps
            cost = gap * gap / (v[j] / t[j] + v[leader] / t[leader])
            if cost < least or arm < 0:
                arm, least = j, cost
    return arm


@compiled()
def expected_improvement(m, v, t, coin):
    """TTEI: the arm of most expected improvement over the best estimate; by a fair coin, that of
    most expected improvement over this arm (Qin, Klabjan, Russo)."""
    b = np.argmax(m)
    leader = challenger = -1
    top = -math.inf
    for i in range(len(m)):
        st = math.sqrt(v[i] / t[i])
        value = math.log(st) + log_f((m[i] - m[b]) / st)
        if value > top:
            leader, top = i, value
    if coin < 0.5:
        return leader
    top = -math.inf
    for i in range(len(m)):
        if i != leader:
            st = math.sqrt(v[i] / t[i] + v[leader] / t[leader])
            value = math.log(st) + log_f((m[i] - m[leader]) / st)
            if value > top or challenger < 0:
                challenger, top = i, value
    return challenger


@compiled()
def thompson(m, v, t, coin, key, run, pull):
    """TTTS: the best arm of a posterior draw; by a fair coin, the best of further draws until it is
    another one, at most `TRIES`, then that of least transport."""
    k = len(m)
    leader = np.int64(-1)
    for attempt in range(TRIES):
        arm, top = 0, -math.inf
        for i in range(k):
            z = normal(key, POSTERIOR, run, pull, attempt * k + i)
            theta = m[i] + z * math.sqrt(v[i] / t[i])
            if theta > top:
                arm, top = i, theta
        if leader < 0:
            leader = arm
            if coin < 0.5:
                return leader
        elif arm != leader:
            return arm
    return transport(m, v, t, 0.0, leader)


@compiled()
def information_directed(m, v, t, eps, coin):
    """tt_ids: challenger of least D/(2 A) + log T; the leader b with probability V_b/(V_b + V_j).

    Where both are pulled in these proportions their shares are the optimal ones.
    """
    b = np.argmax(m)
    arm, least = -1, math.inf
    own = v[b] / t[b]
    for j in range(len(m)):
        if j != b:
            cost = 0.5 * (m[j] - m[b] + eps) ** 2 / (v[j] / t[j] + own) + math.log(t[j])
            if cost < least or arm < 0:
                arm, least = j, cost
    return b if coin < own / (own + v[arm] / t[arm]) else arm


@compiled()
def coin_of(key, run, pull):
    """In (0, 1), one a pull."""
    return uniforms(key, COIN, run, NOWHERE, pull)[0]
