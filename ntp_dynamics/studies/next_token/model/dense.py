"""The fused kernel for any logits M.

As `model.kernel`, but eight classes of one sentence fill the lanes of a vector: a step
costs 2 L V multiplications and V exponentials a sentence.

    z = sum_u phi_u M[:,u],   m = max_{j!=y} z_j - z_y,   e_j = e^{z_j - z_y - m},   e_y = -sum e_j
    v_u = <M[:,u], e>,        dLoss/dS_uq = pi e^m / (1 + e^m |e_y|) * phi_u (v_u - <phi, v>)

Which tokens have the v of the most attended one is found at every step, as in
`model.gradient`: they differ by less than EQUAL of the largest.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.gradient import EQUAL
from ntp_dynamics.studies.next_token.model.growth_kernel import weigh_one
from ntp_dynamics.studies.next_token.model.iterate import unit
from ntp_dynamics.studies.next_token.model.kernel_descent import descend
from ntp_dynamics.studies.next_token.model.per_sentence import LN2, NEVER, NO_CLASS
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    INLINE_MAKING,
    LANES,
    fill,
    gather,
    load,
    scatter_add,
    store,
    where_equal,
)
from ntp_dynamics.studies.next_token.model.simd_math import (
    exp,
    largest,
    maximum,
    power_of_two,
    total,
)


@compiled
def advance_dense(layout, iterate, trained, steps, sampling, against, per_sentence, due, rows):
    """As `kernel.advance`."""
    room = room_of(layout)
    descend(
        _accumulate,
        layout,
        iterate,
        trained,
        room,
        steps,
        sampling,
        against,
        per_sentence,
        due,
        rows,
    )


@njit(**INLINE_MAKING)
def room_of(layout):
    """What the work on one sentence needs: three numbers a token, one a class."""
    widest = layout.size.max() + LANES if len(layout.size) else 0
    return np.empty(widest), np.empty(widest), np.empty(widest), np.empty(layout.classes)


@njit(**INLINE)
def _accumulate(layout, sampling, drawn, iterate, scale, room, against, per_sentence, noting):
    return accumulate(
        layout, sampling, drawn, iterate, scale, room, against, per_sentence, noting, None
    )[0]


@njit(**INLINE)
def accumulate(
    layout, sampling, drawn, iterate, scale, room, against, per_sentence, noting, logits
):
    """Add dLoss/dS e^-scale of all sentences, or of those that are drawn, to the slope; the log of
    the largest.

    Where ``noting``, ``per_sentence`` is filled too.  ``logits`` is the iterate of M where that is
    trained: dLoss/dM is added to its slope, and the log of the largest sentence there comes second.
    """
    weight, power, value, class_ = room
    zero = fill(0.0)
    biggest = biggest_logit = NEVER
    for s in range(len(layout.label) if noting else layout.moving):
        begin = layout.first[s]
        size = layout.first[s + 1] - begin
        real = layout.size[s]
        label = layout.label[s]
        log_pi = layout.log_pi[s]
        if sampling is not None and drawn:
            log_pi = sampling.log_weight[s]

        inside, per_mass = _attend(layout, iterate, begin, size, room)
        if len(per_sentence.odds_now) > 0 and s < layout.moving:
            weigh_one(layout, s, weight, power, per_sentence)

        # logits, residuals in units of e^margin / (1 + e^margin odds)
        for j in range(0, layout.classes, LANES):
            z = zero
            for u in range(real):
                z = z + load(layout.columns, layout.column[begin + u] + j) * value[u]
            store(class_, j, z * per_mass)
        margin, odds = odds_of(class_, label)
        if layout.many > 1.0:
            odds += (layout.many - 1.0) * class_[layout.last]
            class_[layout.last] *= layout.many
        class_[label] = -odds
        below = min(margin, 0.0)
        per_odds = 1.0 / (math.exp(below - margin) + math.exp(below) * odds)
        if logits is not None:
            own = below + log_pi
            biggest_logit = max(biggest_logit, own)
            factor = exp_in_range(own - unit(logits)) * per_odds * per_mass
            together = class_[layout.last]
            if layout.many > 1.0:  # along the unit vector of these classes
                class_[layout.last] = together / math.sqrt(layout.many)
            _add_to_logits(layout, logits, begin, real, value, class_, factor)
            class_[layout.last] = together
        most, reference = -1.0, 0.0
        widest = 0.0
        for u in range(real):
            v = zero
            for j in range(0, layout.classes, LANES):
                v = v + load(class_, j) * load(layout.columns, layout.column[begin + u] + j)
            phi = value[u]
            value[u] = total(v)
            widest = max(widest, abs(value[u]))
            if phi > most:
                most, reference = phi, value[u]

        # the reference class has d = 0; 2^outside is the largest power of the others
        outside = NEVER
        for u in range(real):
            d = value[u] - reference
            if abs(d) <= EQUAL * widest:
                d = 0.0
            else:
                outside = max(outside, power[u])
            value[u] = d
        if noting:
            per_sentence.margin[s], per_sentence.odds[s] = margin, odds
            _note(layout, s, weight, power, inside, per_mass, against, per_sentence)
        if outside == NEVER:
            continue
        mean = zero
        for u in range(0, size, LANES):
            if u + LANES > real:
                for i in range(max(u, real), u + LANES):
                    value[i] = 0.0
            d = load(value, u)
            k = load(power, u) - where_equal(d, zero, fill(inside), fill(outside))
            w = load(weight, u) * power_of_two(k)
            store(weight, u, w)
            mean = mean + w * d
        mean_out = total(mean) * per_mass
        own = (outside - inside) * LN2 + below + log_pi
        biggest = max(biggest, own)
        factor = exp_in_range(own - scale) * per_odds * per_mass
        apart = fill(mean_out) * power_of_two(fill(outside - inside))
        for u in range(0, size, LANES):
            d = load(value, u)
            d = where_equal(d, zero, fill(-mean_out), d - apart)
            scatter_add(iterate.slope, layout.pair, begin + u, load(weight, u) * factor * d)
    return biggest, biggest_logit


@njit(**INLINE)
def _attend(layout, iterate, begin, size, room):
    """Attention masses of a sentence: phi = value per_mass = weight 2^(power - inside) per_mass.
    Returns (inside, per_mass)."""
    weight, power, value, _ = room
    top = fill(NEVER)
    for u in range(0, size, LANES):
        k = gather(iterate.exponent, layout.pair, begin + u)
        store(power, u, k)
        w = gather(iterate.mantissa, layout.pair, begin + u) * load(layout.copies, begin + u)
        store(weight, u, w)
        top = maximum(k, top)
    inside = largest(top)
    mass = fill(0.0)
    for u in range(0, size, LANES):
        phi = load(weight, u) * power_of_two(load(power, u) - inside)
        store(value, u, phi)
        mass = mass + phi
    return inside, 1.0 / total(mass)


@njit(**INLINE)
def _add_to_logits(layout, logits, begin, real, value, class_, factor):
    """Add phi_u e of a sentence to the columns of its tokens u."""
    for u in range(real):
        column, phi = layout.column[begin + u], fill(value[u] * factor)
        for j in range(column, column + layout.classes, LANES):
            store(logits.slope, j, load(logits.slope, j) + load(class_, j - column) * phi)


@njit(**INLINE)
def exp_in_range(x):
    """e^x within the range of floats."""
    return math.exp(max(min(x, 700.0), -745.0))


@njit(**INLINE)
def _note(layout, s, weight, power, inside, per_mass, against, per_sentence):
    """Attention masses of a sentence: phi = weight 2^(power - inside) per_mass."""
    begin = layout.first[s]
    top = NEVER  # the largest power of a wrong token
    for u in range(layout.size[s]):
        if layout.optimal[begin + u] == 0:
            top = max(top, power[u])
    right, wrong, surplus = 0.0, 0.0, 0.0
    for u in range(layout.size[s]):
        phi = weight[u] * per_mass * 2.0 ** (power[u] - inside)
        if layout.optimal[begin + u] > 0:
            right += phi
        else:
            w = weight[u] * per_mass * 2.0 ** (power[u] - top)
            x = against.margin * phi
            wrong += w
            surplus += against.margin * w * (math.expm1(x) / x if x > 0 else 1.0)
    per_sentence.right[s], per_sentence.wrong[s], per_sentence.surplus[s] = right, wrong, surplus
    per_sentence.shift[s] = top - inside


@njit(**INLINE)
def odds_of(class_, label):
    """Margin of the wrong classes over the label, and their odds, which replace the logits."""
    right = class_[label]
    class_[label] = NO_CLASS
    top = fill(NEVER)
    for j in range(0, len(class_), LANES):
        top = maximum(load(class_, j), top)
    margin = largest(top) - right
    sum_ = fill(0.0)
    for j in range(0, len(class_), LANES):
        e = exp((load(class_, j) - right) - margin)
        store(class_, j, e)
        sum_ = sum_ + e
    return margin, total(sum_)
