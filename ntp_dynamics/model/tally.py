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

from ntp_dynamics.model.simd import (
    INLINE,
    LANES,
    fill,
    lane,
    load,
    store,
    where_equal,
    where_greater,
)
from ntp_dynamics.model.simd_math import (
    exp,
    expm1_ratio,
    exponent,
    largest,
    log1p_ratio,
    mantissa,
    maximum,
    minimum,
    power_of_two,
    total,
)

LN2 = 0.6931471805599453
NEVER = -1e300
"""A logarithm below all others."""
NO_SENTENCE = -1e9
"""log pi of what only fills the lanes."""


class Tally(NamedTuple):
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
    """sum_k e^{Delta phi_k} - 1 over the other tokens k, in units of 2^shift; see `excess`."""


@njit(**INLINE)
def note(layout, weight, block, reference, per_mass, inside, outside, gauge, tally):
    """Attention masses of eight sentences, in the reference kind and outside it."""
    zero = fill(0.0)
    begin = layout.first[block] * LANES
    size = layout.first[block + 1] * LANES - begin
    apart = power_of_two(outside - inside)
    right_in, right_out, wrong_in, wrong_out = zero, zero, zero, zero
    for u in range(0, size, LANES):
        kind, optimal = load(layout.kind, begin + u), load(layout.optimal, begin + u)
        w = load(weight, u) * per_mass
        right, wrong = w * optimal, w * (1.0 - optimal)
        right_in = right_in + where_equal(kind, reference, right, zero)
        right_out = right_out + where_equal(kind, reference, zero, right)
        wrong_in = wrong_in + where_equal(kind, reference, wrong, zero)
        wrong_out = wrong_out + where_equal(kind, reference, zero, wrong)
    near = where_greater(wrong_in, zero, fill(1.0), zero)  # some wrong mass is in the reference kind
    unit = where_greater(near, zero, apart, fill(1.0))
    shift = where_greater(near, zero, zero, outside - inside)
    store(tally.right, block * LANES, right_in + apart * right_out)
    store(tally.wrong, block * LANES, wrong_in + unit * wrong_out)
    store(tally.shift, block * LANES, shift)
    if gauge.margin == gauge.margin:
        surplus = zero
        for u in range(0, size, LANES):
            same, optimal = load(layout.kind, begin + u), load(layout.optimal, begin + u)
            w = gauge.margin * (load(weight, u) * per_mass)
            x = w * where_equal(same, reference, fill(1.0), apart)
            w = w * where_equal(same, reference, fill(1.0), unit) * (1.0 - optimal)
            surplus = surplus + w * expm1_ratio(x)
        store(tally.surplus, block * LANES, surplus)


@njit(**INLINE)
def measure_sentences(gauge, tally, rounding):
    """Log loss, accuracy, log excess loss, log leak, least and mean attention mass.  A margin closer
    to 0 than ``rounding`` is a tie."""
    zero, one = fill(0.0), fill(1.0)
    loss, loss_k = zero, fill(NEVER)
    excess, excess_k = zero, fill(NEVER)
    leak, leak_k = zero, fill(NEVER)
    least, mean, failed = one, zero, zero
    for i in range(0, len(gauge.log_pi), LANES):
        margin, odds = load(tally.margin, i), load(tally.odds, i)
        log_pi = load(gauge.log_pi, i)
        pi = exp(log_pi)
        right, wrong = load(tally.right, i), load(tally.wrong, i)
        shift = where_greater(wrong, zero, load(tally.shift, i), fill(NEVER))

        # log(1 + e^margin odds) = margin + log(e^-margin + odds)
        e = exp(minimum(margin, zero - margin))
        x = where_greater(margin, zero, e + odds - 1.0, e * odds)
        log1p = log1p_ratio(x)
        y = where_greater(margin, zero, margin + x * log1p, odds * log1p)
        log = minimum(margin, zero) + log_pi
        k = exponent(log)
        loss, loss_k = _add(loss, loss_k, mantissa(log, k) * y, k)

        if gauge.margin == gauge.margin:
            y = _excess(gauge, wrong, shift, load(tally.surplus, i))
            k = exponent(log_pi)
            excess, excess_k = _add(excess, excess_k, mantissa(log_pi, k) * y, k + shift)

        top = maximum(leak_k, shift)
        mine, best = wrong * power_of_two(shift - top), leak * power_of_two(leak_k - top)
        leak_k = where_greater(mine, best, shift, leak_k)
        leak = where_greater(mine, best, wrong, leak)

        least = minimum(right, least)
        mean = mean + pi * right
        failed = failed + where_greater(fill(-rounding), margin, zero, pi)
    log_leak = -math.inf
    for i in range(LANES):
        if lane(leak, i) > 0:
            log_leak = max(math.log(lane(leak, i)) + lane(leak_k, i) * LN2, log_leak)
    return (
        _log(loss, loss_k),
        1.0 - total(failed) / gauge.mass,
        _log(excess, excess_k) if gauge.margin == gauge.margin else math.nan,
        log_leak,
        -largest(zero - least),
        total(mean),
    )


@njit(**INLINE)
def _excess(gauge, wrong, shift, surplus):
    """L - L_min of eight sentences in units of 2^shift (`ntp_dynamics.model.excess`):

    log1p(e^-D [(V-1) expm1(D phi_-) + e^{D phi_-} sum_k expm1(D phi_k)] / den).
    """
    unit = power_of_two(shift)
    spread = gauge.margin * wrong
    x = spread * unit
    odds = (gauge.classes - 1.0) * spread * expm1_ratio(x) + exp(x) * surplus
    floor = math.exp(-gauge.margin)
    odds = odds * (floor / (1.0 + (gauge.classes - 1.0) * floor))
    return odds * log1p_ratio(odds * unit)


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
