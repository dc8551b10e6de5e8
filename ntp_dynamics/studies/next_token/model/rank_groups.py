"""The groups of `model.score_gaps` that make up two margins of a run.

The *score margin* is the least S_a - S_b over relations a > b, the *order-extension margin* that
over pairs of an optimal and a non-comparable, or a non-comparable and a non-optimal token, under
each query.  Non-comparable tokens hardly ever occur in a sentence that moves them: then the second
margin is one to ceilings and floors, and follows from the groups of the first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.model.score_gaps import Gaps, Groups, by_eights, no_groups

OPTIMAL, BETWEEN, NON_OPTIMAL = 1, 2, 3
"""Roles of a token under a query; 2 is non-comparable."""
LEAST_OPTIMAL, MOST_BETWEEN, LEAST_BETWEEN, MOST_NON_OPTIMAL = range(4)
"""Columns of `RankGroups.still`."""


class RankGroups(NamedTuple):
    """Of one run.  Places are those in its list of scores, which goes on with `tail`."""

    relations: Gaps
    """Their gaps are the score margin, what lies beside them the order-extension margin."""
    ranks: Gaps
    """Of queries where non-comparable tokens move; their gaps are order-extension margins."""
    still: float
    """The order-extension margin among tokens that no sentence moves."""
    tail: Float[np.ndarray, " tail"]
    """Scores that never change."""


def rank_groups(
    size: int,
    query: Int[np.ndarray, " pairs"],
    role: Int[np.ndarray, " pairs"],
    above: Int[np.ndarray, " relations"],
    below: Int[np.ndarray, " relations"],
    bounds: Float[np.ndarray, "queries 4"],
) -> RankGroups:
    """``size``: of the list of scores without its tail; ``bounds``: of the tokens of each query
    that no sentence moves, the least optimal score, the largest and the least non-comparable, the
    largest non-optimal."""
    tail = np.concatenate([bounds.ravel(), [math.inf, -math.inf]])
    top, bottom = size + bounds.size, size + bounds.size + 1
    moving_between = role == BETWEEN
    crossed = np.zeros(len(bounds), dtype=bool)
    crossed[query[moving_between]] = True
    ceiling = np.where(crossed, -math.inf, bounds[:, MOST_BETWEEN])[query]
    floor = np.where(crossed, math.inf, bounds[:, LEAST_BETWEEN])[query]

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

    told = np.zeros(len(query), dtype=bool)
    told[over] = True
    alone = np.nonzero((role == OPTIMAL) & ~told & (ceiling > -math.inf))[0]
    told[:] = False
    told[below[all_low.repeat(count)]] = True
    low = np.nonzero((role == NON_OPTIMAL) & ~told & (floor < math.inf))[0]
    low_query, low_count = np.unique(query[low], return_counts=True)
    low_floor = bounds[low_query, LEAST_BETWEEN]
    groups = _joined(
        relations,
        _group(alone, np.ones_like(alone), np.full_like(alone, bottom), ceiling[alone], math.inf),
        _group(np.full_like(low_query, top), low_count, low, -math.inf, low_floor),
    )
    ranks = [
        part
        for q in np.nonzero(crossed)[0]
        for part in _of_query(int(q), size, np.nonzero(query == q)[0], role)
    ]
    still = np.minimum(
        bounds[:, LEAST_OPTIMAL] - bounds[:, MOST_BETWEEN],
        bounds[:, LEAST_BETWEEN] - bounds[:, MOST_NON_OPTIMAL],
    )
    return RankGroups(
        by_eights(groups), by_eights(_joined(*ranks)), float(still.min(initial=math.inf)), tail
    )


def _of_query(
    q: int, size: int, places: Int[np.ndarray, " a"], role: Int[np.ndarray, " pairs"]
) -> list[Groups]:
    """Of a query in which non-comparable tokens move: all optimal ones over all of them, and these
    over all non-optimal ones, those that stand still as one."""

    def of(rank: int, still: int) -> Int[np.ndarray, " b"]:
        return np.append(places[role[places] == rank], size + 4 * q + still)

    def over(above: Int[np.ndarray, " a"], below: Int[np.ndarray, " b"]) -> Groups:
        count = np.full(len(above), len(below))
        return _group(above, count, np.tile(below, len(above)), -math.inf, math.inf)

    return [
        over(of(OPTIMAL, LEAST_OPTIMAL), of(BETWEEN, MOST_BETWEEN)),
        over(of(BETWEEN, LEAST_BETWEEN), of(NON_OPTIMAL, MOST_NON_OPTIMAL)),
    ]


def _group(above, size, member, ceiling, floor) -> Groups:
    return Groups(above, size, member, *(np.broadcast_to(x, above.shape) for x in (ceiling, floor)))


def _joined(*parts: Groups) -> Groups:
    return Groups(*(np.concatenate(x) for x in zip(no_groups(), *parts, strict=True)))
