"""Margins by groups, against every difference one by one."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numba import njit

from ntp_dynamics.studies.next_token.model.rank_groups import (
    BETWEEN,
    NON_OPTIMAL,
    OPTIMAL,
    rank_groups,
)
from ntp_dynamics.studies.next_token.model.score_gaps import by_eights, joined, least_gaps
from ntp_dynamics.studies.next_token.model.simd import INLINE
from ntp_dynamics.studies.next_token.model.weight_columns import square_of_sums, weight_columns
from ntp_dynamics.system.parts import WHOLE

SETTINGS = {**INLINE, **WHOLE}


@njit(**SETTINGS)
def gaps_of(gaps, score):
    return least_gaps(gaps, score)


@njit(**SETTINGS)
def square_of(columns, weight):
    return square_of_sums(columns, weight)


def over_and_under(scores: np.ndarray, role: np.ndarray, upper: int, lower: int) -> float:
    """The least difference of a score of one role over one of another."""
    high, low = scores[role == upper], scores[role == lower]
    return min((a - b for a in high for b in low), default=math.inf)


@pytest.mark.parametrize("seed", range(60))
def test_both_margins_are_the_least_of_all_differences_to_the_bit(seed: int) -> None:
    """Any roles, of scores that move and of scores that do not, and any relations of a query."""
    rng = np.random.default_rng(seed)
    queries, tokens = int(rng.integers(1, 12)), 15
    scores = rng.standard_normal((queries, tokens)) * 10.0 ** rng.integers(-3, 3)
    role = rng.choice(4, (queries, tokens), p=rng.dirichlet(np.full(4, 0.4)))
    moves = rng.random((queries, tokens)) < rng.choice([0.2, 0.7, 1.0])
    query = np.nonzero(moves)[0]
    place = np.cumsum(moves.ravel()).reshape(moves.shape) - 1
    pairs = [
        (place[q, a], place[q, b])
        for q in range(queries)
        for a, b in rng.integers(0, tokens, (int(rng.integers(0, 9)), 2))
        if moves[q, a] and moves[q, b]
    ]
    above, below = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def still(which: int, least: bool) -> np.ndarray:
        chosen = ~moves & (role == which)
        end = np.where(chosen, scores, math.inf if least else -math.inf)
        return end.min(1) if least else end.max(1)

    sides = [(OPTIMAL, True), (BETWEEN, False), (BETWEEN, True), (NON_OPTIMAL, False)]
    bounds = np.stack([still(*side) for side in sides], axis=1)
    groups = rank_groups(query, role[moves], above, below, bounds)
    flat = scores[moves]
    margin, order = gaps_of(groups.relations, flat)
    order = min(order, groups.still, gaps_of(groups.beside, flat)[1])
    order = min(order, gaps_of(groups.ranks, flat)[0])

    assert margin == min((flat[a] - flat[b] for a, b in pairs), default=math.inf)
    every = [
        over_and_under(scores[q], role[q], *ranks)
        for q in range(queries)
        for ranks in ((OPTIMAL, BETWEEN), (BETWEEN, NON_OPTIMAL))
    ]
    assert order == min(every)


def test_nothing_to_compare_has_no_least_gap() -> None:
    assert gaps_of(by_eights(joined()), np.zeros(0)) == (math.inf, math.inf)


@pytest.mark.parametrize("columns", [1, 7, 8, 9, 40])
def test_columns_are_summed_each_in_its_own_order(columns: int) -> None:
    rng = np.random.default_rng(columns)
    bounds = np.concatenate([[0], rng.integers(1, 20, columns).cumsum()])
    weight = rng.standard_normal(bounds[-1]) * 10.0 ** rng.integers(-8, 8, bounds[-1])
    square = 0.0
    for begin, end in pairwise(bounds.tolist()):
        column = 0.0
        for x in weight[begin:end].tolist():
            column += x
        square += column * column
    assert square_of(weight_columns(bounds), weight) == square
