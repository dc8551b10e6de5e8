"""Students in r dimensions on a tensor grid with one uniform axis: lines of nodes, side by side.

    grad_i = 2 E[ w_i v + w_i (mu_i.v - |v|^2)(x - mu_i) ]

Along the axis e^{x.mu_i} is a geometric progression, the same on every line but for a factor: so
exponentials are taken once in 64 nodes, and the rest are sums of products over the 64. As on a line
of students, a block of nodes has a unit of v, and sums carry a common exponent. Same results as
those of `loss.nodes` on the same nodes, but for rounding.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.loss.grid import BLOCK, Lattice
from ntp_dynamics.studies.score_matching.loss.line import FAINTEST, LEAST
from ntp_dynamics.studies.score_matching.loss.nodes import spread
from ntp_dynamics.system.compiled import compiled

LANES, EXACT = 16, 8
"""Nodes that are added side by side; nodes between exponentials."""
FUSED = {"contract", "nsz"}
"""Additions may be fused with multiplications, nothing may be reordered."""


@compiled(error_model="numpy", fastmath=FUSED)
def lattice_sums(mu, log_pi, scales, shares, lattice, g, room):
    """(e, total): the loss is total e^e and its gradient g e^e, averaged over noise levels on the
    same nodes; mu and g (n, r)."""
    n, r = mu.shape
    axis, x, step, q, log_q, lines, log_line = lattice
    powers, block, parts, own, at = room
    away, size, base, start = own[:, :r], own[:, r], own[:, r + 1], own[:, r + 2]
    log_scale, total = -math.inf, 0.0
    g.fill(0.0)
    for j in range(len(scales)):
        if shares[j] == 0.0:
            continue
        near = _place(mu, scales[j], at, away, size)
        for i in range(n):
            _progression(away[i, axis] * step, powers[i])
        for c in range(len(lines)):
            parts.fill(0.0)
            for i in range(n):
                base[i] = log_pi[i]
                for d in range(r):
                    base[i] += away[i, d] * (lines[c, d] - 0.5 * (at[i, d] + at[near, d]))
            for b in range(len(log_q)):
                first = BLOCK * b
                unit = _begin(base, away[:, axis], x[first], size, start)
                mine = _scores(at[near], away, start, unit, powers, q[first : first + BLOCK], block)
                if not unit * mine > FAINTEST:
                    continue
                log_here = log_line[c] + log_q[b] + math.log(shares[j])
                own_scale = log_here + 2.0 * math.log(unit) + math.log(mine)
                if own_scale > log_scale:
                    back = math.exp(log_scale - own_scale)
                    log_scale = own_scale
                    total *= back
                    _times(g, back)
                    for i in range(n):
                        _times(parts[i], back)
                forward = math.exp(log_here + math.log(unit) - log_scale)
                total += forward * unit * mine
                _gather(at, axis, x[first], step, forward, start, powers, block, parts)
            for i in range(n):
                _add(at[i], away[i], axis, step, lines[c], parts[i], 2.0 * scales[j], g[i])
    return log_scale, total


@compiled(error_model="numpy", fastmath=FUSED)
def _begin(base, slope, x, size, start):
    """Weights at the first node of a block, before they are normalised and relative to the largest;
    the unit of v in the block."""
    top, whole, unit = -math.inf, 0.0, 0.0
    for i in range(len(base)):
        start[i] = base[i] + slope[i] * x
        top = max(top, start[i])
    for i in range(len(base)):
        start[i] = math.exp(start[i] - top)
        whole += start[i]
        unit += start[i] * size[i]
    return max(unit / whole, LEAST)


@compiled(error_model="numpy", fastmath=FUSED)
def _times(array, factor):
    """A table by a number, in place."""
    for i in range(len(array)):
        for d in range(array.shape[1]):
            array[i, d] *= factor


@compiled(error_model="numpy", fastmath=FUSED)
def _place(mu, scale, at, away, size):
    """Students of a noise level, how far they lie from the one nearest to the truth, their
    distances from the truth; which one that is."""
    near = 0
    for i in range(len(mu)):
        size[i] = 0.0
        for d in range(mu.shape[1]):
            at[i, d] = scale * mu[i, d]
            size[i] += at[i, d] * at[i, d]
        size[i] = math.sqrt(size[i])
        if size[i] < size[near]:
            near = i
    for i in range(len(mu)):
        for d in range(mu.shape[1]):
            away[i, d] = at[i, d] - at[near, d]
    return near


@compiled(error_model="numpy", fastmath=FUSED)
def _progression(slope, power):
    """e^{slope k} for the nodes k of a block."""
    for k in range(EXACT):
        power[k] = math.exp(slope * k)
    for first in range(EXACT, BLOCK, EXACT):
        value = math.exp(slope * first)
        for k in range(EXACT):
            power[first + k] = value * power[k]


@compiled(error_model="numpy", fastmath=FUSED)
def _scores(near, away, start, unit, powers, q, block):
    """Of the nodes of a block: q v_d/z in rows of ``block``, then q (v - mu_near).v/z in units of
    v, then what is used on the way; the sum of q |v|^2 in units of its square.  z is the sum of the
    weights before they are normalised."""
    n, r = away.shape
    z, square = block[r + 1], block[r + 2]
    for k in range(BLOCK):
        z[k] = 0.0
    for d in range(r):
        mean = block[d]
        for k in range(BLOCK):
            mean[k] = 0.0
    for i in range(n):
        power, value = powers[i], start[i]
        for k in range(BLOCK):
            z[k] += value * power[k]
        for d in range(r):
            mean, part = block[d], value * away[i, d] / unit
            for k in range(BLOCK):
                mean[k] += part * power[k]
    along = block[r]
    for k in range(BLOCK):
        z[k] = 1.0 / z[k]
        square[k] = 0.0
        along[k] = 0.0
    for d in range(r):
        mean, at = block[d], near[d] / unit
        for k in range(BLOCK):
            apart = mean[k] * z[k]
            value = at + apart
            square[k] += value * value
            along[k] += apart * value
            mean[k] = value * (q[k] * z[k])
    total = 0.0
    for k in range(BLOCK):
        along[k] *= unit * (q[k] * z[k])
        square[k] *= q[k]
    for k in range(0, BLOCK, 4):
        total += (square[k] + square[k + 1]) + (square[k + 2] + square[k + 3])
    return total


@compiled(error_model="numpy", fastmath=FUSED)
def _gather(mu, axis, x, step, forward, start, powers, block, parts):
    """Add a block's sums of w_i v_d and w_i (v - mu_near).v over every sixteenth node k to the
    first lanes of ``parts``, and of the same times x_k - mu_i - (k % 16) step to the others."""
    n, r = mu.shape
    for i in range(n):
        power, f = powers[i], forward * start[i]
        place, ahead = f * (x - mu[i, axis]), f * step * LANES
        for d in range(r + 1):
            u, part = block[d], parts[i, d]
            for j in range(LANES):
                second = power[j + 16] * u[j + 16]
                third = power[j + 32] * u[j + 32]
                fourth = power[j + 48] * u[j + 48]
                own = power[j] * u[j] + second + (third + fourth)
                part[j] += f * own
                part[j + 16] += place * own + ahead * (second + 2.0 * third + 3.0 * fourth)


@compiled(error_model="numpy", fastmath=FUSED)
def _add(mu, away, axis, step, at, parts, factor, g):
    """Add to the gradient of one student, ``factor`` times, what a line of nodes gives."""
    r = len(mu)
    along, across = 0.0, 0.0
    for d in range(r + 1):
        own, other = 0.0, 0.0
        for j in range(LANES):
            own += parts[d, j]
            other += parts[d, j + LANES] + j * step * parts[d, j]
        times = -1.0
        if d < r:
            times = away[d]
            g[d] += factor * own
        along += times * own
        across += times * other
    for d in range(r):
        g[d] += factor * (across if d == axis else along * (at[d] - mu[d]))


@compiled(error_model="numpy")
def descend_along(mu, log_pi, scales, shares, lattice, eta, steps, extent, g, room):
    """As `nodes.descend_on`, on a lattice: in place, how many steps were taken."""
    n, r = mu.shape
    for step in range(steps):
        for d in range(r):
            width = spread(mu, d)
            if width < extent[0, d] or width >= extent[1, d]:
                return step
        size, _ = lattice_sums(mu, log_pi, scales, shares, lattice, g, room)
        factor = eta * math.exp(size)
        moved = False
        for i in range(n):
            for d in range(r):
                new = mu[i, d] - factor * g[i, d]
                moved = moved or new != mu[i, d]
                mu[i, d] = new
        if not moved:
            return steps
    return steps


def room_for(n: int, r: int) -> tuple[np.ndarray, ...]:
    """What the sums are written on."""
    shapes = (n, BLOCK), (r + 3, BLOCK), (n, r + 1, 2 * LANES), (n, r + 3), (n, r)
    return tuple(np.zeros(shape) for shape in shapes)


def lattice_loss(
    mu: Float[np.ndarray, "n r"],
    log_pi: Float[np.ndarray, " n"],
    scales: Float[np.ndarray, " J"],
    shares: Float[np.ndarray, " J"],
    lattice: Lattice,
) -> tuple[float, float, Float[np.ndarray, "n r"]]:
    """ln L, e and g; the gradient is g e^e."""
    g = np.empty(mu.shape)
    given = log_pi, scales, shares, lattice, g, room_for(*mu.shape)
    log_scale, total = lattice_sums(mu, *given)
    return log_scale + math.log(total) if total > 0 else -math.inf, log_scale, g
