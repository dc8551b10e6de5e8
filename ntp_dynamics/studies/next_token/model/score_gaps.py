"""How far scores lie over others of their query: the margins between tokens of different rank.

A margin is the least S_a - S_b over pairs (a, b).  Rounding a difference keeps its order, so that
the least over all b of a group is S_a less the largest of them, to the bit: pairs of one a are one
group, and eight groups fill the lanes of a vector.  Differences with tokens that no sentence moves
come with the group, as two numbers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, fill, gather, load
from ntp_dynamics.studies.next_token.model.simd_math import largest, maximum, minimum


class Gaps(NamedTuple):
    """Groups (a; b, b' ...) of places in a list of scores, by eights of about one size."""

    first: Int[np.ndarray, " eights+1"]
    """Where the slots of each eight begin; a slot holds a member b of each of its groups."""
    member: Int[np.ndarray, " slots*8"]
    above: Int[np.ndarray, " groups"]
    ceiling: Float[np.ndarray, " groups"]
    """What a should lie over besides; -inf for nothing."""
    floor: Float[np.ndarray, " groups"]
    """What should lie over the members besides; inf for nothing."""


class Groups(NamedTuple):
    """The same, one group after the other; none is without a member."""

    above: Int[np.ndarray, " groups"]
    size: Int[np.ndarray, " groups"]
    member: Int[np.ndarray, " members"]
    ceiling: Float[np.ndarray, " groups"]
    floor: Float[np.ndarray, " groups"]


@njit(**INLINE)
def least_gaps(gaps, score):
    """The least S_a - S_b of all groups; the least to a ceiling or a floor.  inf without any."""
    least, least_beside = fill(math.inf), fill(math.inf)
    for eight in range(len(gaps.first) - 1):
        most = fill(-math.inf)
        for i in range(gaps.first[eight] * LANES, gaps.first[eight + 1] * LANES, LANES):
            most = maximum(gather(score, gaps.member, i), most)
        place = eight * LANES
        above = gather(score, gaps.above, place)
        least = minimum(above - most, least)
        beside = minimum(above - load(gaps.ceiling, place), load(gaps.floor, place) - most)
        least_beside = minimum(beside, least_beside)
    return -largest(fill(0.0) - least), -largest(fill(0.0) - least_beside)


def joined(*parts: Groups) -> Groups:
    """All groups of some lists, if any."""
    nowhere, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
    none = Groups(nowhere, nowhere, nowhere, nothing, nothing)
    return Groups(*(np.concatenate(x) for x in zip(none, *parts, strict=True)))


def by_eights(groups: Groups) -> Gaps:
    """Groups side by side, filled up with the last of them and with first members."""
    order = np.argsort(groups.size, kind="stable")
    order = np.concatenate([order, order[-1:].repeat(-len(order) % LANES)])
    sizes = groups.size[order].reshape(-1, LANES)
    first = np.concatenate([[0], sizes.max(1, initial=0).cumsum()]).astype(np.int64)
    eight = np.arange(len(sizes)).repeat(np.diff(first))
    slot = np.arange(first[-1]) - first[eight]
    begins = (groups.size.cumsum() - groups.size)[order].reshape(-1, LANES)
    at = begins[eight] + np.where(slot[:, None] < sizes[eight], slot[:, None], 0)
    return Gaps(
        first=first,
        member=groups.member[at.ravel()].astype(np.int32),
        above=groups.above[order].astype(np.int32),
        ceiling=groups.ceiling[order],
        floor=groups.floor[order],
    )
