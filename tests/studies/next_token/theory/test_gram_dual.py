"""Targets for any embedding: equal to the exact ones where those exist, and to another method."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from ntp_dynamics.studies.next_token.data.embedding import gaussian, orthonormal
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.theory import min_norm
from ntp_dynamics.studies.next_token.theory.gram_dual import (
    NoGramTarget,
    attention_dual,
    factor,
    feed_forward_dual,
)
from ntp_dynamics.studies.next_token.theory.max_margin import ClosedFormTarget, attention_target
from ntp_dynamics.studies.next_token.theory.separation import Relations
from tests.studies.next_token.theory.drawn import SIZE, corpus_of_twenty, orders, seeds, triples


def constraint(e, a, b, q):
    return np.outer(e[:, a] - e[:, b], e[:, q]).ravel()


def least_distance(rows):
    """min ||w|| s.t. rows w >= 1, by Lawson and Hanson (1974); None where there is none."""
    system = np.vstack([rows.T, np.ones(len(rows))])
    target = np.append(np.zeros(rows.shape[1]), 1.0)
    residual = system @ lsq_linear(system, target, (0, np.inf), method="bvls", tol=1e-15).x - target
    return -residual[:-1] / residual[-1] if abs(residual[-1]) > 1e-8 else None


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize("name", ["paper_example", "complete", "sparse", "chain5", "long"])
def test_orthonormal_embeddings_give_the_exact_targets(golden, corpus_of, name, rotated):
    corpus = corpus_of(golden[name])
    found, size = recognise(corpus), corpus.vocab_size
    e = orthonormal(size, size + 2, np.random.default_rng(1)).matrix
    gram = e.T @ e if rotated else np.eye(size)
    target, exact = attention_dual(found.orders or {}, gram), attention_target(found)
    queries = corpus.queries
    np.testing.assert_allclose(
        target.matrix(queries, size), exact.matrix(queries, size), rtol=0, atol=1e-9
    )
    assert target.norm == pytest.approx(exact.norm, rel=1e-11)
    assert target.tight == exact.tight
    assert not target.exact
    assert target.forced_zero in ({0, -1} if exact.forced_zero == 0 else {-1})
    ov, exact_ov = (
        feed_forward_dual(found.collocation, gram),
        ClosedFormTarget(found.collocation, size),
    )
    np.testing.assert_allclose(ov.matrix, exact_ov.matrix, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ov.coefficients, exact_ov.coefficients, rtol=0, atol=1e-12)
    assert ov.norm == pytest.approx(exact_ov.norm, rel=1e-12)


@given(orders, st.integers(2, 8), seeds)
@settings(max_examples=150, deadline=None)
def test_targets_agree_with_least_distance_programming_or_a_combination_cancels(found, dim, seed):
    e = gaussian(SIZE, dim, np.random.default_rng(seed)).matrix
    w = least_distance(np.array([constraint(e, *t) for t in triples(found)]))
    try:
        target = attention_dual(found, e.T @ e)
    except NoGramTarget as error:
        assert w is None or np.linalg.norm(w) > 1e2  # float cannot tell
        if error.multipliers:
            assert_cancels(e, error)
        return
    assert target.gap <= 1e-10 * target.norm**2 / 2
    scores = target.matrix(range(SIZE), SIZE)
    rounding = 1e-9 + 1e-11 * target.norm
    assert min(scores[a, q] - scores[b, q] for a, b, q in triples(found)) >= 1 - rounding
    if w is not None and target.norm < 100:
        assert target.norm == pytest.approx(np.linalg.norm(w), rel=1e-7)
        np.testing.assert_allclose(scores, e.T @ w.reshape(dim, dim) @ e, rtol=0, atol=1e-6)


def assert_cancels(e, error):
    weights = np.array(list(error.multipliers.values()))
    rows = np.array([constraint(e, *t) for t in error.multipliers])
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert np.sum((weights @ rows) ** 2) <= 1e-20 * (weights @ np.linalg.norm(rows, axis=1)) ** 2


@pytest.mark.parametrize("dim", [40, 20, 10, 6])
@pytest.mark.parametrize("seed", range(3))
def test_twenty_tokens_reach_a_gap_of_1e_10_in_any_of_these_dimensions(dim, seed):
    found = corpus_of_twenty(seed)
    embedding = gaussian(20, dim, np.random.default_rng(seed + 10))
    gram, e = embedding.gram, embedding.matrix
    target = attention_dual(found.orders or {}, gram)
    assert 2 * target.gap / target.norm**2 <= 1e-11
    assert target.forced_zero == 0
    queries = sorted(found.orders or {})
    b, scores = target.coefficients(queries, 20), target.matrix(queries, 20)
    w = e @ b @ e[:, queries].T
    assert np.linalg.norm(w) == pytest.approx(target.norm, rel=1e-11)
    np.testing.assert_allclose(e.T @ w @ e[:, queries], scores, atol=1e-10)
    assert not np.delete(target.coefficients(range(20), 20), queries, axis=1).any()
    ov = feed_forward_dual(found.collocation, gram)
    assert 2 * ov.gap / ov.norm**2 <= 1e-11
    assert np.linalg.norm(ov.coefficients @ e.T) == pytest.approx(ov.norm, rel=1e-11)
    np.testing.assert_allclose(ov.coefficients @ gram, ov.matrix, atol=1e-10)


@pytest.mark.parametrize("dim", [2, 3])
def test_too_few_dimensions_are_refused_with_a_combination_that_cancels(dim):
    found = corpus_of_twenty(0)
    e = gaussian(20, dim, np.random.default_rng(0)).matrix
    with pytest.raises(NoGramTarget) as refusal:
        attention_dual(found.orders or {}, e.T @ e)
    count = len(refusal.value.multipliers)
    assert 2 <= count <= dim**2 + 1
    assert str(refusal.value) == (
        "problem (3) is infeasible for these embeddings: "
        f"a combination of {count} relations cancels"
    )
    assert_cancels(e, refusal.value)


@given(st.integers(4, 12), seeds)
@settings(max_examples=60, deadline=None)
def test_the_closed_form_of_w_ov_holds_exactly_where_its_multipliers_are_not_negative(dim, seed):
    rng = np.random.default_rng(seed)
    size = 4
    e = gaussian(size, dim, rng).matrix
    gram = e.T @ e
    n = rng.permutation(size)
    candidate = np.eye(size)[:, n] - 1 / size
    coefficients = candidate @ np.linalg.inv(gram)
    target = feed_forward_dual(n.tolist(), gram)
    others = np.ones((size, size), dtype=bool)
    others[n, range(size)] = False
    worst = coefficients[others].max()
    if worst <= 0:
        np.testing.assert_allclose(target.matrix, candidate, atol=1e-8)
    elif worst > 1e-3:
        assert np.abs(target.matrix - candidate).max() > 1e-6
    rows = np.array(
        [
            np.outer(np.eye(size)[n[x]] - np.eye(size)[v], e[:, x]).ravel()
            for x in range(size)
            for v in range(size)
            if v != n[x]
        ]
    )
    w = least_distance(rows)
    assert w is not None
    if target.norm < 100:
        np.testing.assert_allclose(target.matrix, w.reshape(size, dim) @ e, atol=1e-6)


def test_tokens_without_a_known_continuation_have_no_coefficients():
    gram = gaussian(5, 7, np.random.default_rng(2)).gram
    target = feed_forward_dual([2, 2, 0, -1, 4], gram)
    assert not target.coefficients[:, 3].any()
    assert target.matrix[:, 3].any()
    for x, y in enumerate([2, 2, 0, None, 4]):
        if y is not None:
            assert (target.matrix[y, x] - np.delete(target.matrix[:, x], y)).min() >= 1 - 1e-12


@pytest.mark.parametrize("dim", [40, 15, 8])
def test_the_gradient_method_for_many_relations_agrees_with_the_kernel(dim, monkeypatch):
    found = corpus_of_twenty(1)
    gram = gaussian(20, dim, np.random.default_rng(3)).gram
    kernel = attention_dual(found.orders or {}, gram), feed_forward_dual(found.collocation, gram)
    monkeypatch.setattr(min_norm, "LARGEST_KERNEL", 0)
    many = attention_dual(found.orders or {}, gram), feed_forward_dual(found.collocation, gram)
    for one, other in zip(kernel, many, strict=True):
        assert other.norm == pytest.approx(one.norm, rel=1e-10)
        assert 2 * other.gap / other.norm**2 <= 1e-10
    np.testing.assert_allclose(many[0].scores, kernel[0].scores, atol=1e-4 * kernel[0].norm)


def test_the_gap_of_a_target_is_in_units_of_its_own_norm():
    """Relative to 1/2 ||W||^2 in the solver, absolute in the target."""
    found = corpus_of_twenty(0)
    gram = gaussian(20, 6, np.random.default_rng(10)).gram
    root = factor(gram)
    solution = min_norm.solve(Relations(*np.array(triples(found.orders or {})).T, root, root))
    target = attention_dual(found.orders or {}, gram)
    assert target.norm**2 > 50
    assert target.gap == pytest.approx(solution.gap * target.norm**2 / 2, rel=1e-6)
    assert solution.gap > 0


def test_the_closed_form_of_w_ov_needs_no_solver(monkeypatch):
    """Token 1 is continued by 0, token 3 by nothing known."""
    monkeypatch.delattr(min_norm, "solve")
    gram = gaussian(6, 200, np.random.default_rng(0)).gram
    n = [1, 0, 4, -1, 5, 2]
    target = feed_forward_dual(n, gram)
    for x, y in enumerate(n):
        expected = (np.arange(6) == y) - 1 / 6 if y >= 0 else None
        if expected is not None:
            np.testing.assert_allclose(target.matrix[:, x], expected, atol=1e-12)


def test_a_contradiction_is_looked_for_up_to_a_size(monkeypatch):
    """Entries of the F_i: relations times the dimensions of both sides."""
    found = corpus_of_twenty(0)
    gram = gaussian(20, 2, np.random.default_rng(0)).gram
    size = len(triples(found.orders or {})) * 2 * 2
    monkeypatch.setattr(min_norm, "LARGEST_SYSTEM", size)
    with pytest.raises(NoGramTarget, match="combination"):
        attention_dual(found.orders or {}, gram)
    monkeypatch.setattr(min_norm, "LARGEST_SYSTEM", size - 1)
    with pytest.raises(NoGramTarget, match="was not solved"):
        attention_dual(found.orders or {}, gram)


def test_a_solution_that_misses_the_gap_is_not_a_target(monkeypatch):
    monkeypatch.setattr(min_norm, "TARGET_GAP", -1.0)
    order = {0: Order({(0, 1): 0})}
    with pytest.raises(NoGramTarget, match=r"problem \(3\) was not solved: the duality gap stayed"):
        attention_dual(order, gaussian(3, 3, np.random.default_rng(0)).gram)


def test_without_relations_the_target_is_nothing_exactly():
    gram = gaussian(4, 3, np.random.default_rng(0)).gram
    target = attention_dual({}, gram)
    assert (target.norm, target.gap, target.tight, target.exact) == (0.0, 0.0, 0, True)
    assert target.forced_zero == 0
    unknown = feed_forward_dual([-1] * 4, gram)
    assert (unknown.norm, unknown.gap) == (0.0, 0.0)
    assert not unknown.matrix.any()
    assert not unknown.coefficients.any()


def test_one_relation_has_the_closed_form():
    """W = F / ||F||^2."""
    e = gaussian(3, 2, np.random.default_rng(5)).matrix
    target = attention_dual({2: Order({(0, 1): 0})}, e.T @ e)
    length = np.linalg.norm(constraint(e, 0, 1, 2))
    assert target.norm == pytest.approx(1 / length, rel=1e-12)
    assert math.isclose(target.coefficients([2], 3)[0, 0], length**-2, rel_tol=1e-12)
