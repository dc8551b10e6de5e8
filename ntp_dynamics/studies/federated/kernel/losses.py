"""Losses of a margin: f(w; x, y) = loss(x.w, y) + lam |w|^2/2, and their stable differences.

A difference quotient of f loses all digits where mu |grad f| is below the rounding of f.  So what
is computed is the difference loss(m + dm) - loss(m) itself, to the last digit at any dm:

    quadratic   (m - y) dm + dm^2/2
    logistic    log1p(expm1(-y dm)/(1 + e^(y m)))
    sigmoid     sigma(-y (m + dm)) - sigma(-y m) = -sinh(y dm/2)/(2 cosh(y m/2) cosh(y (m + dm)/2))
"""

from __future__ import annotations

import math

from numba import njit

from ntp_dynamics.studies.federated.kernel.compiled import INLINE

QUADRATIC, LOGISTIC, SIGMOID, USER = range(4)
SMALL = 0.01
"""Below it, series of eight terms are exact to the last digit."""
LARGE = 700.0
"""Beyond it exponentials leave the floats."""


@njit(**INLINE)
def expm1_small(x):
    """e^x - 1 for |x| < .01."""
    return x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4 * (1 + x / 5 * (1 + x / 6 * (1 + x / 7))))))


@njit(**INLINE)
def log1p_small(x):
    """log(1 + x) for |x| < .01."""
    s = 1 / 6 - x * (1 / 7 - x * (1 / 8 - x / 9))
    return x * (1 - x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x * (1 / 5 - x * s)))))


@njit(**INLINE)
def growth_of_step(dm):
    """e^-dm - 1, what all copies share of a logistic difference; dm itself where that is beyond the
    floats, which is told by its being below -1."""
    if abs(dm) < SMALL:
        return expm1_small(-dm)
    return math.expm1(-dm) if dm > -LARGE else dm


@njit(**INLINE)
def logistic_difference(m, grown, growth):
    """Of log(1 + e^-m), from e^-dm - 1 and ``growth`` = 1 + e^m."""
    z = grown / growth
    if abs(z) < SMALL:
        return log1p_small(z)
    if grown < -1:
        return -(m + grown) - max(-m, 0.0) - math.log1p(math.exp(-abs(m)))
    return math.log1p(z)


@njit(**INLINE)
def sigmoid_difference(m, dm):
    """Of 1/(1 + e^m)."""
    a, b = min(max(m, -LARGE), LARGE) / 2, min(max(m + dm, -LARGE), LARGE) / 2
    half = dm / 2
    if abs(half) > LARGE:
        return 1 / (1 + math.exp(2 * b)) - 1 / (1 + math.exp(2 * a))
    return -math.sinh(half) / math.cosh(a) / math.cosh(b) / 2


@njit(**INLINE)
def loss(kind, m, y):
    """loss(m, y), for difference=naive."""
    if kind == QUADRATIC:
        return (m - y) ** 2 / 2
    z = y * m
    if kind == LOGISTIC:
        return math.log1p(math.exp(-abs(z))) + max(-z, 0.0)
    return 1 / (1 + math.exp(min(z, LARGE)))


@njit(**INLINE)
def slope(kind, m, y):
    """d loss/dm."""
    if kind == QUADRATIC:
        return m - y
    s = 1 / (1 + math.exp(min(y * m, LARGE)))
    return -y * s if kind == LOGISTIC else -y * s * (1 - s)
