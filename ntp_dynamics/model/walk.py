"""Where a run stands, and how a fused kernel moves it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from ntp_dynamics.model.growth_kernel import grow, keep
from ntp_dynamics.model.measure import measure
from ntp_dynamics.model.simd import INLINE, LANES, fill, load, store
from ntp_dynamics.model.simd_math import exponent, mantissa, total

ABSENT = -1e15
"""The exponent of a token that is not there: below that of any score down to -6e14."""
TINY = 1e-200
"""A sum of squares below this has lost digits."""
SAFE = 300.0
"""How far, in log, the terms of a step may lie from its scale: their squares are summed."""


class Walk(NamedTuple):
    """Where a run stands; `advance` moves it.  Scores of the pairs (u, q) that occur, padded."""

    start: Float[np.ndarray, " pairs"]
    moved: Float[np.ndarray, " pairs"]
    """S - start, as a compensated sum: `lost` is what rounding took."""
    lost: Float[np.ndarray, " pairs"]
    exponent: Float[np.ndarray, " pairs+8"]
    mantissa: Float[np.ndarray, " pairs+8"]
    """e^S = mantissa * 2^exponent; the last entries stand for absent tokens.  Empty where what is
    trained is not scores."""
    slope: Float[np.ndarray, " pairs+8"]
    """dLoss/dS of a step in units of e^scale."""
    scale: Float[np.ndarray, " 1"]
    """nan before the first step."""
    length: Float[np.ndarray, " 2"]
    """Path length, and what rounding took from it."""


class Pace(NamedTuple):
    """How many steps, and how long they are."""

    steps: int
    step_size: float
    normalised: bool
    """Whether the gradient is divided by its norm."""


class JointPace(NamedTuple):
    """As `Pace`, for scores and logits together."""

    steps: int
    score_step_size: float
    logit_step_size: float
    normalised: bool
    together: bool
    """Whether the norm is that of both gradients as one."""


@njit(**INLINE)
def follow(accumulate, layout, walk, room, pace, gauge, tally, due, rows):
    """Take steps, and measure on the way.

    ``accumulate(layout, walk, scale, room, gauge, tally, noting)`` adds the gradient in units of
    e^scale to the slope, fills the tally where ``noting``, and returns the log of its largest term.
    ``rows`` are measured where the walk stands after ``due`` of these steps, also after the last;
    ``due`` increases and ends with a number that is never reached.  One call to ``accumulate``
    serves all: what is measured changes no bit of what is trained.
    """
    if math.isnan(walk.scale[0]) and len(walk.exponent) > 0:
        _split(walk)
    taken, row, scaled = 0, 0, False
    while taken < pace.steps or due[row] == taken:
        noting = due[row] == taken
        biggest = accumulate(layout, walk, unit(walk), room, gauge, tally, noting)
        if not scaled and _far(walk, biggest):
            scaled = True
            continue
        scaled = False
        square = _scaled_square(walk)
        grow(tally)
        if noting:
            measure(gauge, tally, walk, rows[row])
            row += 1
        if taken == pace.steps:
            walk.slope[:] = 0.0
            break
        _move(walk, square, pace.step_size, pace.normalised)
        keep(tally)
        taken += 1


@njit(**INLINE)
def follow_both(accumulate, layout, scores, logits, room, pace, length):
    """Take steps of two walks; ``length`` is that of both, and what rounding took from it.

    ``accumulate(layout, scores, logits, room)`` adds both gradients, each in units of its e^scale,
    to the slopes, and returns the logs of their largest terms.
    """
    if math.isnan(scores.scale[0]):
        _split(scores)
    taken, scaled = 0, False
    while taken < pace.steps:
        by_score, by_logit = accumulate(layout, scores, logits, room)
        if not scaled:
            far_scores, far_logits = _far(scores, by_score), _far(logits, by_logit)
            if far_scores or far_logits:
                scores.slope[:] = 0.0
                logits.slope[:] = 0.0
                scaled = True
                continue
        scaled = False
        square, logit_square = _scaled_square(scores), _scaled_square(logits)
        step, logit_step = pace.score_step_size, pace.logit_step_size
        if pace.together:
            log_square = 2 * scores.scale[0] + math.log(square)
            log_logit_square = 2 * logits.scale[0] + math.log(logit_square)
            log_both = np.logaddexp(log_square, log_logit_square)
            step *= math.exp((log_square - log_both) / 2)
            logit_step *= math.exp((log_logit_square - log_both) / 2)
        moved = _move(scores, square, step, pace.normalised)
        logit_moved = _move(logits, logit_square, logit_step, pace.normalised)
        _add(length, math.hypot(moved, logit_moved))
        taken += 1


@njit(**INLINE)
def unit(walk):
    """The scale of a walk; 0 before its first step."""
    return 0.0 if math.isnan(walk.scale[0]) else walk.scale[0]


@njit(**INLINE)
def _far(walk, biggest):
    """Whether the terms of a step lie far from their scale; then it must be done again, with the
    scale that is set here."""
    if abs(biggest - walk.scale[0]) <= SAFE:
        return False
    walk.slope[:] = 0.0
    walk.scale[0] = biggest
    return True


@njit(**INLINE)
def _scaled_square(walk):
    """Sum of the squares of the slope, which gets another unit where they are too small."""
    square = _square(walk)
    return _magnify(walk) if square < TINY else square


@njit(**INLINE)
def _square(walk):
    """Sum of the squares of the slope."""
    square = fill(0.0)
    for p in range(0, len(walk.start), LANES):
        d = load(walk.slope, p)
        square = square + d * d
    return total(square)


@njit(**INLINE)
def _magnify(walk):
    """Take the largest entry of the slope as its unit; the sum of squares then.

    Tokens that pull exactly alike have no gradient, whatever the scale of their sentence: what is
    left may be far smaller.
    """
    most = 0.0
    for p in range(len(walk.start)):
        most = max(most, abs(walk.slope[p]))
    if most > 0.0:
        walk.scale[0] += math.log(most)
        for p in range(len(walk.start)):
            walk.slope[p] /= most
    return _square(walk)


@njit(**INLINE)
def _move(walk, square, step_size, normalised):
    """One update from the slope, which is cleared; the scale becomes the log norm.  The length of
    the update."""
    if square == 0.0:
        return 0.0
    pairs = len(walk.start)
    norm = math.sqrt(square)
    pace = step_size / norm if normalised else step_size * math.exp(walk.scale[0])
    back = fill(-pace)
    zero = fill(0.0)
    for p in range(0, pairs, LANES):
        # a compensated sum: after 1e6 steps still right to rounding
        wanted = back * load(walk.slope, p) - load(walk.lost, p)
        before = load(walk.moved, p)
        after = before + wanted
        store(walk.lost, p, (after - before) - wanted)
        store(walk.moved, p, after)
        if len(walk.exponent) > 0:
            _split_at(walk, p, after)
        store(walk.slope, p, zero)
    moved = step_size if normalised else pace * norm
    _add(walk.length, moved)
    walk.scale[0] += math.log(norm)
    return moved


@njit(**INLINE)
def _add(sum_, x):
    """Add to a compensated sum."""
    wanted = x - sum_[1]
    after = sum_[0] + wanted
    sum_[1] = (after - sum_[0]) - wanted
    sum_[0] = after


@njit(**INLINE)
def _split(walk):
    """Mantissa and exponent of every e^S."""
    for p in range(0, len(walk.start), LANES):
        _split_at(walk, p, load(walk.moved, p))
    walk.exponent[len(walk.start) :] = ABSENT
    walk.mantissa[len(walk.start) :] = 0.0


@njit(**INLINE)
def _split_at(walk, p, moved):
    score = load(walk.start, p) + moved
    k = exponent(score)
    store(walk.exponent, p, k)
    store(walk.mantissa, p, mantissa(score, k))
