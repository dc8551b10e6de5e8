"""The certificate accepts the solution of a query and nothing else, and proves it in integers."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, lsq_linear

from ntp_dynamics.studies.next_token.theory.certificate import LARGEST_FLOW, certify

COUNTEREXAMPLE = {(0, 2), (0, 3), (0, 4), (1, 4)}
COLUMN = {
    0: Fraction(2, 3),
    1: Fraction(1, 2),
    2: Fraction(-1, 3),
    3: Fraction(-1, 3),
    4: Fraction(-1, 2),
}

# Any acyclic order is one in which the upper token has the smaller number, up to names.
pairs = st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] < pair[1])
orders = st.frozensets(pairs, min_size=1, max_size=12)


def differences(relations):
    """(tokens, G) with (G w) = w_a - w_b, a row a relation."""
    tokens = sorted({token for relation in relations for token in relation})
    matrix = np.zeros((len(relations), len(tokens)))
    for i, (a, b) in enumerate(relations):
        matrix[i, tokens.index(a)], matrix[i, tokens.index(b)] = 1, -1
    return tokens, matrix


def solution(relations):
    """The exact column by least-distance programming, then the nearest small fractions.

    min ||w|| s.t. G w >= 1 is -r_j / r_last with r the residual of min ||[G 1]^T u - e_last||,
    u >= 0 (Lawson and Hanson, 1974).  Denominators do not exceed the number of tokens.  Not by
    scipy's nnls, which stops at a wrong point now and then.
    """
    relations = sorted(relations)
    tokens, matrix = differences(relations)
    system = np.vstack([matrix.T, np.ones(len(relations))])
    target = np.append(np.zeros(len(tokens)), 1.0)
    residual = system @ lsq_linear(system, target, (0, np.inf), method="bvls", tol=1e-15).x - target
    w = -residual[:-1] / residual[-1]
    return {t: Fraction(x).limit_denominator(len(tokens)) for t, x in zip(tokens, w, strict=True)}


def forced_zero_by_programs(values, tight):
    """Tight relations whose largest multiplier is 0: a linear program each."""
    tokens, matrix = differences(tight)
    w = [float(values[token]) for token in tokens]
    zero = []
    for i, relation in enumerate(tight):
        found = linprog(-np.eye(len(tight))[i], A_eq=matrix.T, b_eq=w, bounds=(0, None))
        assert found.status == 0
        if -found.fun < 1e-9:
            zero.append(relation)
    return tuple(zero)


def test_the_five_token_column_is_certified():
    certificate = certify(COLUMN, COUNTEREXAMPLE)
    assert certificate.optimal
    assert certificate.tight == ((0, 2), (0, 3), (1, 4))
    assert certificate.forced_zero == ()


def test_a_tight_relation_that_can_carry_nothing_is_forced_zero():
    half = Fraction(1, 2)
    certificate = certify({0: half, 1: half, 2: -half, 3: -half}, {(0, 2), (0, 3), (1, 3)})
    assert certificate.optimal
    assert certificate.tight == ((0, 2), (0, 3), (1, 3))
    assert certificate.forced_zero == ((0, 3),)


def test_an_order_without_relations_has_the_zero_column():
    assert certify({}, ()).optimal
    assert certify({3: Fraction(0)}, ()).optimal
    assert not certify({3: Fraction(1)}, ()).optimal


def test_a_relation_to_a_token_without_a_value_is_refused():
    with pytest.raises(ValueError, match=r"\(0, 2\)"):
        certify({0: Fraction(1)}, [(0, 2)])


@given(orders)
@settings(max_examples=150, deadline=None)
def test_the_solution_by_another_method_is_certified(relations):
    assert certify(solution(relations), relations).optimal


@given(orders, st.data())
@settings(max_examples=100, deadline=None)
def test_any_other_column_is_refused(relations, data):
    values = solution(relations)
    token = data.draw(st.sampled_from(sorted(values)))
    offset = data.draw(st.fractions(-1, 1, max_denominator=60).filter(bool))
    assert not certify(values | {token: values[token] + offset}, relations).optimal
    assert not certify({t: w + offset for t, w in values.items()}, relations).optimal
    twice = certify({t: 2 * w for t, w in values.items()}, relations)
    assert (twice.primal, twice.dual) == (True, False)
    assert not certify({t: w / 2 for t, w in values.items()}, relations).primal


@given(orders)
@settings(max_examples=60, deadline=None)
def test_a_shifted_component_stays_feasible_and_loses_its_multipliers(relations):
    values = solution(relations)
    far = {token + 10: w + Fraction(1, 7) for token, w in values.items()}
    both = {*relations, *((a + 10, b + 10) for a, b in relations)}
    certificate = certify(values | far, both)
    assert (certificate.primal, certificate.dual) == (True, False)
    assert certificate.forced_zero == ()


@given(orders, st.data())
@settings(max_examples=100, deadline=None)
def test_the_column_of_fewer_relations_passes_only_if_it_is_also_that_of_all(relations, data):
    assume(len(relations) > 1)
    missing = data.draw(st.sampled_from(sorted(relations)))
    zero = dict.fromkeys((token for relation in relations for token in relation), Fraction(0))
    values = zero | solution(relations - {missing})
    assert certify(values, relations).optimal == (values == solution(relations))


@given(orders)
@settings(max_examples=50, deadline=None)
def test_forced_zero_relations_are_those_of_one_linear_program_each(relations):
    values = solution(relations)
    certificate = certify(values, relations)
    assert certificate.forced_zero == forced_zero_by_programs(values, certificate.tight)


def stars(sizes):
    """One token above size - 1 others, for each size: the column and the relations."""
    values, relations, first = {}, [], 0
    for size in sizes:
        values[first] = Fraction(size - 1, size)
        for other in range(first + 1, first + size):
            values[other] = Fraction(-1, size)
            relations.append((first, other))
        first += size
    return values, relations


def test_denominators_of_different_components_never_meet():
    sizes = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    values, relations = stars(sizes)
    assert math.lcm(*sizes) > 1000 * 2**31
    certificate = certify(values, relations)
    assert certificate.optimal
    assert len(certificate.tight) == len(relations)
    assert certificate.forced_zero == ()
    # One part in lcm: what a wrapped integer would swallow.
    assert not certify(values | {0: values[0] + Fraction(1, math.lcm(*sizes))}, relations).dual


@pytest.mark.parametrize("denominator", [10**9, 10**10, 10**12, 10**30])
def test_a_relation_is_compared_exactly_also_beyond_64_bits(denominator):
    part = Fraction(1, denominator)
    for below, held in ((-part, False), (Fraction(0), True), (part, True)):
        certificate = certify({0: 1 + below, 1: Fraction(0)}, [(0, 1)])
        assert certificate.primal == held
        assert certificate.tight == (((0, 1),) if not below else ())


def plateau(top, length):
    """``top`` tokens above the first of a chain of ``length``: levels minus their mean."""
    level = {token: length - max(token - top + 1, 0) for token in range(top + length)}
    mean = Fraction(sum(level.values()), len(level))
    relations = [(i, top) for i in range(top)]
    relations += [(i, i + 1) for i in range(top, top + length - 1)]
    return {token: h - mean for token, h in level.items()}, relations


def test_a_flow_just_below_the_limit_is_decided_and_one_beyond_it_is_not():
    below, relations = plateau(1300, 1639)
    total = sum(w.numerator for w in below.values() if w > 0)
    assert LARGEST_FLOW * 0.8 < total <= LARGEST_FLOW
    assert certify(below, relations).optimal

    beyond, relations = plateau(1500, 1801)
    assert sum(w.numerator for w in beyond.values() if w > 0) > LARGEST_FLOW
    certificate = certify(beyond, relations)
    assert (certificate.primal, certificate.dual) == (True, False)
