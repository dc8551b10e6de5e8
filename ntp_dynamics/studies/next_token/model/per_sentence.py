"""What the sentences of a step say: noted by a kernel, summed up into loss, leak and accuracy.

Sums and maxima over sentences are kept as m 2^k, lane by lane, so that no loss and no leak is too
small; logarithms are taken once, at the end.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numba import njit

from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    any_greater,
    fill,
    load,
    store,
    times,
    where_greater,
)
from ntp_dynamics.studies.next_token.model.simd_math import (
    SHORT,
    SHORTEST,
    SMALL,
    exp,
    exp_series,
    expm1_ratio,
    expm1_series,
    expm1_short,
    expm1_shortest,
    exponent,
    largest,
    log1p,
    mantissa,
    maximum,
    minimum,
    power_of_two,
    total,
)

LN2 = 0.6931471805599453
NEVER = -1e300
"""A logarithm below all others."""
NO_CLASS = -1e30
"""The logit of what only fills the lanes."""
TINY = 1e-9
"""log(1 + x) = x - x^2 / 2 to rounding."""
LARGEST_WEIGHT = 2.1
"""Above every mantissa of copies e^S."""


class PerSentence(NamedTuple):
    """What the sentences say at a step, in the order of the layout."""

    margin: Float[np.ndarray, " sentences"]
    """max_{j!=y} z_j - z_y."""
    odds: Float[np.ndarray, " sentences"]
    """sum_{j!=y} e^{z_j - z_y - margin}."""
    right: Float[np.ndarray, " sentences"]
    """Attention mass on optimal tokens."""
    wrong: Float[np.ndarray, " sentences"]
    """That on the others is this times 2^shift."""
    shift: Float[np.ndarray, " sentences"]
    surplus: Float[np.ndarray, " sentences"]
    """sum_k e^{Delta phi_k} - 1 over the other tokens k, in units of 2^shift; see `excess`, and
    `share_surplus`."""
    lead: Float[np.ndarray, " sentences"]
    """max_{j!=y} z_y - z_j; noted in the feed-forward stage."""
    odds_now: Float[np.ndarray, " sentences"]
    """phi_+ / phi_- is this times 2^power_now; 0 without either.  Kept, as what follows, at every
    step of the attention stage (`growth_kernel`)."""
    power_now: Float[np.ndarray, " sentences"]
    odds_before: Float[np.ndarray, " sentences"]
    """The same before the last step; 0 before the first."""
    power_before: Float[np.ndarray, " sentences"]
    growth: Float[np.ndarray, " sentences"]
    """The least factor by which they grew in one step."""


@njit(**INLINE)
def note(layout, block, raw, power, inside, per_mass, against, per_sentence):
    """Attention masses of eight sentences: phi = raw 2^(power - inside) per_mass."""
    zero, one = fill(0.0), fill(1.0)
    begin = layout.first[block] * LANES
    size = layout.first[block + 1] * LANES - begin
    top = fill(NEVER)  # the largest power of a wrong token
    for u in range(0, size, LANES):
        optimal = load(layout.optimal, begin + u)
        top = maximum(where_greater(optimal, zero, top, load(power, u)), top)
    right, wrong, surplus = zero, zero, zero
    for u in range(0, size, LANES):
        k, optimal = load(power, u), load(layout.optimal, begin + u)
        w = load(raw, u) * per_mass
        phi = w * power_of_two(k - inside)
        right = right + optimal * phi
        w = (one - optimal) * w * power_of_two(minimum(k - top, zero))
        wrong = wrong + w
        if not math.isnan(against.margin):
            surplus = surplus + w * expm1_ratio((against.margin * (one - optimal)) * phi)
    place = block * LANES
    store(per_sentence.right, place, right)
    store(per_sentence.wrong, place, wrong)
    store(per_sentence.shift, place, top - inside)
    store(per_sentence.surplus, place, against.margin * surplus)


@njit(**INLINE)
def note_plain(block, size, weight, shift, per_mass, against, per_sentence):
    """The same where all eight attend most to their one optimal token, in slot 0: the masses are
    weight per_mass, those of the others in units of 2^shift."""
    place = block * LANES
    store(per_sentence.right, place, load(weight, 0) * per_mass)
    store(per_sentence.shift, place, shift)
    if math.isnan(against.margin):
        wrong, surplus = _sum_wrong(_one, weight, size, per_mass, fill(0.0))
    else:
        per_phi = against.margin * power_of_two(shift)
        reach = per_mass * per_phi * LARGEST_WEIGHT
        if not any_greater(reach, fill(SHORTEST)):
            wrong, surplus = _sum_wrong(expm1_shortest, weight, size, per_mass, per_phi)
        elif not any_greater(reach, fill(SHORT)):
            wrong, surplus = _sum_wrong(expm1_short, weight, size, per_mass, per_phi)
        else:
            wrong, surplus = _sum_wrong(expm1_ratio, weight, size, per_mass, per_phi)
    store(per_sentence.wrong, place, wrong)
    store(per_sentence.surplus, place, against.margin * surplus)


@njit(**INLINE)
def _sum_wrong(ratio, weight, size, per_mass, per_phi):
    """Mass of the tokens from slot 1 on; the sum of mass * ratio(Delta phi)."""
    wrong, surplus = fill(0.0), fill(0.0)
    for u in range(LANES, size, LANES):
        w = times(load(weight, u), per_mass)
        wrong = wrong + w
        surplus = surplus + w * ratio(w * per_phi)
    return wrong, surplus


@njit(**INLINE)
def _one(x):
    return fill(1.0)


@njit(**INLINE)
def share_surplus(against, per_sentence):
    """Where all wrong tokens have one class the surplus has one term, e^{Delta phi_-} - 1."""
    if against.shared and not math.isnan(against.margin):
        for i in range(0, len(against.pi), LANES):
            wrong, shift = load(per_sentence.wrong, i), load(per_sentence.shift, i)
            spread = against.margin * wrong
            shift = where_greater(wrong, fill(0.0), shift, fill(NEVER))
            surplus = spread * expm1_ratio(spread * power_of_two(shift))
            store(per_sentence.surplus, i, surplus)


@njit(**INLINE)
def measure_sentences(against, per_sentence, rounding):
    """Log loss, accuracy, log excess loss, log leak, least and mean attention mass, unweighted
    accuracy, smallest and largest margin.

    A margin closer to 0 than ``rounding`` is a tie.
    """
    zero, one, never = fill(0.0), fill(1.0), fill(NEVER)
    loss, loss_k = zero, never
    excess, excess_k = zero, never
    leak, leak_k = zero, never
    least, mean, failed = one, zero, zero
    wrong_ones, real_ones = zero, zero
    lowest, highest = fill(math.inf), fill(-math.inf)
    tie = fill(-rounding)
    for i in range(0, len(against.pi), LANES):
        pi = load(against.pi, i)
        margin = load(per_sentence.margin, i)
        right, wrong = load(per_sentence.right, i), load(per_sentence.wrong, i)
        shift = where_greater(wrong, zero, load(per_sentence.shift, i), never)

        y, k = _loss(margin, load(per_sentence.odds, i))
        loss, loss_k = _add(loss, loss_k, times(pi, y), k)
        if not math.isnan(against.margin):
            y = times(pi, _excess(against, wrong, shift, load(per_sentence.surplus, i)))
            excess, excess_k = _add(excess, excess_k, y, shift)

        before = leak * power_of_two(minimum(leak_k - shift, fill(1023.0)))
        leak_k = where_greater(wrong, before, shift, leak_k)
        leak = where_greater(wrong, before, wrong, leak)

        least = minimum(right, least)
        mean = mean + pi * right
        real = where_greater(pi, zero, one, zero)
        real_ones = real_ones + real
        if any_greater(margin, tie):
            failed = failed + where_greater(margin, tie, pi, zero)
            wrong_ones = wrong_ones + where_greater(margin, tie, real, zero)
        if not against.attentive:
            lowest = minimum(where_greater(pi, zero, zero - margin, lowest), lowest)
            lead = load(per_sentence.lead, i)
            highest = maximum(where_greater(pi, zero, lead, highest), highest)
    top = largest(leak_k)
    largest_leak = largest(leak * power_of_two(leak_k - top))
    return (
        _log(loss, loss_k),
        1.0 - total(failed) / against.mass,
        math.nan if math.isnan(against.margin) else _log(excess, excess_k),
        math.log(largest_leak) + top * LN2,
        -largest(zero - least),
        total(mean),
        1.0 - total(wrong_ones) / total(real_ones),
        -largest(zero - lowest),
        largest(highest),
    )


@njit(**INLINE)
def _loss(margin, odds):
    """log(1 + e^margin odds) of eight sentences as m 2^k: margin + log(e^-margin + odds), and
    e^margin odds where that is tiny."""
    zero = fill(0.0)
    depth = minimum(margin, zero - margin)
    k = exponent(depth)
    m = mantissa(depth, k)
    e = m * power_of_two(k)
    x = where_greater(margin, zero, e + odds - 1.0, e * odds)
    y = log1p(x) + maximum(margin, zero)
    if not any_greater(fill(TINY), x):
        return y, zero
    tiny = where_greater(fill(TINY), x, minimum(zero - margin, fill(1.0)), zero)
    k = where_greater(tiny, zero, k, zero)
    return where_greater(tiny, zero, m * odds * (1.0 - 0.5 * x), y), k


@njit(**INLINE)
def _excess(against, wrong, shift, surplus):
    """L - L_min of eight sentences in units of 2^shift (`model.excess`):

    log1p(e^-D [(V-1) expm1(D phi_-) + e^{D phi_-} sum_k expm1(D phi_k)] / den).
    """
    unit = power_of_two(shift)
    spread = against.margin * wrong
    x = spread * unit
    if any_greater(maximum(x, fill(0.0) - x), fill(SMALL)):
        ratio, growth = expm1_ratio(x), exp(x)
    else:
        ratio, growth = expm1_series(x), exp_series(x)
    odds = (against.classes - 1.0) * spread * ratio + growth * surplus
    floor = math.exp(-against.margin)
    odds = odds * (floor / (1.0 + (against.classes - 1.0) * floor))
    x = odds * unit
    small = odds * (1.0 - 0.5 * x)
    if any_greater(x, fill(TINY)):
        return where_greater(x, fill(TINY), log1p(x) / unit, small)
    return small


@njit(**INLINE)
def _add(m, k, more, more_k):
    """m 2^k + more 2^more_k, in the larger of the units."""
    top = maximum(k, more_k)
    return m * power_of_two(k - top) + more * power_of_two(more_k - top), top


@njit(**INLINE)
def _log(m, k):
    """log of the sum of m 2^k over the lanes."""
    top = largest(k)
    return math.log(total(m * power_of_two(k - top))) + top * LN2
