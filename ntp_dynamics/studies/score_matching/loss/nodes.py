"""Students in r dimensions: loss and gradient as a sum over weighted points, however chosen.

    grad_i = 2 E[ w_i v + w_i (mu_i.v - |v|^2)(x - mu_i) ]

The points are a tensor grid (`loss.grid`) or a sample (`loss.sample`), their weights given by log.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.loss.line import FAINTEST
from ntp_dynamics.system.compiled import compiled


@compiled(error_model="numpy")
def node_sums(mu, log_pi, x, log_weight, g):
    """(e, total): the loss is total e^e and its gradient g e^e; mu (n, r), x (K, r), g (n, r)."""
    n, r = mu.shape
    w, v, at = np.empty(n), np.empty(r), np.empty(n)
    near = 0
    for i in range(n):
        at[i] = 0.0
        for d in range(r):
            g[i, d] = 0.0
            at[i] += mu[i, d] * mu[i, d]
        if at[i] < at[near]:
            near = i
    log_scale, total = -math.inf, 0.0
    for k in range(len(x)):
        top = -math.inf
        for i in range(n):
            value = log_pi[i]
            for d in range(r):
                value += (mu[i, d] - mu[near, d]) * (x[k, d] - 0.5 * (mu[i, d] + mu[near, d]))
            w[i] = value
            top = max(top, value)
        z = 0.0
        for i in range(n):
            w[i] = math.exp(w[i] - top)
            z += w[i]
        square, unit, at_unit = 0.0, 1.0, log_weight[k]
        for d in range(r):
            v[d] = 0.0
            for i in range(n):
                v[d] += w[i] * mu[i, d]
            v[d] /= z
            square += v[d] * v[d]
        if square < FAINTEST:
            # Counted in units of its largest coordinate, v is one whose square is in range.
            unit, square = np.abs(v).max(), 0.0
            if unit < FAINTEST:
                continue
            at_unit += math.log(unit)
            for d in range(r):
                v[d] /= unit
                square += v[d] * v[d]
        size = at_unit + math.log(unit * square)
        if size > log_scale:
            back = math.exp(log_scale - size)
            log_scale = size
            total *= back
            for i in range(n):
                for d in range(r):
                    g[i, d] *= back
        q = math.exp(at_unit - log_scale)
        total += q * unit * square
        q *= 2.0 / z
        for i in range(n):
            along = -unit * square
            for d in range(r):
                along += mu[i, d] * v[d]
            c = q * w[i]
            for d in range(r):
                g[i, d] += c * (v[d] + along * (x[k, d] - mu[i, d]))
    return log_scale, total


@compiled(error_model="numpy")
def node_sums_of(mu, log_pi, scales, shares, x, log_weight, g):
    """As `node_sums`, averaged over noise levels that have a sample each: x (J, K, r)."""
    own = np.empty_like(g)
    log_scale, total = -math.inf, 0.0
    g[:] = 0.0
    for j in range(len(scales)):
        size, whole = node_sums(scales[j] * mu, log_pi, x[j], log_weight[j], own)
        if whole == 0.0:
            continue
        if size > log_scale:
            back = math.exp(log_scale - size)
            log_scale = size
            total *= back
            g *= back
        forward = shares[j] * math.exp(size - log_scale)
        total += forward * whole
        g += forward * scales[j] * own
    return log_scale, total


@compiled(error_model="numpy")
def descend_on(mu, log_pi, scales, shares, x, log_weight, eta, steps, extent):
    """Gradient descent of one run on fixed points, in place, as long as no direction of mu passes
    its ``extent`` (2, r), least and largest; how many steps were taken."""
    n, r = mu.shape
    g = np.empty((n, r))
    for step in range(steps):
        for d in range(r):
            width = spread(mu, d)
            if width < extent[0, d] or width >= extent[1, d]:
                return step
        size, _ = node_sums_of(mu, log_pi, scales, shares, x, log_weight, g)
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


@compiled(error_model="numpy")
def spread(mu, d):
    """How far the students, and the truth, lie apart in a direction."""
    low, high = 0.0, 0.0
    for i in range(len(mu)):
        low, high = min(low, mu[i, d]), max(high, mu[i, d])
    return high - low


def node_loss(
    mu: Float[np.ndarray, "n r"],
    log_pi: Float[np.ndarray, " n"],
    scales: Float[np.ndarray, " J"],
    shares: Float[np.ndarray, " J"],
    x: Float[np.ndarray, "J K r"],
    log_weight: Float[np.ndarray, "J K"],
) -> tuple[float, float, Float[np.ndarray, "n r"]]:
    """ln L, e and g; the gradient is g e^e."""
    g = np.empty(mu.shape)
    log_scale, total = node_sums_of(mu, log_pi, scales, shares, x, log_weight, g)
    return log_scale + math.log(total) if total > 0 else -math.inf, log_scale, g
