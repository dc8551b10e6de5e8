"""Numbers between two floats: arithmetic that rounds outward.

Sums, products, quotients and roots are correctly rounded in IEEE arithmetic, so that the next float
on either side encloses them.  The exponential and the logarithm of numpy are good to 4 units in the
last place; 8 are taken.  `math.fsum` rounds once, however many terms there are.  What is too large
for a float is infinite, as numpy has it: whoever expects that silences the warning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float, Int

PLACES = 8
"""Units in the last place that an exponential or a logarithm is taken to be off by."""

Array = Float[np.ndarray, " *shape"]


@dataclass(frozen=True, eq=False)
class Interval:
    """All numbers from ``low`` to ``high``, arrays of one shape."""

    low: Array
    high: Array

    @classmethod
    def exactly(cls, value: Any) -> Interval:
        """Of floats as they stand, also of a Python int below 2^53."""
        x = np.asarray(value, dtype=np.float64)
        return cls(x, x)

    @classmethod
    def of(cls, fractions: Sequence[Fraction]) -> Interval:
        """The floats around each of these; conversion rounds to the nearest."""
        x = np.array([float(fraction) for fraction in fractions])
        return _widened(x, x)

    def __add__(self, other: Interval) -> Interval:
        return _widened(self.low + other.low, self.high + other.high)

    def __sub__(self, other: Interval) -> Interval:
        return _widened(self.low - other.high, self.high - other.low)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __mul__(self, other: Interval) -> Interval:
        if self._is_not_negative and other._is_not_negative:
            return _widened(self.low * other.low, self.high * other.high)
        return self._corners(other, np.multiply)

    def __truediv__(self, other: Interval) -> Interval:
        """Raises ZeroDivisionError where 0 is among the divisors."""
        if ((other.low <= 0) & (other.high >= 0)).any():
            raise ZeroDivisionError("0 is among the divisors")
        if self._is_not_negative and other._is_not_negative:
            return _widened(self.low / other.high, self.high / other.low)
        return self._corners(other, np.divide)

    def __getitem__(self, which: Any) -> Interval:
        return Interval(self.low[which], self.high[which])

    def square(self) -> Interval:
        """Its square, which is not negative."""
        most = np.maximum(abs(self.low), abs(self.high))
        least = np.where(
            (self.low < 0) & (self.high > 0), 0, np.minimum(abs(self.low), abs(self.high))
        )
        return _widened(least * least, most * most).not_negative()

    def root(self) -> Interval:
        """The root of what of it is not negative."""
        return _widened(*(np.sqrt(np.maximum(x, 0)) for x in (self.low, self.high))).not_negative()

    def exp(self) -> Interval:
        return _blurred(np.exp(self.low), np.exp(self.high)).not_negative()

    def log(self) -> Interval:
        """Raises ValueError where a number is not positive."""
        if (self.low <= 0).any():
            raise ValueError("the logarithm of what is not positive")
        return _blurred(np.log(self.low), np.log(self.high))

    def not_negative(self) -> Interval:
        """What is known not to be negative."""
        return Interval(np.maximum(self.low, 0), np.maximum(self.high, 0))

    def sum(self) -> Interval:
        """Of all entries."""
        return _widened(*(np.array(math.fsum(x.ravel().tolist())) for x in (self.low, self.high)))

    def sums(self, owner: Int[np.ndarray, " M"], count: int) -> Interval:
        """Of the entries of each of so many owners; a sum of n terms is off by n roundings."""
        terms = np.bincount(owner, minlength=count) + 1
        size = np.bincount(owner, np.maximum(abs(self.low), abs(self.high)), count)
        off = np.nextafter(size * terms * np.finfo(float).eps, np.inf)
        low, high = (np.bincount(owner, x, count) for x in (self.low, self.high))
        return _widened(low - off, high + off)

    @property
    def _is_not_negative(self) -> bool:
        return bool((self.low >= 0).all())

    def _corners(self, other: Interval, by: Callable[[Array, Array], Array]) -> Interval:
        ends = [by(x, y) for x in (self.low, self.high) for y in (other.low, other.high)]
        return _widened(np.minimum.reduce(ends), np.maximum.reduce(ends))


def dot(x: Interval, y: Interval) -> Interval:
    """The sum of products of entries."""
    return (x * y).sum()


def _widened(low: Array, high: Array) -> Interval:
    return Interval(np.nextafter(low, -np.inf), np.nextafter(high, np.inf))


def _blurred(low: Array, high: Array) -> Interval:
    return Interval(low - PLACES * np.spacing(abs(low)), high + PLACES * np.spacing(abs(high)))
