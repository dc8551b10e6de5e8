"""Update rules of the fused kernels: one place for each, whatever gradient it is given.

A rule gets the slope of a step in units of e^scale and moves the weights, keeping what it remembers
in units of their own: gradients of 1e-300 move Adam as those of 1 do.  The same rules by tensors,
and their sources, are in `optim.rules`.
"""

from __future__ import annotations

import math

from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.coordinates import lift, see
from ntp_dynamics.studies.next_token.model.iterate import (
    TINY,
    add,
    entries,
    magnify,
    split_at,
    sum_of_squares,
)
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    fill,
    load,
    square_root,
    store,
    where_greater,
)
from ntp_dynamics.studies.next_token.model.simd_math import total
from ntp_dynamics.studies.next_token.model.trained import ADAM, NORMALISED, PLAIN, SIGN

FADED = 1e-100
"""A memory whose largest entry is below this gets another unit."""


@njit(**INLINE)
def pull(iterate, trained, rule, square):
    """The direction in which a rule pulls, left in the slope or in its memory; the sum of its
    squares and their scale."""
    if trained is None:
        return square, iterate.scale[0]
    return _pull(iterate, trained, rule, square)


@compiled
def _pull(iterate, trained, rule, square):
    scale = iterate.scale[0]
    slope = iterate.slope
    if len(trained.lifted) > 0:
        slope = trained.lifted
        lift(trained.within, iterate.slope, slope)
        square = sum_of_squares(slope, len(slope))
        if square < TINY:
            scale += magnify(slope, len(slope))
            square = sum_of_squares(slope, len(slope))
    if rule.kind != ADAM and rule.momentum == 0.0:
        return square, scale
    memory = trained.memory
    scale = scale if square > 0.0 else -math.inf
    share = 1.0 - rule.momentum if rule.kind == ADAM else 1.0
    square = _remember(memory.first, memory.scale, 0, rule.momentum, slope, share, scale, False)
    if rule.kind == ADAM:
        share = 1.0 - rule.beta2
        _remember(memory.second, memory.scale, 1, rule.beta2, slope, share, 2 * scale, True)
        memory.taken[0] += 1.0
    return square, memory.scale[0]


@njit(**INLINE)
def _remember(kept, scales, which, beta, slope, share, scale, squared):
    """kept <- beta kept + share slope (or its square), in the larger of their units."""
    unit = max(scales[which], scale)
    if unit == -math.inf:
        return 0.0
    old, new = fill(beta * math.exp(scales[which] - unit)), fill(share * math.exp(scale - unit))
    for p in range(0, len(kept), LANES):
        g = load(slope, p)
        store(kept, p, old * load(kept, p) + new * (g * g if squared else g))
    scales[which] = unit
    square = sum_of_squares(kept, len(kept))
    if square < FADED * FADED:
        scales[which] += magnify(kept, len(kept))
        square = sum_of_squares(kept, len(kept))
    return square


@njit(**INLINE)
def move(iterate, trained, rule, step_size, square, scale, log_ratio, entry_square):
    """One update along the pull, whose squares sum to ``square`` at a scale.  The slope is cleared,
    and the scale of the iterate becomes the log norm of the slope.  Returns the length of the step,
    decay apart.

    ``log_ratio`` is log((L - inf L) / ||gradient||^2), which Polyak's rule needs.
    """
    if trained is None:
        if entry_square == 0.0:
            return 0.0
        factor, moved = _stretch(rule, step_size, square, scale, log_ratio)
        back, zero = fill(-factor), fill(0.0)
        for p in range(0, len(iterate.start), LANES):
            add_at(iterate, p, back * load(iterate.slope, p))
            if len(iterate.exponent) > 0:
                split_at(iterate, p, entries(iterate, p))
            store(iterate.slope, p, zero)
    else:
        moved = _move(iterate, trained, rule, step_size, square, scale, log_ratio)
    add(iterate.length, moved)
    if entry_square > 0.0:
        iterate.scale[0] += math.log(math.sqrt(entry_square))
    return moved


