"""A copy of a run is no further evidence."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.curves.distinct import distinct
from ntp_dynamics.judging.judged import hold
from ntp_dynamics.judging.statement import Statement

T = np.geomspace(1, 1e4, 120)
Y = 1 / T * np.exp(0.1 * np.random.default_rng(0).standard_normal((3, T.size)))


def test_runs_that_differ_are_left_as_they_are() -> None:
    curve = Curve(T, Y)
    assert distinct(curve) is curve


def test_copies_count_once_and_are_named() -> None:
    curve = Curve(T, Y[[0, 1, 0, 2, 1]], runs=tuple("abcde"))
    once = distinct(curve)
    assert once.runs == ("a", "b", "d")
    assert np.array_equal(once.y, Y)
    assert once.notes == ("c holds the values of a and counts no more, and 1 more are copies too",)


def test_runs_with_bounds_of_their_own_are_no_copies() -> None:
    curve = Curve(T, Y[[0, 0]], bounds={"bound": np.stack([2 / T, 3 / T])})
    assert distinct(curve) is curve


def test_five_copies_say_no_more_than_one() -> None:
    one, five = (hold(Statement("1/t"), Curve(T, Y[[0] * n]), settles=False) for n in (1, 5))
    assert five.verdict.to_json() == one.verdict.to_json()
    assert len(five.curve.runs) == 1
