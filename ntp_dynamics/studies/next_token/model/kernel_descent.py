"""The iterate of a run, and how a fused kernel moves it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from ntp_dynamics.studies.next_token.model.growth_kernel import grow, keep
from ntp_dynamics.studies.next_token.model.measure import measure_step
from ntp_dynamics.studies.next_token.model.simd import INLINE, LANES, fill, load, store
from ntp_dynamics.studies.next_token.model.simd_math import exponent, mantissa, total

ABSENT = -1e15
"""The exponent of a token that is not there: below that of any score down to -6e14."""
TINY = 1e-200
"""A sum of squares below this has lost digits."""
SAFE = 300.0
"""How far, in log, the terms of a step may lie from its scale: their squares are summed."""


class Iterate(NamedTuple):
    """Where a run stands between two steps.  Scores of the pairs (u, q) that occur, padded."""

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


class Steps(NamedTuple):
    """The steps to take: how many, and how long they are."""

    count: int
    step_size: float
    normalised: bool
    """Whether the gradient is divided by its norm."""


class JointSteps(NamedTuple):
    """As `Steps`, for scores and logits together."""

    count: int
    score_step_size: float
    logit_step_size: float
    normalised: bool
    together: bool
    """Whether the norm is that of both gradients as one."""


@njit(**INLINE)
def descend(accumulate, layout, iterate, room, steps, against, per_sentence, due, rows):
    """Take steps, and measure on the way.

    ``accumulate(layout, iterate, scale, room, against, per_sentence, noting)`` adds the gradient in
    units of e^scale to the slope, fills ``per_sentence`` where ``noting``, and returns the log of
    its largest term.  ``rows`` are measured at the iterates after ``due`` of these steps, also
    after the last; ``due`` increases and ends with a number that is never reached.  One call to
    ``accumulate`` serves all: what is measured changes no bit of what is trained.
    """
    if math.isnan(iterate.scale[0]) and len(iterate.exponent) > 0:
        _split(iterate)
    taken, row, scaled = 0, 0, False
    while taken < steps.count or due[row] == taken:
        noting = due[row] == taken
        biggest = accumulate(layout, iterate, unit(iterate), room, against, per_sentence, noting)
        if not scaled and _far(iterate, biggest):
            scaled = True
            continue
        scaled = False
        square = _scaled_square(iterate)
        grow(per_sentence)
        if noting:
            measure_step(against, per_sentence, iterate, rows[row])
            row += 1
        if taken == steps.count:
            iterate.slope[:] = 0.0
            break
        _move(iterate, square, steps.step_size, steps.normalised)
        keep(per_sentence)
        taken += 1


@njit(**INLINE)
def descend_both(accumulate, layout, scores, logits, room, steps, length):
    """Take steps of two iterates; ``length`` is that of both, and what rounding took from it.

    ``accumulate(layout, scores, logits, room)`` adds both gradients, each in units of its e^scale,
    to the slopes, and returns the logs of their largest terms.
    """
    if math.isnan(scores.scale[0]):
        _split(scores)
    taken, scaled = 0, False
    while taken < steps.count:
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
        step, logit_step = steps.score_step_size, steps.logit_step_size
        if steps.together:
            log_square = 2 * scores.scale[0] + math.log(square)
            log_logit_square = 2 * logits.scale[0] + math.log(logit_square)
            log_both = np.logaddexp(log_square, log_logit_square)
            step *= math.exp((log_square - log_both) / 2)
            logit_step *= math.exp((log_logit_square - log_both) / 2)
        moved = _move(scores, square, step, steps.normalised)
        logit_moved = _move(logits, logit_square, logit_step, steps.normalised)
        _add(length, math.hypot(moved, logit_moved))
        taken += 1


@njit(**INLINE)
def unit(iterate):
    """The scale of an iterate; 0 before its first step."""
    return 0.0 if math.isnan(iterate.scale[0]) else iterate.scale[0]


@njit(**INLINE)
def _far(iterate, biggest):
    """Whether the terms of a step lie far from their scale; then it must be done again, with the
    scale that is set here."""
    if abs(biggest - iterate.scale[0]) <= SAFE:
        return False
    iterate.slope[:] = 0.0
    iterate.scale[0] = biggest
    return True


@njit(**INLINE)
def _scaled_square(iterate):
    """Sum of the squares of the slope, which gets another unit where they are too small."""
    square = _square(iterate)
    return _magnify(iterate) if square < TINY else square


@njit(**INLINE)
def _square(iterate):
    """Sum of the squares of the slope."""
    square = fill(0.0)
    for p in range(0, len(iterate.start), LANES):
        d = load(iterate.slope, p)
        square = square + d * d
    return total(square)


@njit(**INLINE)
def _magnify(iterate):
    """Take the largest entry of the slope as its unit; the sum of squares then.

    Tokens that pull exactly alike have no gradient, whatever the scale of their sentence: what is
    left may be far smaller.
    """
    most = 0.0
    for p in range(len(iterate.start)):
        most = max(most, abs(iterate.slope[p]))
    if most > 0.0:
        iterate.scale[0] += math.log(most)
        for p in range(len(iterate.start)):
            iterate.slope[p] /= most
    return _square(iterate)


@njit(**INLINE)
def _move(iterate, square, step_size, normalised):
    """One update from the slope, which is cleared; the scale becomes the log norm.  The length of
    the update."""
    if square == 0.0:
        return 0.0
    pairs = len(iterate.start)
    norm = math.sqrt(square)
    factor = step_size / norm if normalised else step_size * math.exp(iterate.scale[0])
    back = fill(-factor)
    zero = fill(0.0)
    for p in range(0, pairs, LANES):
        # a compensated sum: after 1e6 steps still right to rounding
        wanted = back * load(iterate.slope, p) - load(iterate.lost, p)
        before = load(iterate.moved, p)
        after = before + wanted
        store(iterate.lost, p, (after - before) - wanted)
        store(iterate.moved, p, after)
        if len(iterate.exponent) > 0:
            _split_at(iterate, p, after)
        store(iterate.slope, p, zero)
    moved = step_size if normalised else factor * norm
    _add(iterate.length, moved)
    iterate.scale[0] += math.log(norm)
    return moved


@njit(**INLINE)
def _add(sum_, x):
    """Add to a compensated sum."""
    wanted = x - sum_[1]
    after = sum_[0] + wanted
    sum_[1] = (after - sum_[0]) - wanted
    sum_[0] = after


@njit(**INLINE)
def _split(iterate):
    """Mantissa and exponent of every e^S."""
    for p in range(0, len(iterate.start), LANES):
        _split_at(iterate, p, load(iterate.moved, p))
    iterate.exponent[len(iterate.start) :] = ABSENT
    iterate.mantissa[len(iterate.start) :] = 0.0


@njit(**INLINE)
def _split_at(iterate, p, moved):
    score = load(iterate.start, p) + moved
    k = exponent(score)
    store(iterate.exponent, p, k)
    store(iterate.mantissa, p, mantissa(score, k))