@compiled
def _move(iterate, trained, rule, step_size, square, scale, log_ratio):
    left = 1.0 - rule.step_size * rule.decay
    if left != 1.0:
        shrink(iterate, left)
    pulled = trained.lifted if len(trained.lifted) > 0 else iterate.slope
    if len(trained.memory.first) > 0:
        pulled = trained.memory.first
    if rule.kind == ADAM:
        moved = _move_by_adam(iterate, trained.memory, rule, step_size)
    elif rule.kind == SIGN:
        moved = _move_by_sign(iterate, pulled, step_size)
    else:
        factor, moved = _stretch(rule, step_size, square, scale, log_ratio)
        for p in range(0, len(iterate.moved), LANES):
            add_at(iterate, p, fill(-factor) * load(pulled, p))
    _look(iterate, trained)
    return moved


@njit(**INLINE)
def _stretch(rule, step_size, square, scale, log_ratio):
    """What the pull is multiplied with by a rule that goes along it, and the length of that."""
    norm = math.sqrt(square)
    if norm == 0.0:
        return 0.0, 0.0
    if rule.kind == NORMALISED:
        return step_size / norm, step_size
    factor = step_size * math.exp(scale if rule.kind == PLAIN else log_ratio + scale)
    factor = factor if math.isfinite(factor) else 0.0
    return factor, factor * norm


@njit(**INLINE)
def shrink(iterate, left):
    """Weights, and what rounding took from them, decay."""
    for p in range(0, len(iterate.moved), LANES):
        store(iterate.moved, p, load(iterate.moved, p) * left)
        store(iterate.lost, p, load(iterate.lost, p) * left)
    iterate.kept[0] *= left


@njit(**INLINE)
def _move_by_sign(iterate, pulled, step_size):
    """weights <- weights - eta sign(pull); the length of the step."""
    zero = fill(0.0)
    up, down = fill(step_size), fill(-step_size)
    square = zero
    for p in range(0, len(iterate.moved), LANES):
        d = load(pulled, p)
        change = where_greater(d, zero, down, where_greater(zero, d, up, zero))
        square = square + change * change
        add_at(iterate, p, change)
    return math.sqrt(total(square))


@njit(**INLINE)
def _move_by_adam(iterate, memory, rule, step_size):
    """weights <- weights - eta m / (sqrt v + epsilon), both means without their bias; the length of
    the step.  Weights that never had a gradient stay."""
    zero = fill(0.0)
    taken = memory.taken[0]
    half = 0.5 * memory.scale[1]
    if half == -math.inf:
        return 0.0
    rise = math.exp(min(memory.scale[0] - half, 700.0)) / (1.0 - rule.momentum**taken)
    back = fill(-step_size * rise)
    per_bias = fill(1.0 / (1.0 - rule.beta2**taken))
    epsilon = fill(rule.epsilon * math.exp(min(-half, 700.0)))
    square = zero
    for p in range(0, len(iterate.moved), LANES):
        m, v = load(memory.first, p), load(memory.second, p)
        change = back * m / (square_root(v * per_bias) + epsilon)
        change = where_greater(v, zero, change, zero)
        square = square + change * change
        add_at(iterate, p, change)
    return math.sqrt(total(square))


@njit(**INLINE)
def add_at(iterate, p, change):
    """A compensated sum: after 1e6 steps still right to rounding."""
    wanted = change - load(iterate.lost, p)
    before = load(iterate.moved, p)
    after = before + wanted
    store(iterate.lost, p, (after - before) - wanted)
    store(iterate.moved, p, after)


@njit(**INLINE)
def _look(iterate, trained):
    """What the entries are after an update; their slope is cleared."""
    if len(iterate.seen) > 0:
        see(trained.within, iterate.moved, iterate.seen)
    zero = fill(0.0)
    for p in range(0, len(iterate.start), LANES):
        if len(iterate.exponent) > 0:
            split_at(iterate, p, entries(iterate, p))
        store(iterate.slope, p, zero)
