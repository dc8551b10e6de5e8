"""Functions of vectors of eight doubles: powers of two, the exponential, log1p and expm1, sums."""

from __future__ import annotations

from numba import njit

from ntp_dynamics.model.simd import (
    INLINE,
    LANES,
    biased_exponent,
    fill,
    fraction,
    lane,
    shifted_to_exponent,
    where_greater,
)

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""Their sum is log 2; the first has 21 trailing zero bits, so that small multiples are exact."""
MAGIC = 6755399441055744.0
"""1.5 * 2^52: adding it rounds to an integer, left in the low bits."""
EXPONENT_OF_ONE = 4503599627371519.0
"""2^52 + 1023: what `biased_exponent` makes of 1."""


@njit(**INLINE)
def maximum(x, y):
    return where_greater(x, y, x, y)


@njit(**INLINE)
def minimum(x, y):
    return where_greater(x, y, y, x)


@njit(**INLINE)
def power_of_two(k):
    """2^k for integers k <= 1023; 0 from k = -1023 down."""
    return shifted_to_exponent(maximum(k, fill(-1023.0)) + (MAGIC + 1023.0))


@njit(**INLINE)
def exponent(x):
    """The integer n nearest to x / log 2: e^x = mantissa(x, n) 2^n."""
    return (x * LOG2_E + MAGIC) - MAGIC


@njit(**INLINE)
def mantissa(x, n):
    """e^(x - n log 2), between 0.7 and 1.42: 1 + r + r^2 times a near-minimax polynomial of degree
    9, of relative error 1.3e-17."""
    r = (x - n * LN2_HIGH) - n * LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    return ((1.0 + r) + r2 * _low(r)) + r4 * _middle(r, r2) + r4 * r4 * _high(r, r2)


@njit(**INLINE)
def _low(r):
    return 0.5000000000000001 + r * 0.16666666666666669


@njit(**INLINE)
def _middle(r, r2):
    return (0.04166666666662413 + r * 0.008333333333330062) + r2 * (
        0.0013888888917213717 + r * 0.00019841269863053618
    )


@njit(**INLINE)
def _high(r, r2):
    return (2.4801521295954376e-05 + r * 2.7557268459997064e-06) + r2 * (
        2.7620088445409746e-07 + r * 2.510038549551032e-08
    )


@njit(**INLINE)
def exp(x):
    """e^x for x <= 709; 0 from -745 down."""
    x = maximum(x, fill(-745.0))
    n = exponent(x)
    return mantissa(x, n) * power_of_two(n)


@njit(**INLINE)
def expm1_ratio(x):
    """(e^x - 1) / x for 0 <= x <= 700; 1 at 0."""
    r = minimum(x, fill(0.34))
    r2 = r * r
    series = 1.0 + r * ((_low(r) + r2 * _middle(r, r2)) + r2 * (r2 * r2) * _high(r, r2))
    return where_greater(x, fill(0.34), (exp(x) - 1.0) / maximum(x, r), series)


@njit(**INLINE)
def log1p_ratio(x):
    """log(1 + x) / x for x >= 0; 1 at 0.

    log(2^n m) with m between sqrt 1/2 and sqrt 2 by the series in (m - 1) / (m + 1), and what
    rounding took from 1 + x to first order.
    """
    x = maximum(x, fill(1e-300))
    u = 1.0 + x
    m = fraction(u)
    high = where_greater(m, fill(1.4142135623730951), fill(1.0), fill(0.0))
    n = (biased_exponent(u) - EXPONENT_OF_ONE) + high
    m = m * (1.0 - 0.5 * high)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 19.0 + z * (1.0 / 21.0)
    p = 1.0 / 15.0 + z * (1.0 / 17.0 + z * p)
    p = 1.0 / 11.0 + z * (1.0 / 13.0 + z * p)
    p = 1.0 / 7.0 + z * (1.0 / 9.0 + z * p)
    p = 1.0 / 3.0 + z * (1.0 / 5.0 + z * p)
    lost = (x - (u - 1.0)) / u
    log = n * LN2_HIGH + (2.0 * s + ((2.0 * s) * (z * p) + (n * LN2_LOW + lost)))
    return log / x


@njit(**INLINE)
def total(x):
    """The sum of the lanes, from the first to the last."""
    s = 0.0
    for i in range(LANES):
        s += lane(x, i)
    return s


@njit(**INLINE)
def largest(x):
    """The largest lane."""
    m = lane(x, 0)
    for i in range(1, LANES):
        m = max(m, lane(x, i))
    return m
