"""Shares that make all comparisons with the best arm equally hard.

In units of w_b = 1, all C_i = D_i/(2 (s_i^2/w_i + s_b^2)) are R if w_i = s_i^2/(D_i/(2 R) - s_b^2).
With D_1 the least and D_1/(2 R) = s_b^2 (1 + x) this is w_i = (s_i^2/s_b^2)/((D_i/D_1 - 1) +
(D_i/D_1) x), in which nothing cancels, for x in (0, inf).  One more condition fixes x:

    sum_i (w_i^2/s_i^2) h(1)/h(w_i) = 1/s_b^2,     h(w) = 1            optimal
                                                   h(w) = 1/w          plain
                                                   h(w) = 1 + 2 R/w    integral
    sum_i w_i = 1                                                      half
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.system.compiled import compiled

OPTIMAL, PLAIN, INTEGRAL, HALF = np.int64(0), np.int64(1), np.int64(2), np.int64(3)
"""Which condition."""
STEPS = 90
"""Of bisection in log x, from 1e-17 to 1e17."""


@compiled()
def excess(x, d, v, b, kind, w):
    """The condition's left side less its right one, in units of the right one; ``w`` is filled."""
    least = math.inf
    for i in range(len(d)):
        if i != b:
            least = min(least, d[i])
    rate = least / (2 * v[b] * (1 + x))
    total = 0.0
    for i in range(len(d)):
        if i == b:
            w[i] = 1.0
            continue
        far = d[i] / least
        w[i] = v[i] / v[b] / ((far - 1) + far * x)
        part = w[i] * w[i] * v[b] / v[i]
        if kind == PLAIN:
            part *= w[i]
        elif kind == INTEGRAL:
            part *= (1 + 2 * rate) / (1 + 2 * rate / w[i])
        elif kind == HALF:
            part = w[i]
        total += part
    return total - 1


@compiled()
def balanced(d, v, b, kind):
    """The shares (k,), which sum to 1, of squared gaps ``d`` > 0 and variances ``v``."""
    w = np.empty(len(d))
    low, high = math.log(1e-17), math.log(1e17)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if excess(math.exp(middle), d, v, b, kind, w) > 0:
            low = middle
        else:
            high = middle
    excess(math.exp(0.5 * (low + high)), d, v, b, kind, w)
    return w / w.sum()


@compiled()
def optimal(d, v, b):
    """w*, also of estimates that are tied: the tied arms share what there is."""
    floored = d.copy()
    top = 0.0
    for i in range(len(d)):
        if i != b:
            top = max(top, d[i])
    for i in range(len(d)):
        floored[i] = max(d[i], 1e-24 * top, 1e-300)
    return balanced(floored, v, b, OPTIMAL)
