"""Arithmetic that rounds outward: what it encloses is what 60 digits say."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.theory.interval import Interval, dot

numbers = st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)
arrays = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=12)


def exact(x):
    return mpmath.mpf(float(x))


def encloses(found, truths):
    low, high = np.atleast_1d(found.low), np.atleast_1d(found.high)
    return all(exact(a) <= t <= exact(b) for a, t, b in zip(low, truths, high, strict=True))


@given(arrays)
@settings(max_examples=200, deadline=None)
def test_every_operation_encloses_the_truth(pairs):
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    a, b = Interval.exactly(x), Interval.exactly(y)
    with mpmath.workdps(60), np.errstate(over="ignore"):
        p, q = ([exact(v) for v in side] for side in (x, y))
        both = list(zip(p, q, strict=True))
        assert encloses(a + b, [u + v for u, v in both])
        assert encloses(a - b, [u - v for u, v in both])
        assert encloses(a * b, [u * v for u, v in both])
        assert encloses(a.square(), [u * u for u in p])
        assert encloses(a.square().root(), [abs(u) for u in p])
        assert encloses(
            (a.square() + Interval.exactly(1.0)).log(), [mpmath.log1p(u * u) for u in p]
        )
        small = Interval.exactly(x / 2000)
        assert encloses(small.exp(), [mpmath.exp(exact(u)) for u in x / 2000])
        assert encloses(dot(a, b), [mpmath.fsum(u * v for u, v in both)])
        owner = np.arange(len(x)) % 3
        sums = [mpmath.fsum(u for u, o in zip(p, owner, strict=True) if o == k) for k in range(3)]
        assert encloses(a.sums(owner, 3), sums)
        if (y != 0).all():
            assert encloses(a / b, [u / v for u, v in both])


@pytest.mark.parametrize("x", [-745.0, -40.0, -1e-9, 0.0, 1e-300, 0.5, 2.0**40, 709.0])
def test_exponentials_and_logarithms_are_enclosed_at_the_ends_of_their_range(x):
    with mpmath.workdps(60):
        if x < 710:
            assert encloses(Interval.exactly(x).exp(), [mpmath.exp(exact(x))])
        if x > 0:
            assert encloses(Interval.exactly(x).log(), [mpmath.log(exact(x))])


def test_a_fraction_is_enclosed_and_wide_intervals_keep_their_corners():
    third = Interval.of([Fraction(1, 3), Fraction(-2, 7)])
    for low, high, p in zip(third.low, third.high, (Fraction(1, 3), Fraction(-2, 7)), strict=True):
        assert Fraction(float(low)) < p < Fraction(float(high))
    wide = Interval(np.array(-2.0), np.array(3.0))
    found = wide * wide, wide.square(), -wide
    corners = [(-6, 9), (0, 9), (-3, 2)]
    for interval, (low, high) in zip(found, corners, strict=True):
        assert low - 1e-12 <= interval.low <= low
        assert high <= interval.high <= high + 1e-12


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ZeroDivisionError, match="0 is among the divisors"):
        Interval.exactly(1.0) / Interval(np.array(-1.0), np.array(1.0))
    with pytest.raises(ValueError, match="not positive"):
        Interval(np.array(0.0), np.array(1.0)).log()
