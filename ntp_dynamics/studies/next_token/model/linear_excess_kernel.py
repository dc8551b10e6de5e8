"""The loss above its infimum inside the kernel: `linear_excess`, where no loss is too small.

With x = lse_out - lse_in and pi q = leak e^scale of each sample, the leak of the loss is the sum of

    pi log1p(e^x) = leak e^scale r(x),   r = log1p(e^x) (1 + e^-x): 1 where x is far below 0.
"""

from __future__ import annotations

import math

from numba import njit

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.linear_excess import NEAR, TERMS
from ntp_dynamics.studies.next_token.model.simd import (
    INLINE,
    LANES,
    fill,
    gather,
    load,
    where_greater,
)
from ntp_dynamics.studies.next_token.model.simd_math import exp, log1p, maximum, minimum, total

FAINT = 1e-300
"""Below this log1p(t) = t."""


@compiled
def log_parts(layout):
    """Log of what the loss owes to mass outside the components, and of what to P_F W - W_fin."""
    return _log_leak(layout), _log_fluctuation(layout)


@njit(**INLINE)
def _log_leak(layout):
    """Log of what the loss owes to mass outside the components."""
    room, zero, one = layout.room, fill(0.0), fill(1.0)
    leak = zero
    for n in range(0, len(layout.pi), LANES):
        x = load(room.gap, n)
        t = exp(minimum(x, zero - x))
        log_t = log1p(t)
        far = where_greater(t, fill(FAINT), (log_t / maximum(t, fill(FAINT))) * (one + t), one)
        leak = leak + load(room.leak, n) * where_greater(x, zero, (x + log_t) * (one + t), far)
    return room.scale[0] + math.log(total(leak))


@njit(**INLINE)
def _log_fluctuation(layout):
    """Log of what it owes to P_F W - W_fin; what each sample owes is left in the room."""
    if len(layout.member) == 0:
        return -math.inf
    room, zero = layout.room, fill(0.0)
    measure_distance(layout)
    for n in range(len(layout.pi)):
        begin, end = layout.first_in[n], layout.first_in[n + 1]
        room.fluctuation[n] = 0.0
        if layout.component[n] < 0:
            continue
        mean = zero
        for s in range(begin, end, LANES):
            mean = mean + load(layout.share_in, s) * gather(room.away, layout.member_in, s)
        mean, surplus = fill(total(mean)), zero
        for s in range(begin, end, LANES):
            y = gather(room.away, layout.member_in, s) - mean
            surplus = surplus + load(layout.share_in, s) * _second_order(y)
        room.fluctuation[n] = total(surplus)
    sum_ = zero
    for n in range(0, len(layout.pi), LANES):
        sum_ = sum_ + load(layout.pi, n) * log1p(load(room.fluctuation, n))
    return math.log(total(sum_))


@njit(**INLINE)
def measure_distance(layout):
    """P_F W - W_fin at the members of components, left in the room; its norm."""
    room, square = layout.room, 0.0
    for c in range(len(layout.first_member) - 1):
        begin, end = layout.first_member[c], layout.first_member[c + 1]
        mean = 0.0
        for m in range(begin, end):
            mean += room.value[layout.member[m]]
        mean /= end - begin
        for m in range(begin, end):
            away = (room.value[layout.member[m]] - mean) - layout.finite[m]
            room.away[m] = away
            square += away * away
    return math.sqrt(square)


@njit(**INLINE)
def _second_order(y):
    """e^y - 1 - y."""
    near = minimum(maximum(y, fill(-NEAR)), fill(NEAR))
    series = fill(1.0)
    for k in range(TERMS, 2, -1):
        series = 1.0 + near * (1.0 / k) * series
    far = (exp(minimum(y, fill(709.0))) - 1.0) - y
    size = maximum(y, fill(0.0) - y)
    return where_greater(fill(NEAR), size, 0.5 * (near * near) * series, far)
