"""log Phi(z) and log f(z), f(z) = z Phi(z) + phi(z) = E (z + X)_+ for a standard normal X.

Below z = -6, with x = -z and the continued fraction c = x + 2/(x + 3/(x + ...)) of the Mills ratio,

    Phi(z) = phi(z) / (x + 1/c),      f(z) = phi(z) / (1 + c x),

in which nothing cancels, however far out.
"""

from __future__ import annotations

import math

from ntp_dynamics.system.compiled import compiled

LOG_ROOT = 0.5 * math.log(2 * math.pi)
ROOT_HALF = math.sqrt(0.5)
FAR = -6.0
NEAR_DEPTH, FAR_DEPTH, FAR_ENOUGH = 22, 12, 9.0
"""Terms of the fraction up to x = 9 and beyond: 1e-15 at 6 and at 9."""


@compiled()
def fraction(x):
    """c(x) = x + 2/(x + 3/(x + ...)) for x >= 6."""
    c = x
    for n in range(NEAR_DEPTH if x < FAR_ENOUGH else FAR_DEPTH, 1, -1):
        c = x + n / c
    return c


@compiled()
def log_phi_integral(z):
    """log Phi(z)."""
    if z > 0:
        return math.log1p(-0.5 * math.erfc(z * ROOT_HALF))
    if z > FAR:
        return math.log(0.5 * math.erfc(-z * ROOT_HALF))
    return -0.5 * z * z - LOG_ROOT - math.log(-z + 1 / fraction(-z))


@compiled()
def log_f(z):
    """log f(z)."""
    if z > FAR:
        density = math.exp(-0.5 * z * z - LOG_ROOT)
        return math.log(z * 0.5 * math.erfc(-z * ROOT_HALF) + density)
    return -0.5 * z * z - LOG_ROOT - math.log1p(-fraction(-z) * z)


@compiled()
def log_sum(x):
    """log sum exp, -inf for nothing but -inf."""
    top = x.max()
    if top == -math.inf:
        return top
    total = 0.0
    for value in x:
        total += math.exp(value - top)
    return top + math.log(total)
