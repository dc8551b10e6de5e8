"""The attention stage fused: many steps of one run in one call, exact in the log domain.

Where column u of the logits M = W_ov E is a constant plus a gain g_u at class n(u), the logits of a
sentence have few entries that differ, and a step costs nothing in V or d.  Per sentence with query
q, distinct tokens u, label y, weight pi (`ntp_dynamics.model.gradient` says why in this form):

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
the layout, so a trajectory depends on nothing but its corpus, start and step size.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.model.simd import (
    INLINE,
    LANES,
    exp,
    exponent,
    fill,
    gather,
    largest,
    load,
    mantissa,
    maximum,
    minimum,
    power_of_two,
    scatter_add,
    store,
    total,
    where_equal,
    where_greater,
)

DIGEST = hashlib.sha256(
    b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("simd", "kernel"))
).hexdigest()[:8]
"""Of the files whose functions are inlined into kernels."""
LN2 = 0.6931471805599453
NEVER = -1e300
"""A logarithm below all others."""
ABSENT = -1e9
"""The exponent of a token that is not there."""
SAFE = 600.0
"""How far, in log, the terms of a step may lie from its scale."""


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code that runs without Python's lock.

    Numba keeps it beside this file, else in the user's cache folder, or in NUMBA_CACHE_DIR; where
    none of them can be written each process compiles anew.  Its cache watches the file of the
    function but not those of what is inlined: a name with their digest does.
    """
    function.__qualname__ += f"_{DIGEST}"
    settings: dict[str, Any] = {**INLINE, "forceinline": False, "nogil": True}
    try:
        return njit(cache=True, **settings)(function)
    except RuntimeError:  # no place for a cache
        return njit(**settings)(function)


class Layout(NamedTuple):
    """The sentences of one corpus in blocks of eight, as `ntp_dynamics.model.layout` makes them.

    Slot u of a block holds a token of each of its eight sentences, slot 0 the token that predicts
    the label.  A token whose class stands in an earlier slot is a double of that slot.
    """

    first: Int[np.ndarray, " blocks+1"]
    """Where the slots of each block begin."""
    pair: Int[np.ndarray, " slots*8"]
    """Which score S_uq a token has; the last one for a token that is not there."""
    copies: Float[np.ndarray, " slots*8"]
    """copies_u = this times 2^shift."""
    shift: Float[np.ndarray, " slots*8"]
    kind: Float[np.ndarray, " slots*8"]
    """Number of the token's column of M."""
    gain: Float[np.ndarray, " slots*8"]
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


@compiled
def advance(layout, walk, step_size, normalised, steps):
    """``steps`` steps S <- S - eta D (/ ||D|| where ``normalised``), D = dLoss/dS of all samples.

    A gradient of exactly zero moves nothing.
    """
    widest = 0
    for block in range(len(layout.first) - 1):
        widest = max(widest, layout.first[block + 1] - layout.first[block])
    weight = np.empty(widest * LANES)
    power = np.empty(widest * LANES)
    value = np.empty(widest * LANES)
    if math.isnan(walk.scale[0]):
        split(walk)
        walk.scale[0] = _accumulate(layout, walk, 0.0, weight, power, value)
        walk.slope[:] = 0.0
    for _ in range(steps):
        biggest = _accumulate(layout, walk, walk.scale[0], weight, power, value)
        if abs(biggest - walk.scale[0]) > SAFE:
            walk.slope[:] = 0.0
            walk.scale[0] = biggest
            _accumulate(layout, walk, biggest, weight, power, value)
        move(walk, step_size, normalised)


@njit(**INLINE)
def _accumulate(layout, walk, scale, weight, power, value):
    """Add dLoss/dS e^-scale of every sentence to the slope; the log of the largest sentence."""
    zero = fill(0.0)
    one = fill(1.0)
    biggest = fill(NEVER)
    for block in range(len(layout.first) - 1):
        begin = layout.first[block] * LANES
        size = layout.first[block + 1] * LANES - begin

        # weights copies e^S = weight 2^power; the reference kind, the largest powers in and out
        inside = fill(NEVER)
        reference = fill(-1.0)
        outside = fill(NEVER)
        for u in range(0, size, LANES):
            k = gather(walk.exponent, layout.pair, begin + u) + load(layout.shift, begin + u)
            kind = load(layout.kind, begin + u)
            store(power, u, k)
            store(
                weight,
                u,
                gather(walk.mantissa, layout.pair, begin + u) * load(layout.copies, begin + u),
            )
            second = where_greater(k, inside, inside, k)
            outside = where_equal(kind, reference, outside, maximum(second, outside))
            reference = where_greater(k, inside, kind, reference)
            inside = maximum(k, inside)
        outside = where_greater(fill(0.1 * ABSENT), outside, inside, outside)

        # phi = weight / mass in the reference kind, weight * apart / mass outside it
        apart = power_of_two(outside - inside)
        mass_in = zero
        mass_out = zero
        for u in range(0, size, LANES):
            same = load(layout.kind, begin + u)
            k = load(power, u) - where_equal(same, reference, inside, outside)
            w = load(weight, u) * power_of_two(k)
            store(weight, u, w)
            mass_in = mass_in + where_equal(same, reference, w, zero)
            mass_out = mass_out + where_equal(same, reference, zero, w)
        per_mass = one / (mass_in + apart * mass_out)
        per_mass_out = per_mass * apart

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
        per_odds = one / (exp(below - margin) + exp(below) * odds)

        # means removed, scaled, added
        mean = zero
        for u in range(0, size, LANES):
            kind = load(layout.kind, begin + u)
            d = where_equal(kind, reference, zero, load(value, u) - v_reference)
            store(value, u, d)
            mean = mean + load(weight, u) * d
        mean = mean * per_mass
        own = (outside - inside) * LN2 + below + load(layout.log_pi, block * LANES)
        biggest = maximum(own, biggest)
        factor = exp(minimum(own - scale, fill(700.0))) * per_odds * per_mass
        mean_out = apart * mean
        for u in range(0, size, LANES):
            kind = load(layout.kind, begin + u)
            d = where_equal(kind, reference, zero - mean, load(value, u) - mean_out)
            scatter_add(walk.slope, layout.pair, begin + u, load(weight, u) * factor * d)
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


@njit(**INLINE)
def move(walk, step_size, normalised):
    """One update from the slope, which is cleared; the scale becomes the log norm."""
    square = fill(0.0)
    pairs = len(walk.start)
    for p in range(0, pairs, LANES):
        d = load(walk.slope, p)
        square = square + d * d
    square = total(square)
    if square == 0.0:
        return
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
    wanted = (step_size if normalised else pace * norm) - walk.length[1]
    after = walk.length[0] + wanted
    walk.length[1] = (after - walk.length[0]) - wanted
    walk.length[0] = after
    walk.scale[0] += math.log(norm)


@njit(**INLINE)
def split(walk):
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
