"""The column of a query is exact, proved, and what another method finds."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from ntp_dynamics.studies.next_token.theory import column as module
from ntp_dynamics.studies.next_token.theory.certificate import Proof
from ntp_dynamics.studies.next_token.theory.column import solve_column

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


def refuse(p, q, above, below, size=1):
    return Proof(True, False, np.zeros(0, dtype=bool), np.zeros(0, dtype=bool))


@given(orders)
@settings(max_examples=150, deadline=None)
def test_columns_are_exact_and_agree_with_another_method(relations):
    column = solve_column(relations)
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
    values = solve_column(relations).values
    assert all(0 < values[a] < 1 and -1 < values[b] < 0 for a, b in relations)


def test_the_five_token_counterexample_has_two_components():
    column = solve_column({(0, 2), (0, 3), (0, 4), (1, 4)})
    thirds = {0: Fraction(2, 3), 2: Fraction(-1, 3), 3: Fraction(-1, 3)}
    assert column.values == thirds | {1: HALF, 4: -HALF}
    assert column.norm_squared == Fraction(7, 6)


def test_a_chain_of_confused_tokens_gets_its_levels():
    assert solve_column({(0, 1), (1, 2), (0, 2), (2, 3)}).values == {
        0: 3 * HALF, 1: HALF, 2: -HALF, 3: -3 * HALF,
    }  # fmt: skip


def test_a_relation_may_be_named_twice():
    assert solve_column([(0, 1), (2, 1), (0, 1)]) == solve_column({(0, 1), (2, 1)})


def test_an_order_without_relations_has_an_empty_column():
    assert solve_column(()).values == {}
    assert solve_column(()).exact


def test_relations_with_a_cycle_have_no_column():
    with pytest.raises(ValueError, match="cycle"):
        solve_column({(0, 1), (1, 2), (2, 0)})


@given(orders)
@settings(max_examples=30, deadline=None)
def test_without_a_proof_the_float_solution_stays_and_its_gap_bounds_the_error(relations):
    exact = solve_column(relations)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "prove", refuse)
        column = solve_column(relations)
    assert not column.exact
    assert column.certificate is None
    assert all(column.values[a] - column.values[b] >= 1 - 1e-15 for a, b in relations)
    distance = dense(column, 10) - dense(exact, 10)
    assert distance @ distance / 2 <= column.gap + 1e-15
    assert column.gap < 1e-8


def test_a_float_solution_far_from_feasible_has_an_infinite_gap():
    above, below = np.array([0]), np.array([1])
    column = module._float_column([0, 1], np.ones(2, int), np.zeros(2), np.zeros(1), above, below)
    assert column.gap == math.inf
