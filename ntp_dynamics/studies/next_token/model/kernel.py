"""The attention stage fused: many steps of one run in one call, exact in the log domain.

Where column u of the logits M = W_ov E is a constant plus a gain g_u at class n(u), the logits of a
sentence have few entries that differ, and a step costs nothing in V or d.  Per sentence with query
q, distinct tokens u, label y, weight pi (`model.gradient` says why in this form):

    phi_u = copies_u e^{S_uq} / sum,   t_j = sum_{n(u)=j} phi_u g_u,   m = max_{j!=y} t_j - t_y
    e_j = e^{t_j - t_y - m} for j != y,   e_y = -sum_{j!=y} e_j,   v_u = g_u e_{n(u)}
    dLoss/dS_uq = pi e^m / (1 + e^m |e_y|) * phi_u (v_u - sum_l phi_l v_l)

1. Each e^S is split into a mantissa and a power of two once a step; sentences shift exponents only.
2. Tokens with the same column of M are one kind, and v is the same for all of a kind.  The kind of
   the most attended token is the reference: d_u = v_u - v_ref is *set* to 0 there.  The weights of
   the other kinds are held relative to 2^K, K the largest exponent among them.
3. Every sentence adds to D in units of e^scale, the log norm of the step before, so that no second
   pass looks for the largest; if a step leaves that range it is done again with its own scale.

Eight sentences of about one length fill the lanes of a vector; blocks are summed in the order of
the layout, so a trajectory depends on nothing but its corpus, start and step size.  What is
measured (`model.measure`) comes from the same machine code that moves the scores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.growth_kernel import put_odds, weigh
from ntp_dynamics.studies.next_token.model.iterate import ABSENT
from ntp_dynamics.studies.next_token.model.kernel_descent import descend
from ntp_dynamics.studies.next_token.model.per_sentence import LN2, NEVER, note, note_plain
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    any_differs,
    fill,
    gather,
    load,
    scatter_add,
    store,
    times,
    where_equal,
    where_greater,
)
from ntp_dynamics.studies.next_token.model.simd_math import (
    exp,
    largest,
    maximum,
    minimum,
    power_of_two,
)

ABSENT_POWER = 0.1 * ABSENT
"""Below every exponent but that of a token that is not there."""


class Layout(NamedTuple):
    """The sentences of one corpus in blocks of eight, as `model.layout` makes them.

    Slot u of a block holds a token of each of its eight sentences, slot 0 the token that predicts
    the label.  A token whose class stands in an earlier slot is a double of that slot.
    """

    first: Int[np.ndarray, " blocks+1"]
    """Where the slots of each block begin."""
    moving: int
    """How many blocks have a gradient; the others come last and are only measured."""
    pair: Int[np.ndarray, " slots*8"]
    """Which score S_uq a token has; the last one for a token that is not there."""
    copies: Float[np.ndarray, " slots*8"]
    """copies_u = this times 2^shift."""
    shift: Float[np.ndarray, " slots*8"]
    kind: Float[np.ndarray, " slots*8"]
    """Number of the token's column of M."""
    gain: Float[np.ndarray, " slots*8"]
    optimal: Float[np.ndarray, " slots*8"]
    """1 for a token that n maps to the label, else 0."""
    alone: Bool[np.ndarray, " blocks"]
    """Whether each sentence of a block has one optimal token, in slot 0, of a kind of its own."""
    rest: Float[np.ndarray, " blocks*8"]
    """Classes of a sentence that have no slot: their logits are all 0."""
    log_pi: Float[np.ndarray, " blocks*8"]
    first_double: Int[np.ndarray, " blocks+1"]
    double: Int[np.ndarray, " doubles"]
    """Position in the block, slot * 8 + lane."""
    leader: Int[np.ndarray, " doubles"]
    """Position of the slot that stands for the class of the double."""
    ratio: Float[np.ndarray, " doubles"]
    """Gain of the double over that of its leader."""


@compiled
def advance(layout, iterate, trained, steps, sampling, against, per_sentence, due, rows):
    """Steps along D = dLoss/dS of all samples; see `descend`."""
    widest = 0
    for block in range(len(layout.first) - 1):
        widest = max(widest, layout.first[block + 1] - layout.first[block])
    size = widest * LANES
    room = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
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


