"""The estimator of a batch gradient, for every copy of a client.

The arrays have the names of `step.bench`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from ntp_dynamics.studies.federated.kernel.compiled import INLINE
from ntp_dynamics.studies.federated.kernel.losses import (
    LARGE,
    LOGISTIC,
    QUADRATIC,
    SIGMOID,
    USER,
    growth_of_step,
    logistic_difference,
    loss,
    sigmoid_difference,
    slope,
)
from ntp_dynamics.studies.federated.kernel.step import (
    FEDZO,
    GAUSSIAN,
    LANES,
    SMOOTHED,
    inner,
    project,
)


@njit(**INLINE)
def difference(kind, m, dm, y, user):
    """loss(m + dm) - loss(m)."""
    if kind == QUADRATIC:
        return dm * (m - y + dm / 2)
    if kind == LOGISTIC:
        return logistic_difference(y * m, growth_of_step(y * dm), growth_of(y * m))
    if kind == SIGMOID:
        return sigmoid_difference(y * m, y * dm)
    return user(m, dm, y)


@njit(**INLINE)
def growth_of(m):
    """1 + e^m, what the logistic differences at a margin share."""
    return 1 + math.exp(min(m, LARGE))


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
        hit = np.int64(-1)
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
        project(last, rule, x, y, u, along)


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
        elif rule.kind == LOGISTIC:
            growth = growth_of(label * m)
            for j in range(rule.num_directions):
                weight[j, c] += logistic_difference(label * m, along[row, j], growth)
        else:
            for j in range(rule.num_directions):
                weight[j, c] += difference(rule.kind, m, mu * along[row, j], label, user)


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
            rate = 0.0
            for i in range(len(rule.nodes)):
                dm = step * rule.nodes[i]
                rate += rule.weights[i] * difference(rule.kind, m, dm, label, user)
            rate /= step
        elif rule.kind == USER:
            rate = user_slope(m, label)
        else:
            rate = slope(rule.kind, m, label)
        for q in range(x.shape[1]):
            g[q, c] += rate / rule.batch * x[row, q]
