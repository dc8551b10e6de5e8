"""The shortest separating matrix: conditions of optimality, bounds, and steps by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.embedding import gaussian
from ntp_dynamics.studies.next_token.theory import dual_gradient, min_norm
from ntp_dynamics.studies.next_token.theory.gram_dual import factor
from ntp_dynamics.studies.next_token.theory.min_norm import Contradiction
from ntp_dynamics.studies.next_token.theory.separation import Relations, solution_of
from tests.studies.next_token.theory.drawn import SIZE, orders, relations_of_twenty, seeds, triples


@given(orders, st.integers(3, 8), seeds)
@settings(max_examples=100, deadline=None)
def test_multipliers_satisfy_every_condition_of_optimality(found, dim, seed):
    """Feasible, dual feasible, complementary, stationary; W is its own combination of relations."""
    root = factor(gaussian(SIZE, dim, np.random.default_rng(seed)).gram)
    relations = Relations(*np.array(triples(found)).T, root, root)
    try:
        solution = min_norm.solve(relations)
    except (Contradiction, min_norm.Unsolved):
        return
    multipliers = solution.multipliers
    w = relations.matrix(multipliers)
    slack = relations.margins(w) - 1
    scale = max(1.0, multipliers.sum())
    assert multipliers.min() >= 0
    assert slack.min() >= -1e-13 * scale
    assert np.abs(multipliers * slack).max() <= 1e-9 * scale
    assert (w**2).sum() == pytest.approx(multipliers.sum(), rel=1e-9)
    rows = relations.rows()
    np.testing.assert_allclose(multipliers @ rows, w.ravel(), atol=1e-13 * scale)
    kernel = relations.kernel(np.ones(len(rows), dtype=bool))
    np.testing.assert_allclose(rows @ rows.T, kernel, atol=1e-14)


def test_the_gradient_method_is_accelerated(monkeypatch):
    """400 steps bring the gap below 1e-11 here; without momentum it takes thousands."""
    relations = relations_of_twenty(1, 8, 3)
    monkeypatch.setattr(dual_gradient, "STEPS", 400)
    assert solution_of(relations, dual_gradient.dual_gradient(relations)).gap <= 1e-11


def test_three_steps_of_the_gradient_method_by_hand(monkeypatch):
    """One relation, z = lambda ||F||^2: a step goes a = 1/1.02 of the way to 1, and from the second
    on starts ahead by (t_1 - 1) / t_2 of the last one, t_1 = (1 + sqrt 5) / 2."""
    relations = Relations(*np.array([(0, 1, 0)]).T, np.diag([3.0, 4.0]), np.array([[1.0], [2.0]]))
    a, t_1 = 1 / 1.02, (1 + math.sqrt(5)) / 2
    t_2 = (1 + math.sqrt(1 + 4 * t_1**2)) / 2
    z_1, z_2 = a, a + a * (1 - a)
    ahead = z_2 + (t_1 - 1) / t_2 * (z_2 - z_1)
    for steps, z in (1, z_1), (2, z_2), (3, ahead + a * (1 - ahead)):
        monkeypatch.setattr(dual_gradient, "STEPS", steps)
        found = dual_gradient.dual_gradient(relations)[0] * 25 * 5
        assert found == pytest.approx(z, rel=1e-14, abs=0)


def test_the_gradient_method_looks_at_its_gap_after_every_hundred_steps(monkeypatch):
    """Here 100 steps leave a gap of 1e-6 and 200 one of 1e-12, below the wanted 1e-11."""
    relations = relations_of_twenty(1, 12, 3)
    ended = dual_gradient.dual_gradient(relations)
    monkeypatch.setattr(dual_gradient, "EVERY", 1000)
    same = {}
    for steps in (100, 199, 200, 201):
        monkeypatch.setattr(dual_gradient, "STEPS", steps)
        same[steps] = np.array_equal(dual_gradient.dual_gradient(relations), ended)
    assert same == {100: False, 199: False, 200: True, 201: False}


def test_a_gap_allows_for_rounding():
    """One relation, W = F / ||F||^2: with r = 8 eps ||F|| the margin may be 1 - r ||W||, the norm
    ||W|| + r sum lambda, so that the gap is 1 - ((1 - 8 eps) / (1 + 8 eps)^2)^2 = 48 eps."""
    left, right = np.array([[3.0, 1.0], [0.0, 4.0]]), np.array([[0.5], [1.0]])
    one, zero = np.array([1]), np.array([0])
    relations = Relations(zero, one, zero, left, right)
    square = (2**2 + 4**2) * (0.5**2 + 1)  # ||(3,0) - (1,4)||^2 ||(.5,1)||^2
    solution = solution_of(relations, np.array([1 / square]))
    assert solution.norm_squared == pytest.approx(1 / square, rel=1e-14)
    assert solution.gap == pytest.approx(48 * 2.0**-52, rel=0.1, abs=0)
    assert solution_of(relations, np.array([0.0])).gap == np.inf


@pytest.mark.parametrize("dim", [40, 15, 8])
def test_active_relations_are_found_from_a_wrong_guess(dim):
    """One active relation missing, one idle one too many, the others off by a tenth."""
    relations = relations_of_twenty(2, dim, 4)
    best = min_norm.solve(relations).multipliers
    active, idle = np.flatnonzero(best > 1e-6), np.flatnonzero(best <= 1e-6)
    guess = best * np.linspace(0.9, 1.1, len(best))
    guess[active[0]], guess[idle[0]] = 0.0, best.max()
    assert min_norm._polish(relations, guess).gap <= 1e-12


@pytest.mark.parametrize(("distance", "contradicts"), [(0.0, True), (1e-9, False)])
def test_relations_that_cancel_but_for_a_billionth_do_not_contradict(distance, contradicts):
    """0 above 1 under one query and 1 above 0 under another, whose vector is almost the same."""
    right = np.array([[1.0, 1.0], [0.0, distance]])
    relations = Relations(*np.array([(0, 1, 0), (1, 0, 1)]).T, np.eye(2), right)
    found = min_norm._contradiction(relations)
    if contradicts:
        np.testing.assert_allclose(found, [0.5, 0.5], rtol=1e-12)
    else:
        assert found is None


@pytest.mark.parametrize("largest_kernel", [1500, 0])
def test_a_gap_equal_to_the_target_is_enough_and_nothing_more_is_tried(largest_kernel, monkeypatch):
    relations = relations_of_twenty(1, 15, 3)
    monkeypatch.setattr(min_norm, "LARGEST_KERNEL", largest_kernel)
    monkeypatch.setattr(min_norm, "TOLERANCES", (1e-10,))
    gap = min_norm.solve(relations).gap
    monkeypatch.setattr(min_norm, "TARGET_GAP", gap)
    monkeypatch.setattr(min_norm, "TOLERANCES", (1e-10, "never tried"))
    assert min_norm.solve(relations).gap == gap