@njit(**INLINE)
def _accumulate(layout, sampling, drawn, iterate, scale, room, against, per_sentence, noting):
    """Add dLoss/dS e^-scale of all sentences, or of those that are drawn, to the slope; the log of
    the largest.

    Where ``noting``, ``per_sentence`` is filled too.
    """
    raw, power, weight, value = room
    zero = fill(0.0)
    one = fill(1.0)
    biggest = fill(NEVER)
    for block in range(len(layout.first) - 1 if noting else layout.moving):
        begin = layout.first[block] * LANES
        size = layout.first[block + 1] * LANES - begin

        # weights copies e^S = raw 2^power; the reference kind, the largest powers in and out
        inside = fill(NEVER)
        reference = fill(-1.0)
        outside = fill(NEVER)
        for u in range(0, size, LANES):
            k = gather(iterate.exponent, layout.pair, begin + u) + load(layout.shift, begin + u)
            kind = load(layout.kind, begin + u)
            store(power, u, k)
            store(
                raw,
                u,
                gather(iterate.mantissa, layout.pair, begin + u) * load(layout.copies, begin + u),
            )
            second = where_greater(k, inside, inside, k)
            outside = where_equal(kind, reference, outside, maximum(second, outside))
            reference = where_greater(k, inside, kind, reference)
            inside = maximum(k, inside)
        outside = where_greater(fill(ABSENT_POWER), outside, inside, outside)

        # phi = weight / mass in the reference kind, weight * apart / mass outside it
        apart = power_of_two(outside - inside)
        mass_in = zero
        mass_out = zero
        for u in range(0, size, LANES):
            same = load(layout.kind, begin + u)
            k = load(power, u) - where_equal(same, reference, inside, outside)
            w = load(raw, u) * power_of_two(k)
            store(weight, u, w)
            mass_in = mass_in + where_equal(same, reference, w, zero)
            mass_out = mass_out + where_equal(same, reference, zero, w)
        per_mass = one / (mass_in + apart * mass_out)
        per_mass_out = per_mass * apart

        # all eight attend most to their one optimal token, and all others are wrong
        plain = layout.alone[block] and not any_differs(load(layout.kind, begin), reference)
        if len(per_sentence.odds_now) > 0 and block < layout.moving:
            if plain:
                put_odds(per_sentence, block, load(raw, 0), mass_out, inside - outside)
            else:
                weigh(layout, block, raw, power, per_sentence)

        # logits of the classes that have a slot
        top = zero
        for u in range(0, size, LANES):
            scaled = where_equal(load(layout.kind, begin + u), reference, per_mass, per_mass_out)
            t = load(weight, u) * scaled * load(layout.gain, begin + u)
            store(value, u, t)
            if u > 0:
                top = maximum(t, top)
        first, last = layout.first_double[block], layout.first_double[block + 1]
        if last > first:
            top = _merge(layout, value, first, last, size)

        # residuals p - e_y, and v, in units of e^margin / (1 + e^margin odds)
        right = load(value, 0)
        margin = top - right
        odds = exp((zero - right) - margin) * load(layout.rest, block * LANES)
        v_reference = zero
        for u in range(LANES, size, LANES):
            e = exp((load(value, u) - right) - margin)
            odds = odds + e
            v = e * load(layout.gain, begin + u)
            store(value, u, v)
            v_reference = where_equal(load(layout.kind, begin + u), reference, v, v_reference)
        v = (zero - odds) * load(layout.gain, begin)
        store(value, 0, v)
        v_reference = where_equal(load(layout.kind, begin), reference, v, v_reference)
        if last > first:
            v_reference = _share(layout, value, first, last, begin, size, reference)
        below = minimum(margin, zero)
        apart_by = exp(minimum(margin, zero - margin))  # e^-|margin|
        near, far = (
            where_greater(zero, margin, one, apart_by),
            where_greater(zero, margin, apart_by, one),
        )
        per_odds = one / (near + times(far, odds))

        # means removed, scaled, added
        mean = zero
        widest = zero
        for u in range(0, size, LANES):
            kind = load(layout.kind, begin + u)
            d = where_equal(kind, reference, zero, load(value, u) - v_reference)
            store(value, u, d)
            w = load(weight, u)
            widest = maximum(where_greater(w, zero, maximum(d, zero - d), zero), widest)
            mean = mean + w * d
        mean = mean * per_mass
        log_pi = load(layout.log_pi, block * LANES)
        if sampling is not None and drawn:
            log_pi = load(sampling.log_weight, block * LANES)
        own = (outside - inside) * LN2 + below + log_pi
        if block < layout.moving:  # tokens that pull exactly alike have no gradient
            biggest = maximum(where_greater(widest, zero, own, biggest), biggest)
        factor = exp(minimum(own - scale, fill(700.0))) * per_odds * per_mass
        mean_out = apart * mean
        for u in range(0, size, LANES):
            kind = load(layout.kind, begin + u)
            d = where_equal(kind, reference, zero - mean, load(value, u) - mean_out)
            scatter_add(iterate.slope, layout.pair, begin + u, load(weight, u) * factor * d)

        if noting:
            store(per_sentence.margin, block * LANES, margin)
            store(per_sentence.odds, block * LANES, odds)
            if plain:
                note_plain(block, size, weight, outside - inside, per_mass, against, per_sentence)
            else:
                note(layout, block, raw, power, inside, per_mass, against, per_sentence)
    return largest(biggest)


@njit(**INLINE)
def _merge(layout, value, first, last, size):
    """Add the logits of doubles to their leaders; the largest logit of a wrong class."""
    for i in range(first, last):
        if layout.leader[i] != layout.double[i]:
            value[layout.leader[i]] += value[layout.double[i]]
        value[layout.double[i]] = NEVER
    top = fill(0.0)
    for u in range(LANES, size, LANES):
        top = maximum(load(value, u), top)
    return top


@njit(**INLINE)
def _share(layout, value, first, last, begin, size, reference):
    """Give doubles the residual of their class; v of the reference kind."""
    for i in range(first, last):
        value[layout.double[i]] = value[layout.leader[i]] * layout.ratio[i]
    v_reference = fill(0.0)
    for u in range(0, size, LANES):
        kind = load(layout.kind, begin + u)
        v_reference = where_equal(kind, reference, load(value, u), v_reference)
    return v_reference
