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

from ntp_dynamics.studies.knowledge_gradient.kernel.special import LOG_ROOT, log_f, log_sum
from ntp_dynamics.system.compiled import compiled

NONE, PLAIN, INTEGRAL, VARIANCE_ONLY = -1, 0, 1, 2
"""Variants of the value that is looked ahead to; none is the knowledge gradient itself."""


LOG_2 = math.log(2)
POWERS = 0.5 ** np.arange(1075)
"""2^0 to 2^-1074, beyond which all is zero."""
SMALL = 1e-3
"""Below this a series of five terms has all digits."""


@compiled()
def short(q):
    """1 - e^-q for q >= 0."""
    if q < SMALL:
        return q * (1 - q / 2 * (1 - q / 3 * (1 - q / 4 * (1 - q / 5))))
    return -math.expm1(-q)


@compiled()
def log_one_more(x):
    """log(1 + x) for x >= 0."""
    if x < SMALL:
        return x * (1 - x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x / 5))))
    return math.log1p(x)


@compiled()
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
        q += 0.5 * log_one_more(shift / (a - s2 / (t * (t + 1))))
    return q


@compiled()
def log_gain(d, a, s2, t, variant):
    """log(e - E)."""
    q = shrinkage(d, a, s2, t, variant)
    if q <= 0:
        return -math.inf
    return -0.5 * d / a + math.log(short(q))


@compiled()
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


@compiled()
def rival(m, i):
    """The largest estimate of the other arms."""
    top = -math.inf
    for j in range(len(m)):
        if j != i and m[j] > top:
            top = m[j]
    return top


@compiled()
def gradient(m, v, t, out):
    """Log knowledge gradients: log st + log f(-|m_i - max m_j|/st), st = s/sqrt(T (T + 1))."""
    for i in range(len(m)):
        st = math.sqrt(v[i] / (t[i] * (t[i] + 1)))
        out[i] = math.log(st) + log_f(-abs(m[i] - rival(m, i)) / st)


@compiled()
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


@compiled()
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


@compiled()
def terms(d, a, own, best, variant):
    """One arm's two terms e - E, of its own pull and of one of the best arm, without logs.

    ``own``, ``best``: (variance, pulls) of the arm and of b.  Both terms are the returned numbers
    times 2^-power: exp(-D/(2 A)) leaves the range of floats, its power of two does not.
    """
    x = 0.5 * d / a
    power = math.floor(x / LOG_2)
    scale = math.exp(-(x - power * LOG_2))
    first = scale * short(shrinkage(d, a, own[0], own[1], variant))
    second = scale * short(shrinkage(d, a, best[0], best[1], variant))
    return first, second, power


@compiled()
def improved_arm(own, parts, power, b):
    """The arm of the largest improved index: terms ``own`` of the others, and the sum of ``parts``
    for b.

    Terms are brought to one power of two, which rounds nothing: what is found depends on where a
    run stands, and not on which terms were computed when.
    """
    k = len(own)
    low = math.inf
    for j in range(k):
        if j != b:
            low = min(low, power[j])
    arm, top, total = -1, -1.0, 0.0
    for j in range(k):
        if j != b:
            down = power[j] - low
            scale = POWERS[int(down)] if down < len(POWERS) else 0.0
            value = own[j] * scale
            total += parts[j] * scale
            if value > top:
                arm, top = j, value
    return b if total > top or (total == top and b < arm) else arm
