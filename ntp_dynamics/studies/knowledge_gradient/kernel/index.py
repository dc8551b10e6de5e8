"""Indices of the knowledge gradient and of the improved one, always as logs.

Posteriors are theta_i ~ N(m_i, V_i), V_i = s_i^2/T_i after T_i pulls; b is the best estimate and
D_j = (m_j - m_b + eps)^2.  With A = V_j + V_b, B the same after one more pull of an arm, and
g = s^2/(T+1)^2 the variance of the shift of its mean, the improved index is a sum of e_j - E_j,

    e_j = exp(-D_j/(2 A)),    E_j = exp(-D_j/(2 (B + g)))                   plain
                              E_j = sqrt(B/(B + g)) exp(-D_j/(2 (B + g)))   integral
                              E_j = exp(-D_j/(2 B))                         variance_only

over j = i for an arm i other than b, and over all j for b.  e - E is formed as
exp(-D/(2 A)) (1 - e^-q), where q is a product and no difference: e and E agree in all digits where
T is large, and both are below the smallest float where D is.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ntp_dynamics.studies.knowledge_gradient.kernel.special import LOG_ROOT, log_f, log_sum

NONE, PLAIN, INTEGRAL, VARIANCE_ONLY = -1, 0, 1, 2
"""Variants of the value that is looked ahead to; none is the knowledge gradient itself."""


@njit(cache=True)
def shrinkage(d, a, s2, t, variant):
    """q = log e - log E of one term: ``d`` = D, ``a`` = A, and the arm with variance ``s2`` and
    ``t`` pulls is pulled once more."""
    if variant == VARIANCE_ONLY:
        fall = s2 / (t * (t + 1))
        return 0.5 * d * fall / (a * (a - fall))
    fall = s2 / (t * (t + 1) ** 2)
    q = 0.5 * d * fall / (a * (a - fall))
    if variant == INTEGRAL:
        shift = s2 / (t + 1) ** 2
        q += 0.5 * math.log1p(shift / (a - s2 / (t * (t + 1))))
    return q


@njit(cache=True)
def log_gain(d, a, s2, t, variant):
    """log(e - E)."""
    q = shrinkage(d, a, s2, t, variant)
    if q <= 0:
        return -math.inf
    return -0.5 * d / a + math.log(-math.expm1(-q))


@njit(cache=True)
def improved(m, v, t, eps, variant, out):
    """Log indices of iKG for the estimates ``m``, variances of a reward ``v`` and pulls ``t``."""
    b = np.argmax(m)
    parts = np.full(len(m), -math.inf)
    for j in range(len(m)):
        if j != b:
            d, a = (m[j] - m[b] + eps) ** 2, v[j] / t[j] + v[b] / t[b]
            out[j] = log_gain(d, a, v[j], t[j], variant)
            parts[j] = log_gain(d, a, v[b], t[b], variant)
    out[b] = log_sum(parts)


@njit(cache=True)
def rival(m, i):
    """The largest estimate of the other arms."""
    top = -math.inf
    for j in range(len(m)):
        if j != i and m[j] > top:
            top = m[j]
    return top


@njit(cache=True)
def gradient(m, v, t, out):
    """Log knowledge gradients: log st + log f(-|m_i - max m_j|/st), st = s/sqrt(T (T + 1))."""
    for i in range(len(m)):
        st = math.sqrt(v[i] / (t[i] * (t[i] + 1)))
        out[i] = math.log(st) + log_f(-abs(m[i] - rival(m, i)) / st)


@njit(cache=True)
def margins(m, v, t, eps, variant):
    """Difference of the two largest log indices of every run."""
    runs = len(m)
    found, out = np.empty(runs), np.empty(m.shape[1])
    for r in range(runs):
        if variant == NONE:
            gradient(m[r], v, t[r], out)
        else:
            improved(m[r], v, t[r], eps, variant, out)
        top = out.argmax()
        found[r] = out[top] - rival(out, top) if out[top] > -math.inf else math.nan
    return found


@njit(cache=True)
def gradient_arm(m, log_st, st):
    """The arm of the largest knowledge gradient.

    f(z) <= phi(z), so that an arm whose log st - z^2/2 is below what was found cannot win, and its
    f is not asked for.
    """
    k = len(m)
    b = np.argmax(m)
    second = rival(m, b)
    likely, top = 0, -math.inf
    for i in range(k):
        z = (m[b] - (second if i == b else m[i])) / st[i]
        bound = log_st[i] - 0.5 * z * z
        if bound > top:
            likely, top = i, bound
    found = log_st[likely] + log_f(-(m[b] - (second if likely == b else m[likely])) / st[likely])
    arm = likely
    for i in range(k):
        z = (m[b] - (second if i == b else m[i])) / st[i]
        if i != likely and log_st[i] - 0.5 * z * z - LOG_ROOT >= found:
            value = log_st[i] + log_f(-z)
            if value > found or (value == found and i < arm):
                found, arm = value, i
    return arm


@njit(cache=True)
def improved_arm(own, parts, b):
    """The arm of the largest improved index: ``own`` of the others, ``parts`` of the sum of b.

    The sum is at most k - 1 times its largest term: often that is enough.
    """
    arm, top, largest = -1, -math.inf, -math.inf
    for j in range(len(own)):
        if j != b:
            if own[j] > top or arm < 0:
                arm, top = j, own[j]
            largest = max(largest, parts[j])
    if largest + math.log(len(own) - 1) < top:
        return arm
    total = 0.0
    if largest > -math.inf:
        for j in range(len(own)):
            if j != b:
                total += math.exp(parts[j] - largest)
        largest += math.log(total)
    if largest > top or (largest == top and b < arm):
        return b
    return arm
