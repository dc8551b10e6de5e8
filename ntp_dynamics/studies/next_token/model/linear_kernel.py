"""Softmax-linear losses fused: many steps of one run in one call, exact in the log domain.

The gradient is formed in the two parts of `softmax_linear`.  A sample n with logits a_v = w_v +
log m_v has sums of odds inside the component of its label and outside it, each relative to its
largest; with x = lse_out - lse_in, q = 1 / (1 + e^-x) and s_out the softmax outside,

    between components    pi q s_out on tokens outside, -pi q on the component as a whole
    inside a component    pi ((1 - q) s_in - p) and what others say of its entries, less their mean

The first part is in units of e^scale, the largest pi q of any sample: right however small it is.
Samples are summed in the order of the layout.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.iterate import add, entries, scaled_square
from ntp_dynamics.studies.next_token.model.kernel_rules import add_at, move, pull, shrink
from ntp_dynamics.studies.next_token.model.linear_excess_kernel import log_parts
from ntp_dynamics.studies.next_token.model.linear_measure import measure_linear
from ntp_dynamics.studies.next_token.model.per_sentence import NEVER
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    fill,
    gather,
    load,
    scatter_add,
    store,
    where_greater,
)
from ntp_dynamics.studies.next_token.model.simd_math import (
    exp,
    largest,
    log1p,
    maximum,
    minimum,
    total,
)
from ntp_dynamics.studies.next_token.model.trained import POLYAK, SPLIT, Rule


class LinearSteps(NamedTuple):
    """As `Steps`, of a softmax-linear loss."""

    count: int
    rule: Rule
    keeps_least: bool
    """Whether every step knows the least excess loss so far."""
    taken: int = 0


@compiled
def advance_linear(layout, iterate, trained, steps, sampling, against, per_sentence, due, rows):
    """Take steps, and measure on the way, as `kernel_descent.descend`."""
    rule, least = steps.rule, layout.room.least
    taken, row = 0, 0
    while taken < steps.count or due[row] == taken:
        _differentiate(layout, iterate)
        is_due, split = due[row] == taken, rule.kind == SPLIT
        entry_square = _join(layout, iterate) if is_due or not split else 0.0
        excess = math.inf
        if steps.keeps_least or rule.kind == POLYAK:
            excess = np.logaddexp(*log_parts(layout))
        if is_due:
            measure_linear(against, layout, iterate, rows[row])
            row += 1
        if taken == steps.count:
            continue
        least[0] = min(least[0], excess)
        if split:
            _move_in_parts(layout, iterate, rule)
        else:
            square, scale = pull(iterate, trained, rule, entry_square)
            log_ratio = 0.0
            if trained is not None and rule.kind == POLYAK:
                log_ratio = excess - (math.log(square) + 2 * scale)
            move(iterate, trained, rule, rule.step_size, square, scale, log_ratio, entry_square)
        taken += 1
    iterate.scale[0] = 0.0  # of no step to come


@njit(**INLINE)
def _differentiate(layout, iterate):
    """Both parts of dL/dW, into the room."""
    room, zero = layout.room, fill(0.0)
    for p in range(0, len(iterate.start), LANES):
        store(room.value, p, entries(iterate, p) / load(layout.root, p))
        store(room.outer, p, zero)
    room.inner[:] = 0.0
    room.pull[:] = 0.0
    _weigh(layout, room)
    _divide(layout, room)
    _scatter(layout, room)
    _centre(layout, room)


@njit(**INLINE)
def _join(layout, iterate):
    """dL/dW as the slope of the iterate in units of its scale; the sum of its squares."""
    room, square = layout.room, 0.0
    for m in range(len(layout.member)):
        square += room.inner[m] * room.inner[m]
    scale = room.scale[0]
    unit = scale if square == 0.0 else max(scale, 0.5 * math.log(square))
    unit = 0.0 if unit == -math.inf else unit
    iterate.scale[0] = unit
    outer = fill(math.exp(scale - unit))
    for p in range(0, len(iterate.start), LANES):
        store(iterate.slope, p, load(layout.root, p) * load(room.outer, p) * outer)
    inner = math.exp(-unit)
    for m in range(len(layout.member)):
        iterate.slope[layout.member[m]] += room.inner[m] * inner
    return scaled_square(iterate)


@njit(**INLINE)
def _odds(value, entry, copies, odds, begin, end):
    """Those of some slots, relative to the largest: its log, and their sum."""
    top, mass = fill(NEVER), fill(0.0)
    for s in range(begin, end, LANES):
        a = gather(value, entry, s) + load(copies, s)
        store(odds, s, a)
        top = maximum(a, top)
    highest = largest(top)
    top = fill(highest)
    for s in range(begin, end, LANES):
        x = exp(load(odds, s) - top)
        store(odds, s, x)
        mass = mass + x
    return highest, total(mass)


@njit(**INLINE)
def _weigh(layout, room):
    """Odds of the tokens on each side of every sample, relative to the largest, and their sums."""
    for n in range(len(layout.pi)):
        begin, end = layout.first_in[n], layout.first_in[n + 1]
        if layout.component[n] < 0:
            room.top_in[n] = room.value[layout.label[n]] + layout.label_copies[n]
            room.mass_in[n] = 1.0
        else:
            entry, copies = layout.entry_in, layout.copies_in
            top, mass = _odds(room.value, entry, copies, room.odds_in, begin, end)
            room.top_in[n], room.mass_in[n] = top, mass
        begin, end = layout.first_out[n], layout.first_out[n + 1]
        room.top_out[n], room.mass_out[n] = NEVER, 1.0
        if end > begin:
            entry, copies = layout.entry_out, layout.copies_out
            top, mass = _odds(room.value, entry, copies, room.odds_out, begin, end)
            room.top_out[n], room.mass_out[n] = top, mass * layout.many[n]


@njit(**INLINE)
def _divide(layout, room):
    """What of each sample lies outside and inside, eight samples at a time."""
    zero, one = fill(0.0), fill(1.0)
    most = fill(NEVER)
    for n in range(0, len(layout.pi), LANES):
        inside = log1p(load(room.mass_in, n) - 1.0) + load(room.top_in, n)
        x = (log1p(load(room.mass_out, n) - 1.0) + load(room.top_out, n)) - inside
        t = exp(minimum(x, zero - x))
        log_q = minimum(x, zero) - log1p(t)
        log_leak = log_q + load(layout.log_pi, n)
        store(room.gap, n, x)
        store(room.leak, n, log_leak)
        store(room.kept, n, load(layout.pi, n) * (where_greater(x, zero, t, one) / (one + t)))
        most = maximum(log_leak, most)
    scale = largest(most)
    room.scale[0] = scale if scale > 0.5 * NEVER else -math.inf
    per_scale = fill(scale)
    for n in range(0, len(layout.pi), LANES):
        leak = load(room.leak, n)
        kept = where_greater(leak, fill(0.5 * NEVER), exp(leak - per_scale), zero)
        store(room.leak, n, kept)


@njit(**INLINE)
def _scatter(layout, room):
    """Add what each sample says of the entries of its tokens."""
    for n in range(len(layout.pi)):
        leak = room.leak[n]
        if leak > 0.0:
            share = fill(leak / room.mass_out[n])
            for s in range(layout.first_out[n], layout.first_out[n + 1], LANES):
                scatter_add(room.outer, layout.entry_out, s, load(room.odds_out, s) * share)
        if layout.component[n] < 0:
            room.outer[layout.label[n]] -= leak
        else:
            room.pull[layout.component[n]] -= leak
            share, pi = fill(room.kept[n] / room.mass_in[n]), fill(layout.pi[n])
            for s in range(layout.first_in[n], layout.first_in[n + 1], LANES):
                d = load(room.odds_in, s) * share - pi * load(layout.target_in, s)
                scatter_add(room.inner, layout.member_in, s, d)


@njit(**INLINE)
def _centre(layout, room):
    """Both parts in the components of several entries: less the mean, and the mean."""
    unit = math.exp(room.scale[0])
    for c in range(len(layout.first_member) - 1):
        begin, end = layout.first_member[c], layout.first_member[c + 1]
        inner, outer = 0.0, 0.0
        for m in range(begin, end):
            beside = room.outer[layout.member[m]]
            room.inner[m] += unit * beside
            inner += room.inner[m]
            outer += beside
        inner, outer = inner / (end - begin), (outer + room.pull[c]) / (end - begin)
        for m in range(begin, end):
            room.inner[m] -= inner
            room.outer[layout.member[m]] = outer


@njit(**INLINE)
def _move_in_parts(layout, iterate, rule):
    """W <- W - eta_F inner - eta outer / ||outer||, and decay; the slope is lost."""
    room, zero = layout.room, fill(0.0)
    left = 1.0 - rule.step_size * rule.decay
    if left != 1.0:
        shrink(iterate, left)
    square = zero
    for p in range(0, len(iterate.start), LANES):
        d = load(layout.root, p) * load(room.outer, p)
        square = square + d * d
    norm = math.sqrt(total(square))
    factor = fill(rule.step_size / norm if norm > 0.0 else 0.0)
    for p in range(0, len(iterate.start), LANES):
        store(iterate.slope, p, load(layout.root, p) * load(room.outer, p) * factor)
    for m in range(len(layout.member)):
        iterate.slope[layout.member[m]] += layout.finite_step_size * room.inner[m]
    square = zero
    for p in range(0, len(iterate.start), LANES):
        change = load(iterate.slope, p)
        square = square + change * change
        add_at(iterate, p, zero - change)
    add(iterate.length, math.sqrt(total(square)))
