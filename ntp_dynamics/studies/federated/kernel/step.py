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
from ntp_dynamics.studies.federated.kernel.losses import LOGISTIC, growth_of_step
from ntp_dynamics.studies.federated.kernel.streams import Purpose, fill_normal
from ntp_dynamics.system.counter import choose, folded, unit, word

BATCH, DIRECTIONS = np.int64(Purpose.batch), np.int64(Purpose.directions)
NOISE = np.int64(Purpose.noise)
ZERO, ONE = np.int64(0), np.int64(1)
"""Arguments of functions: for each number of Python's numba would compile them anew."""
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
    sample that a copy has in place of another; u (b2, d), squared (b2,) = |u|^2; along (b1+1, b2),
    see `project`; xi (d,), the noise, normal (b1, d).  Of every copy, a column each and zeros up to
    whole LANES: v (d, C), the parameters, margin (b1, C) = <x, v>, weight (b2, C) of every
    direction, and g (d, C), the estimator or the gradient.
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
        project(b, rule, x, y, u, along)


@njit(**INLINE)
def project(row, rule, x, y, u, along):
    """<x, u> of a row for every direction; for stable logistic differences e^(-y mu <x, u>) - 1,
    which copies share."""
    shared = rule.kind == LOGISTIC and not rule.naive
    for j in range(rule.num_directions):
        s = inner(x, row, u, j)
        along[row, j] = growth_of_step(y[row] * rule.mu * s) if shared else s


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
