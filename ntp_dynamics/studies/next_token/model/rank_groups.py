"""The groups of `model.score_gaps` that make up two margins of a run.

The *score margin* is the least S_a - S_b over relations a > b, the *order-extension margin* that
over pairs of an optimal and a non-comparable, or a non-comparable and a non-optimal token, under
each query.  Non-comparable tokens hardly ever occur in a sentence that moves them: then the second
margin is one to ceilings and floors, and most of it follows from the groups of the first.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.model.score_gaps import Gaps, Groups, by_eights, joined

OPTIMAL, BETWEEN, NON_OPTIMAL = 1, 2, 3
"""Roles of a token under a query; 2 is non-comparable."""
LEAST_OPTIMAL, MOST_BETWEEN, LEAST_BETWEEN, MOST_NON_OPTIMAL = range(4)
"""Columns of bounds."""


class RankGroups(NamedTuple):
    """Of one run.  Places are those in its list of scores."""

    relations: Gaps
    """Their gaps are the score margin, what lies beside them the order-extension margin."""
    beside: Gaps
    """What lies beside these belongs to it, too."""
    ranks: Gaps
    """Pairs with non-comparable tokens that move: their gaps are order-extension margins."""
    still: float
    """The order-extension margin among tokens that no sentence moves."""


def rank_groups(
    query: Int[np.ndarray, " pairs"],
    role: Int[np.ndarray, " pairs"],
    above: Int[np.ndarray, " relations"],
    below: Int[np.ndarray, " relations"],
    bounds: Float[np.ndarray, "queries 4"],
) -> RankGroups:
    """``query``: of each place, increasing; ``bounds``: of the tokens of each query that no
    sentence moves, the least optimal score, the largest and the least non-comparable, the largest
    non-optimal."""
    ceiling, floor = bounds[query, MOST_BETWEEN], bounds[query, LEAST_BETWEEN]
    order = np.lexsort((below, above))
    above, below = above[order], below[order]
    over, begin, count = np.unique(above, return_index=True, return_counts=True)
    is_low = (role[below] == NON_OPTIMAL) & (query[below] == query[above])
    all_low = np.logical_and.reduceat(is_low, begin) if len(over) else over > 0
    relations = Groups(
        above=over,
        size=count,
        member=below,
        ceiling=np.where(role[over] == OPTIMAL, ceiling[over], -math.inf),
        floor=np.where(all_low, floor[over], math.inf),
    )

    places = np.arange(len(query))
    told_high, told_low = np.isin(places, over), np.isin(places, below[all_low.repeat(count)])
    high = np.nonzero((role == OPTIMAL) & ~told_high & (ceiling > -math.inf))[0]
    low = np.nonzero((role == NON_OPTIMAL) & ~told_low & (floor < math.inf))[0]
    between = np.nonzero(role == BETWEEN)[0]
    beside = [
        _each_under(ceiling[high], high),
        _together_over(bounds[:, LEAST_BETWEEN], query[low], low),
        _each_under(bounds[query[between], MOST_NON_OPTIMAL], between),
        _together_over(bounds[:, LEAST_OPTIMAL], query[between], between),
    ]
    ranks = [_of_query(np.nonzero(query == q)[0], role) for q in np.unique(query[between])]
    still = np.minimum(
        bounds[:, LEAST_OPTIMAL] - bounds[:, MOST_BETWEEN],
        bounds[:, LEAST_BETWEEN] - bounds[:, MOST_NON_OPTIMAL],
    )
    return RankGroups(
        by_eights(relations),
        by_eights(joined(*beside)),
        by_eights(joined(*itertools.chain(*ranks))),
        float(still.min(initial=math.inf)),
    )


def _each_under(ceiling: Float[np.ndarray, " a"], place: Int[np.ndarray, " a"]) -> Groups:
    """Each place over its ceiling."""
    return Groups(place, np.ones_like(place), place, ceiling, np.full(len(place), math.inf))


def _together_over(
    floor: Float[np.ndarray, " queries"],
    query: Int[np.ndarray, " a"],
    place: Int[np.ndarray, " a"],
) -> Groups:
    """The places of a query under its floor."""
    which, begin, count = np.unique(query, return_index=True, return_counts=True)
    return Groups(place[begin], count, place, np.full(len(which), -math.inf), floor[which])


def _of_query(places: Int[np.ndarray, " a"], role: Int[np.ndarray, " pairs"]) -> list[Groups]:
    """Of a query in which non-comparable tokens move: all optimal ones over all of them, and these
    over all non-optimal ones."""
    high, between, low = (places[role[places] == r] for r in (OPTIMAL, BETWEEN, NON_OPTIMAL))
    pairs = [(high, between), (between, low)]
    return [_all_over(above, below) for above, below in pairs if len(above) and len(below)]


def _all_over(above: Int[np.ndarray, " a"], below: Int[np.ndarray, " b"]) -> Groups:
    free = np.full(len(above), math.inf)
    size = np.full(len(above), len(below))
    return Groups(above, size, np.tile(below, len(above)), -free, free)
