"""Functions of vectors of eight doubles: powers of two, the exponential, log1p and expm1, sums."""

from __future__ import annotations

from numba import njit

from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    any_greater,
    biased_exponent,
    fill,
    fraction,
    lane,
    shifted_to_exponent,
    times,
    where_greater,
)

LOG2_E = 1.4426950408889634
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
"""Their sum is log 2; the first has 21 trailing zero bits, so that small multiples are exact."""
MAGIC = 6755399441055744.0
"""1.5 * 2^52: adding it rounds to an integer, left in the low bits."""
SMALL = 0.34
"""e^x without a power of two: below log 2 / 2."""
SHORT = 0.01
SHORTEST = 3e-8
"""What the last terms of `expm1_series` add up to here is lost in rounding."""
SQRT2 = 1.4142135623730951
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
    return exp_series((x - n * LN2_HIGH) - n * LN2_LOW)


@njit(**INLINE)
def exp_series(r):
    """e^r for |r| <= log 2 / 2: `exp` to the bit."""
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
    r = minimum(x, fill(SMALL))
    series = expm1_series(r)
    if any_greater(x, fill(SMALL)):
        series = where_greater(x, fill(SMALL), (exp(x) - 1.0) / maximum(x, r), series)
    return series


@njit(**INLINE)
def expm1_series(x):
    """The same for x <= `SMALL`."""
    x2 = x * x
    return 1.0 + x * ((_low(x) + x2 * _middle(x, x2)) + x2 * (x2 * x2) * _high(x, x2))


@njit(**INLINE)
def expm1_short(x):
    """The same bits for x <= `SHORT`."""
    x2 = x * x
    return 1.0 + x * (_low(x) + x2 * _middle(x, x2))


@njit(**INLINE)
def expm1_shortest(x):
    """The same bits for x <= `SHORTEST`."""
    return 1.0 + x * _low(x)


@njit(**INLINE)
def log1p(x):
    """log(1 + x) for x >= 0, by the series of 2 artanh(s): s = x / (2 + x) up to sqrt 2 - 1, beyond
    it (m - 1) / (m + 1) with 1 + x = 2^n m and m between sqrt 1/2 and sqrt 2."""
    least = fill(SQRT2 - 1.0)
    if not any_greater(x, least):
        twice, p = _log_series(x / (2.0 + x))
        return twice + times(twice, p)
    u = 1.0 + x
    m = fraction(u)
    high = where_greater(m, fill(SQRT2), fill(1.0), fill(0.0))
    m = m * (1.0 - 0.5 * high)
    n = where_greater(x, least, (biased_exponent(u) - EXPONENT_OF_ONE) + high, fill(0.0))
    twice, p = _log_series(
        where_greater(x, least, m - 1.0, x) / where_greater(x, least, m + 1.0, 2.0 + x)
    )
    return n * LN2_HIGH + (twice + (twice * p + n * LN2_LOW))


@njit(**INLINE)
def _log_series(s):
    """2 artanh(s) = t + t p: (t, p)."""
    z = s * s
    z2 = z * z
    z4 = z2 * z2
    low = (1.0 / 3.0 + z * (1.0 / 5.0)) + z2 * (1.0 / 7.0 + z * (1.0 / 9.0))
    middle = (1.0 / 11.0 + z * (1.0 / 13.0)) + z2 * (1.0 / 15.0 + z * (1.0 / 17.0))
    p = low + z4 * (middle + z4 * (1.0 / 19.0 + z * (1.0 / 21.0)))
    return 2.0 * s, z * p


@njit(**INLINE)
def total(x):
    """The sum of the lanes, in pairs."""
    a = (lane(x, 0) + lane(x, 4)) + (lane(x, 2) + lane(x, 6))
    return a + ((lane(x, 1) + lane(x, 5)) + (lane(x, 3) + lane(x, 7)))


@njit(**INLINE)
def largest(x):
    """The largest lane."""
    m = lane(x, 0)
    for i in range(1, LANES):
        m = max(m, lane(x, i))
    return m
