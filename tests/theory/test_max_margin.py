"""Targets are the solutions of problems (2) and (3): exact, proved, and equal to the reference."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.data.realizable import recognise
from ntp_dynamics.theory import max_margin
from ntp_dynamics.theory.certificate import Certificate
from ntp_dynamics.theory.max_margin import (
    AttentionTarget,
    Infeasible,
    attention_target,
    feed_forward_target,
    solve,
)

NAMES = sorted(
    path.stem
    for path in (Path(__file__).parents[1] / "golden").glob("*.json")
    if path.stem != "recogniser_cases"
)
HALF = Fraction(1, 2)

# Any acyclic order is one in which the upper token has the smaller number, up to names.
pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])
orders = st.frozensets(pairs, min_size=1, max_size=25)
# Without confused tokens every token stands on one side.
unconfused = st.frozensets(
    st.tuples(st.integers(0, 4), st.integers(5, 11)), min_size=1, max_size=20
)


def least_distance(relations, size):
    """min ||w|| s.t. w_a - w_b >= 1 by least-distance programming, dense.

    It is -r_j / r_last, r the residual of min ||[G 1]^T u - e_last|| over u >= 0 (Lawson and
    Hanson, 1974).  Not by scipy's nnls, which stops at a wrong point now and then.
    """
    system = np.zeros((size + 1, len(relations)))
    for i, (a, b) in enumerate(relations):
        system[a, i], system[b, i], system[size, i] = 1, -1, 1
    target = np.append(np.zeros(size), 1.0)
    residual = system @ lsq_linear(system, target, (0, np.inf), method="bvls", tol=1e-15).x - target
    return -residual[:-1] / residual[-1]


def dense(column, size):
    w = np.zeros(size)
    for token, value in column.values.items():
        w[token] = value
    return w


def refuse(values, relations):
    return Certificate(primal=True, dual=False, tight=(), forced_zero=())


@pytest.mark.parametrize("name", NAMES)
def test_golden_attention_targets(golden, corpus_of, name):
    case = golden[name]
    target = attention_target(recognise(corpus_of(case)))
    size = case["vocab_size"]
    expected = np.zeros((size, size))
    for query, column in case["w_kq_star"].items():
        for token, value in column.items():
            expected[int(token), int(query)] = value
    assert case["w_kq_star_exact"]
    assert target.exact
    assert target.gap == 0
    assert all(c.certificate and c.certificate.optimal for c in target.columns.values())
    np.testing.assert_allclose(target.matrix(range(size), size), expected, rtol=0, atol=1e-10)
    assert target.norm == pytest.approx(case["w_kq_star_norm"], abs=1e-12)
    assert (target.tight, target.forced_zero) == (case["tight"], case["forced_zero"])


@pytest.mark.parametrize("name", NAMES)
def test_golden_feed_forward_targets(golden, corpus_of, name):
    case = golden[name]
    target = feed_forward_target(case["collocation"], case["vocab_size"])
    assert target.norm == pytest.approx(case["w_ov_star_norm"], abs=1e-12)
    assert np.linalg.norm(target.matrix) == pytest.approx(target.norm, abs=1e-12)


@given(orders)
@settings(max_examples=150, deadline=None)
def test_columns_are_exact_and_agree_with_another_method(relations):
    column = solve(relations)
    assert column.exact
    assert column.certificate is not None
    assert column.certificate.optimal
    w = least_distance(sorted(relations), 10)
    np.testing.assert_allclose(dense(column, 10), w, rtol=0, atol=1e-8)
    assert float(column.norm_squared) == pytest.approx(w @ w, abs=1e-8)


@given(unconfused)
@settings(max_examples=100, deadline=None)
def test_sign_lemma(relations):
    """Without confused tokens 0 < w < 1 on optimal and -1 < w < 0 on non-optimal tokens."""
    values = solve(relations).values
    assert all(0 < values[a] < 1 and -1 < values[b] < 0 for a, b in relations)


def test_the_five_token_counterexample_has_two_components():
    column = solve({(0, 2), (0, 3), (0, 4), (1, 4)})
    thirds = {0: Fraction(2, 3), 2: Fraction(-1, 3), 3: Fraction(-1, 3)}
    assert column.values == thirds | {1: HALF, 4: -HALF}
    assert column.norm_squared == Fraction(7, 6)


def test_a_chain_of_confused_tokens_gets_its_levels():
    assert solve({(0, 1), (1, 2), (0, 2), (2, 3)}).values == {
        0: 3 * HALF, 1: HALF, 2: -HALF, 3: -3 * HALF,
    }  # fmt: skip


def test_tokens_that_share_a_continuation_are_all_above_the_others():
    singles = [([0], 4), ([1], 4), ([2], 0), ([3], 1), ([4], 2)]
    corpus = Corpus.from_samples([*singles, ([0, 1, 2, 3], 4), ([0, 3], 4)])
    target = attention_target(recognise(corpus))
    assert target.columns[3].values == {0: HALF, 1: HALF, 2: -HALF, 3: -HALF}


def test_a_corpus_without_relations_has_the_empty_target():
    target = attention_target(recognise(Corpus.from_samples([([0], 1), ([1], 0), ([0, 0], 1)])))
    assert target.columns == {}
    assert (target.norm, target.exact, target.gap, target.tight, target.forced_zero) == (
        0.0, True, 0.0, 0, 0,
    )  # fmt: skip
    assert not target.matrix([0, 1], 2).any()
    assert solve(()).exact


def test_the_matrix_has_a_column_for_each_query_asked_for_in_that_order():
    target = AttentionTarget({3: solve({(0, 1)}), 1: solve({(1, 0), (1, 2)})})
    third = 1 / 3
    expected = [[-third, 0, 0.5], [2 * third, 0, -0.5], [-third, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(target.matrix([1, 2, 3], 4), expected, rtol=1e-15)
    assert target.norm == pytest.approx(math.sqrt(2 / 3 + 1 / 2), rel=1e-15)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (
            [([0], 1), ([1], 0), ([5], 5), ([0, 1, 5], 1), ([1, 0, 5], 0)],
            {
                "problem (3) is infeasible: under query 5, 0 > 1 > 0",
                "problem (3) is infeasible: under query 5, 1 > 0 > 1",
            },
        ),
        ([([0], 1), ([0], 2)], {"problem (3) is not defined: token 0 has two continuations"}),
        ([([0], 1), ([1, 0], 1)], {"problem (3) is not defined: token 1 has no continuation"}),
        (
            [([0], 1), ([1], 0), ([0, 1], 2)],
            {"problem (3) is not defined: no token of sample 2 leads to 2"},
        ),
    ],
)
def test_a_corpus_that_is_not_realizable_is_refused_with_its_certificate(samples, message):
    recognition = recognise(Corpus.from_samples(samples))
    with pytest.raises(Infeasible) as refusal:
        attention_target(recognition)
    assert refusal.value.witness is recognition.certificate
    assert str(refusal.value) in message


def test_a_longer_cycle_is_named_in_the_order_of_its_relations():
    singles = [([v], (v + 1) % 4) for v in range(4)]
    cycle = [([0, 1, 3], 1), ([1, 2, 3], 2), ([2, 0, 3], 3)]
    with pytest.raises(Infeasible, match="under query 3, ") as refusal:
        attention_target(recognise(Corpus.from_samples([*singles, *cycle])))
    named = str(refusal.value).removeprefix("problem (3) is infeasible: under query 3, ")
    assert named in {"0 > 1 > 2 > 0", "1 > 2 > 0 > 1", "2 > 0 > 1 > 2"}


def test_relations_with_a_cycle_have_no_column():
    with pytest.raises(ValueError, match="cycle"):
        solve({(0, 1), (1, 2), (2, 0)})


@given(orders)
@settings(max_examples=30, deadline=None)
def test_without_a_proof_the_float_solution_stays_and_its_gap_bounds_the_error(relations):
    exact = solve(relations)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(max_margin, "certify", refuse)
        column = solve(relations)
    target = AttentionTarget({0: column, 1: exact})
    assert not column.exact
    assert not target.exact
    assert column.certificate is None
    assert all(column.values[a] - column.values[b] >= 1 - 1e-15 for a, b in relations)
    distance = dense(column, 10) - dense(exact, 10)
    assert distance @ distance / 2 <= column.gap + 1e-15
    assert target.gap == column.gap < 1e-8
    assert target.tight == len(exact.certificate.tight) if exact.certificate else False


def test_a_float_solution_far_from_feasible_has_an_infinite_gap():
    above, below = np.array([0]), np.array([1])
    column = max_margin._float_column([0, 1], np.zeros(2), np.zeros(1), above, below)
    assert column.gap == math.inf


def test_feed_forward_columns_solve_problem_2():
    """Also where continuations are shared or unknown; unknown ones have a zero column."""
    collocation, size = [2, 2, 0, -1, 4], 5
    target = feed_forward_target(collocation, size)
    for token, following in enumerate(collocation):
        relations = [(following, v) for v in range(size) if v != following]
        expected = least_distance(relations, size) if following >= 0 else np.zeros(size)
        np.testing.assert_allclose(target.matrix[:, token], expected, rtol=0, atol=1e-12)
    assert target.norm == pytest.approx(math.sqrt(4 * 4 / 5), rel=1e-15)
