"""A local step of every copy of a client, and what it draws.

Copies share batch and directions: what does not depend on parameters is computed once.  The arrays
of a step have the same names in all functions (`bench`) and are handed over one by one: taken out
of a tuple each would be counted by its references, in every step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from numba import njit

from ntp_dynamics.studies.federated.kernel.compiled import INLINE
from ntp_dynamics.studies.federated.kernel.losses import (
    LARGE,
    LOGISTIC,
    QUADRATIC,
    SIGMOID,
    USER,
    logistic_difference,
    loss,
    sigmoid_difference,
    slope,
)
from ntp_dynamics.studies.federated.kernel.streams import (
    Purpose,
    choose,
    fill_normal,
    folded,
    unit,
    word,
)

BATCH, DIRECTIONS, NOISE = int(Purpose.batch), int(Purpose.directions), int(Purpose.noise)
SPHERE, GAUSSIAN, COORDINATE = range(3)
FEDZO, FEDAVG, SMOOTHED = range(3)
LANES = 4
"""Copies that are added up side by side, each in one order: to the bit as one alone would be."""


class Clients(NamedTuple):
    """The samples of the clients, in K draws of data, and C - 1 replaced ones."""

    x: Float[np.ndarray, "K N n d"]
    y: Float[np.ndarray, "K N n"]
    other_x: Float[np.ndarray, "K C-1 d"]
    """What replaces a sample in copy 1, 2, ...; then its label, its client and its number."""
    other_y: Float[np.ndarray, "K C-1"]
    other_client: Int[np.ndarray, "K C-1"]
    other_sample: Int[np.ndarray, "K C-1"]


class Rule(NamedTuple):
    """What a round does, in numbers."""

    kind: int
    lam: float
    mu: float
    participants: int
    local_steps: int
    batch: int
    num_directions: int
    directions: int
    method: int
    naive: bool
    staleness: int
    fixed_lag: bool
    theta: float
    noise: float
    """K0; 0 is none."""
    nodes: Float[np.ndarray, " q"]
    """Of a quadrature of <u, e> over directions u, for method SMOOTHED."""
    weights: Float[np.ndarray, " q"]


@njit(**INLINE)
def bench(samples, d, copies, rule):
    """Room for the steps of a run, in two groups.

    Drawn: pool (n,), batch (b1,); x (b1+1, d), y (b1+1,), the batch's and in the last row the
    sample that a copy has in place of another; u (b2, d), squared (b2,) = |u|^2, along (b1+1, b2) =
    <x, u>; xi (d,), the noise, normal (b1, d).  Of every copy, a column each and zeros up to whole
    LANES: v (d, C), the parameters, margin (b1, C) = <x, v>, weight (b2, C) of every direction, and
    g (d, C), the estimator or the gradient.
    """
    b1, b2 = rule.batch, rule.num_directions
    lanes = (copies + LANES - 1) // LANES * LANES
    drawn = (
        np.arange(samples),
        np.zeros(b1, np.int64),
        np.zeros((b1 + 1, d)),
        np.zeros(b1 + 1),
        np.zeros((b2, d)),
        np.zeros(b2),
        np.zeros((b1 + 1, b2)),
        np.zeros(d),
        np.zeros((b1, d)),
    )
    made = np.zeros((d, lanes)), np.zeros((b1, lanes)), np.zeros((b2, lanes)), np.zeros((d, lanes))
    return drawn, made


@njit(**INLINE)
def draw(xs, ys, k, client, rule, key, pool, batch, x, y, u, squared, along, xi, normal):
    """Batch, directions and noise of a local step of a client, whose samples are in xs, ys."""
    b1, b2, d = rule.batch, rule.num_directions, u.shape[1]
    choose(batch, pool, len(pool), folded(key, BATCH))
    for b in range(b1):
        y[b] = ys[k, client, batch[b]]
        for q in range(d):
            x[b, q] = xs[k, client, batch[b], q]
    if rule.noise > 0:
        _draw_noise(rule, folded(key, NOISE), xi, normal)
    if rule.method != FEDZO:
        return
    if rule.directions == COORDINATE:
        for j in range(b2):
            for q in range(d):
                u[j, q] = 1.0 if q == j else 0.0
    else:
        fill_normal(u, folded(key, DIRECTIONS))
    for j in range(b2):
        size = inner(u, j, u, j)
        if rule.directions == SPHERE:
            scale = 1 / math.sqrt(size)
            for q in range(d):
                u[j, q] *= scale
            size = 1.0
        squared[j] = size
    for b in range(b1):
        for j in range(b2):
            along[b, j] = inner(x, b, u, j)


@njit(**INLINE)
def _draw_noise(rule, key, xi, normal):
    """The mean over the batch of xi = K0 E^theta in a uniform direction, E ~ Exp(1)."""
    fill_normal(normal, key)
    radius = folded(key, NOISE)
    xi[:] = 0.0
    for b in range(rule.batch):
        size = rule.noise * (-math.log(unit(word(radius, b)))) ** rule.theta
        size /= rule.batch * math.sqrt(inner(normal, b, normal, b))
        for q in range(len(xi)):
            xi[q] += size * normal[b, q]


@njit(**INLINE)
def inner(a, i, b, j):
    """<a_i, b_j>, added up in one order."""
    s = 0.0
    for q in range(a.shape[1]):
        s += a[i, q] * b[j, q]
    return s


@njit(**INLINE)
def difference(kind, m, dm, y, growth, user):
    """loss(m + dm) - loss(m); ``growth`` = 1 + e^(y m) for the logistic loss."""
    if kind == QUADRATIC:
        return dm * (m - y + dm / 2)
    if kind == LOGISTIC:
        return logistic_difference(y * m, y * dm, growth)
    if kind == SIGMOID:
        return sigmoid_difference(y * m, y * dm)
    return user(m, dm, y)


@njit(**INLINE)
def growth_of(kind, m, y):
    """What the differences of a loss at a margin share."""
    return 1 + math.exp(min(y * m, LARGE)) if kind == LOGISTIC else 0.0


@njit(**INLINE)
def estimate(
    others, k, client, copies, rule, batch, x, y, u, squared, along, xi, v, margin, weight, g, user,
    user_slope,
):  # fmt: skip
    """The estimator of the batch gradient of every copy, into g.

    ghat = (d/(mu b2)) sum_l [f_B(v + mu u_l) - f_B(v)] u_l on the sphere, without d for Gaussian
    directions.  ``others``: the fields of `Clients` about replaced samples; ``user`` and
    ``user_slope``: a user's difference and slope.
    """
    other_x, other_y, owner, sample = others
    estimates = rule.method == FEDZO
    margins(x, v, margin)
    if estimates:
        ridge(rule, u, squared, xi, v, weight)
    else:
        linear(rule, xi, v, g)
    for c in range(copies):
        hit = -1
        if c > 0 and owner[k, c - 1] == client:
            for b in range(rule.batch):
                if batch[b] == sample[k, c - 1]:
                    hit = b
        if hit >= 0:
            swap(other_x, other_y, k, c, hit, rule, x, y, u, along, v, margin)
        if estimates:
            differences(hit, c, rule, y, along, margin, weight, user)
        else:
            gradient(hit, c, rule, x, y, margin, g, user, user_slope)
    if estimates:
        combine(rule, u, weight, g)


@njit(**INLINE)
def margins(x, v, margin):
    """<x, v> of the batch in every copy."""
    for b in range(margin.shape[0]):
        for c in range(0, margin.shape[1], LANES):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for q in range(x.shape[1]):
                s0 += x[b, q] * v[q, c]
                s1 += x[b, q] * v[q, c + 1]
                s2 += x[b, q] * v[q, c + 2]
                s3 += x[b, q] * v[q, c + 3]
            margin[b, c], margin[b, c + 1], margin[b, c + 2], margin[b, c + 3] = s0, s1, s2, s3


@njit(**INLINE)
def swap(other_x, other_y, k, c, hit, rule, x, y, u, along, v, margin):
    """Have the sample that copy c has in place of ``hit`` in the last row, and its margin."""
    last, s = rule.batch, 0.0
    y[last] = other_y[k, c - 1]
    for q in range(x.shape[1]):
        x[last, q] = other_x[k, c - 1, q]
        s += x[last, q] * v[q, c]
    margin[hit, c] = s
    if rule.method == FEDZO:
        for j in range(rule.num_directions):
            along[last, j] = inner(x, last, u, j)


@njit(**INLINE)
def ridge(rule, u, squared, xi, v, weight):
    """What ridge and noise add to the weight of every direction: mu (lam <v, u> + <xi, u> + lam mu
    |u|^2/2), a sample."""
    lam, mu, scale = rule.lam, rule.mu, rule.mu * rule.batch
    for j in range(rule.num_directions):
        rest = lam * mu / 2 * squared[j]
        if rule.noise > 0:
            for q in range(len(xi)):
                rest += xi[q] * u[j, q]
        for c in range(0, weight.shape[1], LANES):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for q in range(len(xi)):
                s0 += u[j, q] * v[q, c]
                s1 += u[j, q] * v[q, c + 1]
                s2 += u[j, q] * v[q, c + 2]
                s3 += u[j, q] * v[q, c + 3]
            weight[j, c] = scale * (lam * s0 + rest)
            weight[j, c + 1] = scale * (lam * s1 + rest)
            weight[j, c + 2] = scale * (lam * s2 + rest)
            weight[j, c + 3] = scale * (lam * s3 + rest)


@njit(**INLINE)
def differences(hit, c, rule, y, along, margin, weight, user):
    """Add loss(m + mu <x, u>) - loss(m) of the samples to the weight of every direction; the last
    row stands for row ``hit``."""
    mu = rule.mu
    for b in range(rule.batch):
        row = rule.batch if b == hit else b
        m, label = margin[b, c], y[row]
        if rule.naive and rule.kind != USER:
            base = loss(rule.kind, m, label)
            for j in range(rule.num_directions):
                weight[j, c] += loss(rule.kind, m + mu * along[row, j], label) - base
        else:
            growth = growth_of(rule.kind, m, label)
            for j in range(rule.num_directions):
                dm = mu * along[row, j]
                weight[j, c] += difference(rule.kind, m, dm, label, growth, user)


@njit(**INLINE)
def combine(rule, u, weight, g):
    """Directions by their weights."""
    factor = u.shape[1] if rule.directions != GAUSSIAN else 1
    factor = factor / (rule.num_directions * rule.batch) / rule.mu
    for c in range(0, g.shape[1], LANES):
        for q in range(u.shape[1]):
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for j in range(rule.num_directions):
                s0 += weight[j, c] * u[j, q]
                s1 += weight[j, c + 1] * u[j, q]
                s2 += weight[j, c + 2] * u[j, q]
                s3 += weight[j, c + 3] * u[j, q]
            g[q, c], g[q, c + 1] = factor * s0, factor * s1
            g[q, c + 2], g[q, c + 3] = factor * s2, factor * s3


@njit(**INLINE)
def linear(rule, xi, v, g):
    """The gradient of ridge and noise of every copy."""
    for q in range(g.shape[0]):
        for c in range(g.shape[1]):
            g[q, c] = rule.lam * v[q, c] + xi[q]


@njit(**INLINE)
def gradient(hit, c, rule, x, y, margin, g, user, user_slope):
    """Add the samples' part of the batch gradient, or (SMOOTHED) of the mean of its estimator over
    directions: along x, d/(mu |x|) E[(loss(m + mu |x| s) - loss(m)) s], s = <u, x>/|x|."""
    for b in range(rule.batch):
        row = rule.batch if b == hit else b
        m, label = margin[b, c], y[row]
        if rule.method == SMOOTHED and rule.kind != QUADRATIC:
            step = rule.mu * math.sqrt(inner(x, row, x, row))
            growth, rate = growth_of(rule.kind, m, label), 0.0
            for i in range(len(rule.nodes)):
                dm = step * rule.nodes[i]
                rate += rule.weights[i] * difference(rule.kind, m, dm, label, growth, user)
            rate /= step
        elif rule.kind == USER:
            rate = user_slope(m, label)
        else:
            rate = slope(rule.kind, m, label)
        for q in range(x.shape[1]):
            g[q, c] += rate / rule.batch * x[row, q]
