"""Flows on tight relations: exact in every token, positive, and the closest to given weights."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from ntp_dynamics.studies.next_token.theory.multipliers import closest_flow

# The bipartite square has one cycle, so that its flows form a line.
ABOVE, BELOW = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3])
SUPPLY = [Fraction(1, 2), Fraction(1, 2), Fraction(-1, 2), Fraction(-1, 2)]


def leaves(above, below, flow, size):
    found = [Fraction(0)] * size
    for a, b, x in zip(above.tolist(), below.tolist(), flow, strict=True):
        found[a] += x
        found[b] -= x
    return found


@given(st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=4), st.integers(1, 99))
@settings(max_examples=100, deadline=None)
def test_a_flow_adds_up_exactly_and_is_closest(weights, share):
    weights, part = np.array(weights), Fraction(share, 100)
    supply = [part, 1 - part, -Fraction(1, 3), -Fraction(2, 3)]
    flow = closest_flow(ABOVE, BELOW, supply, weights)
    assert flow is not None
    assert leaves(ABOVE, BELOW, flow, 4) == supply
    assert all(x > 0 for x in flow)
    # Closest: log(flow / weights) is a difference of potentials, so it adds up to 0 on the cycle.
    turn = np.log(np.array([float(x) for x in flow]) / weights)
    assert turn[0] - turn[1] - turn[2] + turn[3] == pytest.approx(0, abs=1e-4)


def test_the_closest_flow_is_the_least_of_its_line():
    weights = np.array([3.0, 1.0, 1.0, 5.0])

    def on_line(x):
        return np.array([x, 0.5 - x, 0.5 - x, x])

    def divergence(x):
        return float((on_line(x) * np.log(on_line(x) / weights)).sum())

    best = minimize_scalar(divergence, bounds=(1e-9, 0.5 - 1e-9), method="bounded")
    flow = closest_flow(ABOVE, BELOW, SUPPLY, weights)
    assert flow is not None
    # A minimum is flat: its place is good to the root of the precision of its value.
    np.testing.assert_allclose([float(x) for x in flow], on_line(best.x), atol=1e-5)
    assert abs(best.x - 0.25) > 0.1


def test_a_tree_has_one_flow_whatever_the_weights_are():
    above, below = np.array([0, 1]), np.array([1, 2])
    supply = [Fraction(1), Fraction(0), Fraction(-1)]
    assert closest_flow(above, below, supply, np.array([1e-9, 1e9])) == [Fraction(1), Fraction(1)]


@pytest.mark.parametrize(
    ("supply", "weights"),
    [
        ([Fraction(-1), Fraction(0), Fraction(1)], [1.0, 1.0]),  # against the relations
        ([Fraction(1), Fraction(0), Fraction(-1)], [1.0, np.inf]),
        ([Fraction(1), Fraction(0), Fraction(-1)], [1.0, 0.0]),
    ],
)
def test_where_there_is_none_it_says_so(supply, weights):
    above, below = np.array([0, 1]), np.array([1, 2])
    with np.errstate(all="ignore"):
        assert closest_flow(above, below, supply, np.array(weights)) is None
