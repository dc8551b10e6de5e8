"""Students on a line: loss and gradient by the trapezoid rule, and gradient descent with them.

    L(mu) = E_{x ~ N(0, 1)} v^2,   v = sum_i w_i mu_i,   w = softmax_i(log pi_i + x mu_i - mu_i^2/2)
    dL/dmu_i = 2 E[ w_i v (1 + (mu_i - v)(x - mu_i)) ]

The relative error of step h is about exp(-2 pi^2/(D h)), D the largest distance of two students. On
a uniform grid e^{x mu_i} and the normal density are geometric progressions: exponentials are taken
once in 64 nodes. A loss below the range of floats (e^-796 at a distance of 80) is told by its log;
sums carry a common exponent. Noise levels t with shares a average a L(e^-t mu).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.system.compiled import compiled

BLOCK, LANES = 64, 16
"""Nodes of one progression; nodes that are moved together."""
COARSEST = 0.5
"""The largest step, where students are close together."""
BULK, BEYOND = 8.5, 7.0
"""|x| <= 8.5 holds the density; each layer between students is covered to 7 beyond its place."""
REACH, FELT = 300.0, 38.6
"""No node lies beyond: what happens there is below e^-45000, and beyond the second, which is enough
for steps, below the range of double precision."""
NEGLIGIBLE = -750.0
"""ln of a weight that is zero in double precision."""
LEAST, FAINTEST = 1e-150, 1e-300
"""The least unit in which v is counted, block by block, so that its square is in range; what is
less than the second in these units is nothing."""


@compiled(error_model="numpy")
def _level(mu, log_pi, exponent, reach, g, room, lanes):
    """(e, total, half): the loss is total e^e, on every other node half e^e, its gradient g e^e.

    ``lanes`` (2 n + 6, 16): nodes side by side, which vector instructions move together.
    """
    n = len(mu)
    near = 0
    for i in range(n):
        g[i] = 0.0
        if abs(mu[i]) < abs(mu[near]):
            near = i
    top = 0.0
    for i in range(n):
        top = max(top, abs(mu[i] - mu[near]))
    x_max = min(max(BULK, top + BEYOND), reach)
    low, high = mu[near], mu[near]
    e, ratio, step, scaled = room[0], room[1], room[2], room[3]
    for i in range(n):
        away = abs(mu[i] - mu[near])
        layer = 0.5 * abs(mu[i] + mu[near])
        x = min(x_max, layer)
        weight = away * (x - layer)
        if reach == FELT:
            weight -= 0.5 * x * x
        if weight < NEGLIGIBLE:
            step[i] = -1.0
        else:
            step[i] = 0.0
            low, high = min(low, mu[i]), max(high, mu[i])
    width = high - low
    x_max = min(max(BULK, 0.5 * width + BEYOND), reach)
    h = COARSEST
    if width * COARSEST * exponent > 2 * math.pi**2:
        h = 2 * math.pi**2 / (exponent * width)
    rows = math.ceil((2.0 * x_max / h + 1.0) / LANES)
    start = -0.5 * (LANES * rows - 1) * h
    for i in range(n):
        step[i] = 0.0 if step[i] < 0 else math.exp(h * (mu[i] - mu[near]))
    shrink = math.exp(-h * h * LANES * LANES)
    z, m, c, q, grow, v = lanes[0], lanes[1], lanes[2], lanes[3], lanes[4], lanes[5]
    log_scale, total, evens = -math.inf, 0.0, 0.0
    for first in range(0, rows, BLOCK // LANES):
        x = start + first * LANES * h
        ahead, lead = -math.inf, near
        for i in range(n):
            if step[i] > 0:
                e[i] = (mu[i] - mu[near]) * (x - 0.5 * (mu[i] + mu[near])) + log_pi[i]
                if e[i] > ahead:
                    ahead, lead = e[i], i
        for i in range(n):
            own, part = lanes[6 + i], lanes[6 + n + i]
            by = step[i] / step[lead] if step[i] > 0 else 1.0
            value = math.exp(e[i] - ahead) if step[i] > 0 else 0.0
            ratio[i] = 1.0
            for j in range(LANES):
                part[j] = 0.0
                own[j] = value
                value *= by
                ratio[i] *= by
        unit, whole = 0.0, 0.0
        for i in range(n):
            whole += lanes[6 + i, 0]
            unit += lanes[6 + i, 0] * abs(mu[i])
        unit = max(unit / whole, LEAST)
        for i in range(n):
            scaled[i] = mu[i] / unit
        log_q = -0.5 * x * x
        value, by = 1.0, math.exp(-h * (x + 0.5 * h))
        whole, back = math.exp(-LANES * h * (x + 0.5 * LANES * h)), math.exp(-h * h)
        spread = math.exp(-h * h * LANES)
        for j in range(LANES):
            q[j] = value
            grow[j] = whole
            value *= by
            by *= back
            whole *= spread
        mine, mine_even = 0.0, 0.0
        for _ in range(first, min(first + BLOCK // LANES, rows)):
            for j in range(LANES):
                z[j] = 0.0
                m[j] = 0.0
            for i in range(n):
                own, at = lanes[6 + i], scaled[i]
                for j in range(LANES):
                    z[j] += own[j]
                    m[j] += own[j] * at
            for j in range(LANES):
                over = 1.0 / z[j]
                m[j] *= over
                v[j] = m[j] * unit
                c[j] = q[j] * m[j] * over
                z[j] = q[j] * m[j] * m[j]
            for j in range(0, LANES, 2):
                mine_even += z[j]
                mine += z[j] + z[j + 1]
            for i in range(n):
                own, part, at, by = lanes[6 + i], lanes[6 + n + i], mu[i], ratio[i]
                place = x - at
                for j in range(LANES):
                    part[j] += c[j] * own[j] * (1.0 + (at - v[j]) * (place + j * h))
                    own[j] *= by
            for j in range(LANES):
                q[j] *= grow[j]
                grow[j] *= shrink
            x += LANES * h
        if unit * mine > FAINTEST:
            size = log_q + 2.0 * math.log(unit) + math.log(mine)
            if size > log_scale:
                back = math.exp(log_scale - size)
                log_scale = size
                total *= back
                evens *= back
                for i in range(n):
                    g[i] *= back
            forward = math.exp(log_q + math.log(unit) - log_scale)
            total += forward * unit * mine
            evens += forward * unit * mine_even
            for i in range(n):
                part, value = lanes[6 + n + i], 0.0
                for j in range(LANES):
                    value += part[j]
                g[i] += forward * value
    for i in range(n):
        g[i] *= 2.0
    return log_scale + math.log(h) - 0.5 * math.log(2 * math.pi), total, 2.0 * evens


@compiled(error_model="numpy")
def line_sums(mu, log_pi, scales, shares, exponent, reach, g, room, lanes):
    """As `_level`, averaged over noise levels: ``scales`` are e^-t, ``shares`` their weights."""
    n = len(mu)
    if len(scales) == 1 and scales[0] == 1.0:
        return _level(mu, log_pi, exponent, reach, g, room, lanes)
    at, own = room[4], room[5]
    log_scale, total, half = -math.inf, 0.0, 0.0
    for i in range(n):
        g[i] = 0.0
    for j in range(len(scales)):
        for i in range(n):
            at[i] = scales[j] * mu[i]
        size, whole, evens = _level(at, log_pi, exponent, reach, own, room, lanes)
        if size > log_scale:
            back = math.exp(log_scale - size)
            log_scale = size
            total *= back
            half *= back
            for i in range(n):
                g[i] *= back
        forward = shares[j] * math.exp(size - log_scale)
        total += forward * whole
        half += forward * evens
        for i in range(n):
            g[i] += forward * scales[j] * own[i]
    return log_scale, total, half


ROOM = 6
"""Rows of numbers a student that the sums need."""


@compiled(error_model="numpy")
def descend(mu, log_pi, scales, shares, exponent, eta, steps, still):
    """``steps`` of gradient descent of every run, in place; mu (R, n), still (R,) tells which runs
    the last step did not move: no step will."""
    runs, n = mu.shape
    g, room, lanes = np.empty(n), np.empty((ROOM, n)), np.empty((2 * n + 6, LANES))
    for r in range(runs):
        for _ in range(steps[r]):
            if still[r]:
                break
            log_scale, _, _ = line_sums(
                mu[r], log_pi, scales, shares, exponent, FELT, g, room, lanes
            )
            size = eta * math.exp(log_scale)
            moved = False
            for i in range(n):
                new = mu[r, i] - size * g[i]
                if new != mu[r, i]:
                    moved = True
                mu[r, i] = new
            still[r] = not moved


@compiled(error_model="numpy")
def settle(mu, log_pi, eta, steps, still):
    """As `descend` without noise; a run also ends where it is known who converges: students are
    within .4 of the truth or beyond 4.5, and those that are far are pushed away for ever."""
    runs, n = mu.shape
    g, room, lanes = np.empty(n), np.empty((ROOM, n)), np.empty((2 * n + 6, LANES))
    one = np.ones(1)
    for r in range(runs):
        for _ in range(steps[r]):
            if still[r]:
                break
            log_scale, _, _ = line_sums(mu[r], log_pi, one, one, EXPONENT, FELT, g, room, lanes)
            size = eta * math.exp(log_scale)
            known = True
            for i in range(n):
                mu[r, i] -= size * g[i]
                known = known and (abs(mu[r, i]) < 0.4 or abs(mu[r, i]) > 4.5)
            near = False
            for i in range(n):
                near = near or abs(mu[r, i]) < 0.4
            still[r] = known and near


EXPONENT = 36.0
"""-ln of the relative error of a grid, up to a factor of 40 at most."""


def line_loss(
    mu: Float[np.ndarray, " n"],
    log_pi: Float[np.ndarray, " n"],
    scales: Float[np.ndarray, " J"] | None = None,
    shares: Float[np.ndarray, " J"] | None = None,
    exponent: float = EXPONENT,
) -> tuple[float, float, Float[np.ndarray, " n"], float]:
    """ln L, e, g and the relative difference that half the nodes make; the gradient is g e^e."""
    ones = np.ones(1)
    n = len(mu)
    g, room, lanes = np.empty(n), np.empty((ROOM, n)), np.empty((2 * n + 6, LANES))
    given = ones if scales is None else scales, ones if shares is None else shares
    log_scale, total, half = line_sums(mu, log_pi, *given, exponent, REACH, g, room, lanes)
    log_loss = log_scale + math.log(total) if total > 0 else -math.inf
    return log_loss, log_scale, g, abs(half / total - 1) if total > 0 else 0.0
