"""What was expected, and how far from it a measurement may be: both fixed before anything ran.

An expectation never sees a record.  Its width follows its source, not the outcome:

* a count, a label or a sign: exact;
* an exponent or a slope of a law: an absolute band, the one that the theory states;
* a number of our notes on the very same corpus, printed to two digits: 5 %; a step of the record,
  whose grid has 24 points a decade: 10 %;
* a number of our notes on *one corpus of another draw*: 10 % where ||W*|| sets it (a norm, decades
  of loss), a factor two where it is a prefactor (1 - cos, a leak, a loss).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import fisher_exact

from benchmarks.catalogue.spelling import spell

PRINTED = 0.05
"""Relative room of a number that the notes print to two digits, for the same corpus."""
GRID = 0.10
"""Relative room of a recorded step: 24 a decade."""
LAW = 0.10
"""Relative room, from one corpus to another, of what ||W*|| sets."""
PREFACTOR = 2.0
"""Factor, from one corpus to another, of what a law leaves open."""
OTHER_DRAW = "the notes have one corpus, of another draw"
"""The reason where a number of that corpus does not hold for every one of ours."""


@dataclass(frozen=True)
class Interval:
    """A closed interval that every measured value has to lie in."""

    low: float
    high: float
    said: str
    decimals: int | None = None
    """How many a measurement is shown with; None: three digits."""

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"an interval from {self.low} to {self.high} holds nothing")

    def holds(self, measured: Measured) -> bool:
        """Of every value; nothing measured, or a nan among it, is outside."""
        if isinstance(measured, tuple):
            return False
        values = np.atleast_1d(measured)
        return values.size > 0 and bool(np.all((values >= self.low) & (values <= self.high)))


@dataclass(frozen=True)
class Words:
    """Labels, one of which every measured word has to be."""

    allowed: frozenset[str]
    said: str

    def holds(self, measured: Measured) -> bool:
        """Of every word; no word is outside."""
        return isinstance(measured, tuple) and len(measured) > 0 and self.allowed >= set(measured)


@dataclass(frozen=True)
class Nothing:
    """No expectation: the number is only shown."""

    said: str = ""

    def holds(self, measured: Measured) -> None:
        return None


Measured = Float[np.ndarray, " n"] | tuple[str, ...]
Expectation = Interval | Words | Nothing


def near(value: float, *, within: float) -> Interval:
    """``value``, give or take ``within`` (absolute)."""
    decimals = max(0, math.ceil(-math.log10(within)))
    said = f"{spell(value, decimals)} within {spell(within)}"
    return Interval(value - within, value + within, said, decimals)


def about(value: float, *, share: float) -> Interval:
    """``value``, give or take a share of it."""
    room = share * abs(value)
    return Interval(value - room, value + room, f"{spell(value)} within {100 * share:g} %")


def order(value: float, *, factor: float) -> Interval:
    """A positive ``value`` up to a factor."""
    return Interval(value / factor, value * factor, f"{spell(value)} within a factor {factor:g}")


def between(low: float, high: float, said: str = "") -> Interval:
    """Two limits; ``said`` is how the theory puts it."""
    limits = f"{spell(low)} to {spell(high)}"
    return Interval(low, high, f"{said}: {limits}" if said else limits)


def below(limit: float) -> Interval:
    """At most ``limit``."""
    return Interval(-np.inf, limit, f"at most {spell(limit)}")


def above(limit: float) -> Interval:
    """At least ``limit``."""
    return Interval(limit, np.inf, f"at least {spell(limit)}")


def exactly(value: float) -> Interval:
    """An integer, to the last unit."""
    return Interval(value, value, f"{value:,g}")


def one_of(*words: str) -> Words:
    """A label, to the letter."""
    return Words(frozenset(words), " or ".join(words))


def share(count: int, of: int, among: int, level: float = 0.01) -> Interval:
    """As many of ``among`` as are compatible, by Fisher's exact test, with ``count`` of ``of``.

    Counts fit the worse the farther they lie from the same share, so both ends are searched.
    """

    def fits(k: int) -> bool:
        table = [[k, among - k], [count, of - count]]
        return float(np.asarray(fisher_exact(table))[1]) > level

    middle = min(max(round(among * count / of), 0), among)
    low = bisect_left(range(middle), True, key=fits)
    high = middle + bisect_left(range(middle + 1, among + 1), True, key=lambda k: not fits(k))
    said = f"{count} of {of}, that is {low} to {high} of {among} at the 1 % level"
    return Interval(low, high, said)
