"""Targets are the solutions of problems (2) and (3): exact, proved, and equal to the reference."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import Recognition, recognise
from ntp_dynamics.studies.next_token.theory import column as column_module
from ntp_dynamics.studies.next_token.theory import max_margin
from ntp_dynamics.studies.next_token.theory.column import solve_column
from ntp_dynamics.studies.next_token.theory.max_margin import (
    ClosedFormTarget,
    Infeasible,
    attention_target,
)

NAMES = sorted(
    path.stem
    for path in (Path(__file__).parents[3] / "golden").glob("*.json")
    if path.stem != "recogniser_cases"
)
HALF = Fraction(1, 2)

# Any acyclic order is one in which the upper token has the smaller number, up to names.
pairs = st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])
orders = st.dictionaries(
    st.integers(0, 9), st.frozensets(pairs, min_size=1, max_size=25), min_size=1, max_size=5
)


def recognition_of(orders):
    """What a recogniser finds of a corpus over ten tokens with these relations a query."""
    found = {query: Order(dict.fromkeys(relations, 0)) for query, relations in orders.items()}
    return Recognition(tuple(range(10)), None, (), found, ())


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
def test_golden_ClosedFormTargets(golden, corpus_of, name):
    case = golden[name]
    target = ClosedFormTarget(case["collocation"], case["vocab_size"])
    assert target.norm == pytest.approx(case["w_ov_star_norm"], abs=1e-12)
    assert np.linalg.norm(target.matrix) == pytest.approx(target.norm, abs=1e-12)


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


@given(orders, st.sampled_from([1, 20, 1000]))
@settings(max_examples=60, deadline=None)
def test_queries_solved_together_have_the_columns_that_each_has_alone(orders, together):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(max_margin, "TOGETHER", together)
        target = attention_target(recognition_of(orders))
    assert target.exact
    assert target.columns == {query: solve_column(relations) for query, relations in orders.items()}
    assert list(target.columns) == sorted(orders)


def test_one_query_without_a_proof_leaves_the_others_theirs(monkeypatch):
    prove = column_module.prove

    def stubborn(*asked):
        proof = prove(*asked)
        return proof if proof.tight.sum() == 1 else proof._replace(dual=False)

    monkeypatch.setattr(column_module, "prove", stubborn)
    target = attention_target(recognition_of({0: {(1, 2)}, 3: {(1, 2), (1, 4)}, 5: {(6, 7)}}))
    assert [q for q, found in target.columns.items() if found.exact] == [0, 5]
    assert not target.exact
    assert target.gap == target.columns[3].gap < 1e-8
    assert (target.tight, target.forced_zero) == (2, 0)


def test_the_matrix_has_a_column_for_each_query_asked_for_in_that_order():
    target = attention_target(recognition_of({1: {(1, 0), (1, 2)}, 3: {(0, 1)}}))
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


def test_feed_forward_columns_solve_problem_2():
    """Also where continuations are shared or unknown; unknown ones have a zero column."""
    collocation, size = [2, 2, 0, -1, 4], 5
    target = ClosedFormTarget(collocation, size)
    for token, following in enumerate(collocation):
        relations = [(following, v) for v in range(size) if v != following]
        column = solve_column(relations if following >= 0 else ())
        assert column.exact
        expected = [float(column.values.get(v, 0)) for v in range(size)]
        np.testing.assert_allclose(target.matrix[:, token], expected, rtol=0, atol=1e-12)
    assert target.norm == pytest.approx(math.sqrt(4 * 4 / 5), rel=1e-15)
