"""Where a run stands between two steps of a fused kernel."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.coordinates import Coordinates
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, fill, load, store
from ntp_dynamics.studies.next_token.model.simd_math import exponent, mantissa, total

ABSENT = -1e15
"""The exponent of a token that is not there: below that of any score down to -6e14."""
TINY = 1e-200
"""A sum of squares below this has lost digits."""
SAFE = 300.0
"""How far, in log, the terms of a step may lie from its scale: their squares are summed."""


class Iterate(NamedTuple):
    """Where a run stands between two steps.  Entries are the scores of the pairs (u, q) that occur,
    or logits, padded."""

    start: Float[np.ndarray, " entries"]
    moved: Float[np.ndarray, " weights"]
    """What training added to W, as a compensated sum: `lost` is what rounding took.  In the
    coordinates of a `Trained` matrix; of the entries themselves where there are none."""
    lost: Float[np.ndarray, " weights"]
    seen: Float[np.ndarray, " entries"]
    """`moved` as the entries see it: empty where it is theirs."""
    exponent: Float[np.ndarray, " entries+8"]
    mantissa: Float[np.ndarray, " entries+8"]
    """e^S = mantissa * 2^exponent; the last values stand for absent tokens.  Empty where what is
    trained is not scores."""
    slope: Float[np.ndarray, " entries+8"]
    """dLoss/dX of a step in units of e^scale."""
    scale: Float[np.ndarray, " 1"]
    """nan before the first step."""
    length: Float[np.ndarray, " 2"]
    """Path length, and what rounding took from it."""
    kept: Float[np.ndarray, " 1"]
    """What weight decay left of W_0."""


def iterate_at(
    start: Float[np.ndarray, " entries"], scores: bool, within: Coordinates | None = None
) -> Iterate:
    """Before the first step, from entries filled up to whole vectors."""
    size = len(start)
    more = (size + LANES) * scores
    weights = size if within is None else within.rows * within.width
    iterate = Iterate(
        start=start,
        moved=np.zeros(weights),
        lost=np.zeros(weights),
        seen=np.zeros(0 if within is None else size),
        exponent=np.zeros(more),
        mantissa=np.zeros(more),
        slope=np.zeros(size + LANES),
        scale=np.array([math.nan]),
        length=np.zeros(2),
        kept=np.ones(1),
    )
    return aligned(iterate)


@njit(**INLINE)
def unit(iterate):
    """The scale of an iterate; 0 before its first step."""
    return 0.0 if math.isnan(iterate.scale[0]) else iterate.scale[0]


@njit(**INLINE)
def far(iterate, biggest):
    """Whether the terms of a step lie far from their scale; then it must be done again, with the
    scale that is set here."""
    if abs(biggest - iterate.scale[0]) <= SAFE:
        return False
    iterate.slope[:] = 0.0
    iterate.scale[0] = biggest
    return True


@njit(**INLINE)
def scaled_square(iterate):
    """Sum of the squares of the slope, which gets another unit where they are too small."""
    square = sum_of_squares(iterate.slope, len(iterate.start))
    if square < TINY:
        iterate.scale[0] += magnify(iterate.slope, len(iterate.start))
        square = sum_of_squares(iterate.slope, len(iterate.start))
    return square


@njit(**INLINE)
def sum_of_squares(x, size):
    """Of the first so many."""
    square = fill(0.0)
    for p in range(0, size, LANES):
        d = load(x, p)
        square = square + d * d
    return total(square)


@njit(**INLINE)
def magnify(x, size):
    """Make the largest entry the unit, and return its log; 0 where all are zero.

    Tokens that pull exactly alike have no gradient, whatever the scale of their sentence: what is
    left may be far smaller.
    """
    most = 0.0
    for p in range(size):
        most = max(most, abs(x[p]))
    if most == 0.0:
        return 0.0
    for p in range(size):
        x[p] /= most
    return math.log(most)


@njit(**INLINE)
def add(sum_, x):
    """Add to a compensated sum."""
    wanted = x - sum_[1]
    after = sum_[0] + wanted
    sum_[1] = (after - sum_[0]) - wanted
    sum_[0] = after


@njit(**INLINE)
def entries(iterate, p):
    """Eight entries of X."""
    own = len(iterate.seen) == 0
    moved = load(iterate.moved, p) if own else load(iterate.seen, p)
    return load(iterate.start, p) * iterate.kept[0] + moved


@njit(**INLINE)
def split(iterate):
    """Mantissa and exponent of every e^S."""
    for p in range(0, len(iterate.start), LANES):
        split_at(iterate, p, entries(iterate, p))
    iterate.exponent[len(iterate.start) :] = ABSENT
    iterate.mantissa[len(iterate.start) :] = 0.0


@njit(**INLINE)
def split_at(iterate, p, score):
    k = exponent(score)
    store(iterate.exponent, p, k)
    store(iterate.mantissa, p, mantissa(score, k))
