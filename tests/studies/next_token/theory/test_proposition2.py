"""Proposition 2 is decided exactly: by a flow, as Hall's condition says, and as the column says."""

from fractions import Fraction
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.theory import proposition2
from ntp_dynamics.studies.next_token.theory.column import solve_column

unconfused = st.frozensets(st.tuples(st.integers(0, 3), st.integers(4, 9)), min_size=1, max_size=14)


def order(relations):
    return Order(dict.fromkeys(relations, 0))


def hall(relations):
    """m |S| <= k |tokens below S| for every set S of optimal tokens, one by one."""
    optimal = {a for a, _ in relations}
    m = len({b for _, b in relations})
    subsets = chain.from_iterable(combinations(optimal, r) for r in range(len(optimal) + 1))
    return all(
        m * len(subset) <= len(optimal) * len({b for a, b in relations if a in subset})
        for subset in subsets
    )


def test_golden_flags(golden, corpus_of):
    flags = {}
    for name, case in golden.items():
        recognition = recognise(corpus_of(case))
        if not recognition.confused:
            assert recognition.orders is not None
            flags[name] = all(map(proposition2.holds, recognition.orders.values()))
    expected = {n: c["proposition2_holds"] for n, c in golden.items() if "proposition2_holds" in c}
    assert flags == expected
    assert len(flags) == 10
    assert set(flags.values()) == {True, False}


def test_the_column_of_the_paper():
    column = proposition2.column(order({(7, 1), (7, 2), (8, 3)}))
    high, low = Fraction(3, 5), Fraction(-2, 5)
    assert column == {7: high, 8: high, 1: low, 2: low, 3: low}


def test_the_smallest_counterexample():
    counterexample = order({(0, 2), (0, 3), (0, 4), (1, 4)})
    assert not proposition2.holds(counterexample)
    assert sum(w * w for w in proposition2.column(counterexample).values()) == Fraction(6, 5)
    assert solve_column(counterexample.relations).norm_squared == Fraction(7, 6)


@pytest.mark.parametrize("decide", [proposition2.holds, proposition2.column])
def test_confused_tokens_are_refused(decide):
    with pytest.raises(ValueError, match=r"confused tokens \[1\]"):
        decide(order({(0, 1), (1, 2)}))


@given(unconfused)
@settings(max_examples=200, deadline=None)
def test_it_holds_exactly_where_its_column_is_the_solution(relations):
    column = solve_column(relations)
    assert column.exact
    assert proposition2.holds(order(relations)) == (
        proposition2.column(order(relations)) == column.values
    )


@given(unconfused)
@settings(max_examples=200, deadline=None)
def test_it_holds_exactly_where_hall_says_so(relations):
    assert proposition2.holds(order(relations)) == hall(relations)


@given(st.sets(st.integers(0, 9), min_size=1), st.sets(st.integers(10, 19), min_size=1))
@settings(max_examples=30, deadline=None)
def test_it_holds_for_complete_orders(optimal, non_optimal):
    assert proposition2.holds(order({(a, b) for a in optimal for b in non_optimal}))
