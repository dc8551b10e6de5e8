"""A local step of every copy of a client, and what it draws.

Copies share batch and directions: what does not depend on the parameters is computed once.
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


class Bench(NamedTuple):
    """Room for one local step.  A row b1 stands behind those of the batch, for the sample that a
    copy has in place of another."""

    pool: Int[np.ndarray, " n"]
    batch: Int[np.ndarray, " b1"]
    x: Float[np.ndarray, "b1+1 d"]
    y: Float[np.ndarray, " b1+1"]
    u: Float[np.ndarray, "b2 d"]
    squared: Float[np.ndarray, " b2"]
    """|u|^2."""
    along: Float[np.ndarray, "b1+1 b2"]
    """<x, u>."""
    weight: Float[np.ndarray, " b2"]
    """Of every direction in the estimator."""
    xi: Float[np.ndarray, " d"]
    normal: Float[np.ndarray, "b1 d"]
    g: Float[np.ndarray, "1 d"]
    """The estimator, or the gradient."""


@njit(**INLINE)
def bench(samples, d, rule):
    """Room for the steps of a run."""
    b1, b2 = rule.batch, rule.num_directions
    return Bench(
        np.arange(samples),
        np.zeros(b1, np.int64),
        np.zeros((b1 + 1, d)),
        np.zeros(b1 + 1),
        np.zeros((b2, d)),
        np.zeros(b2),
        np.zeros((b1 + 1, b2)),
        np.zeros(b2),
        np.zeros(d),
        np.zeros((b1, d)),
        np.zeros((1, d)),
    )


@njit(**INLINE)
def draw(clients, k, client, rule, key, at):
    """Batch, directions and noise of a local step of a client: into ``at``."""
    b1, b2, d = rule.batch, rule.num_directions, at.u.shape[1]
    choose(at.batch, at.pool, len(at.pool), folded(key, BATCH))
    for b in range(b1):
        at.y[b] = clients.y[k, client, at.batch[b]]
        for i in range(d):
            at.x[b, i] = clients.x[k, client, at.batch[b], i]
    if rule.noise > 0:
        _draw_noise(rule, folded(key, NOISE), at)
    if rule.method != FEDZO:
        return
    if rule.directions == COORDINATE:
        for j in range(b2):
            for i in range(d):
                at.u[j, i] = 1.0 if i == j else 0.0
    else:
        fill_normal(at.u, folded(key, DIRECTIONS))
    for j in range(b2):
        squared = inner(at.u, j, at.u, j)
        if rule.directions == SPHERE:
            scale = 1 / math.sqrt(squared)
            for i in range(d):
                at.u[j, i] *= scale
            squared = 1.0
        at.squared[j] = squared
    for b in range(b1):
        for j in range(b2):
            at.along[b, j] = inner(at.x, b, at.u, j)


@njit(**INLINE)
def _draw_noise(rule, key, at):
    """The mean over the batch of xi = K0 E^theta in a uniform direction, E ~ Exp(1)."""
    fill_normal(at.normal, key)
    radius = folded(key, NOISE)
    at.xi[:] = 0.0
    for b in range(rule.batch):
        size = rule.noise * (-math.log(unit(word(radius, b)))) ** rule.theta
        size /= rule.batch * math.sqrt(inner(at.normal, b, at.normal, b))
        for i in range(len(at.xi)):
            at.xi[i] += size * at.normal[b, i]


@njit(**INLINE)
def replace(clients, k, other, rule, at):
    """Have the sample that replaces another in the last row."""
    d = at.u.shape[1]
    at.y[rule.batch] = clients.other_y[k, other]
    for i in range(d):
        at.x[rule.batch, i] = clients.other_x[k, other, i]
    if rule.method == FEDZO:
        for j in range(rule.num_directions):
            at.along[rule.batch, j] = inner(at.x, rule.batch, at.u, j)


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
def estimate(v, c, hit, rule, at, user, user_slope):
    """The estimator of the batch gradient at v_c, into ``at.g``.

    ghat = (d/(mu b2)) sum_l [f_B(v + mu u_l) - f_B(v)] u_l on the sphere, without d for Gaussian
    directions.  Row b1 stands for row ``hit`` (-1: for none).
    """
    if rule.method != FEDZO:
        gradient(v, c, hit, rule, at, user, user_slope)
        return
    d, b1, b2, mu = v.shape[1], rule.batch, rule.num_directions, rule.mu
    for i in range(d):
        at.g[0, i] = rule.lam * v[c, i] + at.xi[i]
    for j in range(b2):
        linear = inner(at.g, 0, at.u, j)
        at.weight[j] = mu * b1 * (linear + rule.lam * mu / 2 * at.squared[j])
    for b in range(b1):
        row = b1 if b == hit else b
        y, m = at.y[row], inner(at.x, row, v, c)
        if rule.naive and rule.kind != USER:
            base = loss(rule.kind, m, y)
            for j in range(b2):
                at.weight[j] += loss(rule.kind, m + mu * at.along[row, j], y) - base
        else:
            growth = growth_of(rule.kind, m, y)
            for j in range(b2):
                dm = mu * at.along[row, j]
                at.weight[j] += difference(rule.kind, m, dm, y, growth, user)
    factor = (d if rule.directions != GAUSSIAN else 1.0) / b2 / b1 / mu
    for i in range(d):
        s = 0.0
        for j in range(b2):
            s += at.weight[j] * at.u[j, i]
        at.g[0, i] = factor * s


@njit(**INLINE)
def gradient(v, c, hit, rule, at, user, user_slope):
    """The batch gradient at v_c, or (SMOOTHED) the mean of its estimator over directions: along
    each sample, d/(mu |x|) E[(loss(m + mu |x| s) - loss(m)) s], s = <u, x>/|x|."""
    d, b1 = v.shape[1], rule.batch
    for i in range(d):
        at.g[0, i] = rule.lam * v[c, i] + at.xi[i]
    for b in range(b1):
        row = b1 if b == hit else b
        y, m = at.y[row], inner(at.x, row, v, c)
        if rule.method == SMOOTHED and rule.kind != QUADRATIC:
            step = rule.mu * math.sqrt(inner(at.x, row, at.x, row))
            growth, rate = growth_of(rule.kind, m, y), 0.0
            for q in range(len(rule.nodes)):
                dm = step * rule.nodes[q]
                rate += rule.weights[q] * difference(rule.kind, m, dm, y, growth, user)
            rate /= step
        elif rule.kind == USER:
            rate = user_slope(m, y)
        else:
            rate = slope(rule.kind, m, y)
        for i in range(d):
            at.g[0, i] += rate / b1 * at.x[row, i]
