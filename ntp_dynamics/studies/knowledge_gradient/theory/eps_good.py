"""The exact rate at which the set of arms within epsilon of the best is got wrong, and its optimum.

The printed rate compares every arm with the best one alone (`rates`).  The set is also wrong where
a good arm falls more than epsilon below another arm, and a bad arm must pass below none:

    good i    min over j != i of (mu_i - mu_j + eps)^2 / (2 (V_i + V_j))
    bad i     min over x of (x - mu_i)^2/(2 V_i) + sum_j (mu_j - eps - x)_+^2 / (2 V_j)

with V_i = s_i^2/w_i.  Each is concave and homogeneous of degree 1 in w, so that its gradient bounds
it from above everywhere: Kelley's cutting planes, from below by the best w tried, from above by a
linear program.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import linprog
from scipy.special import log_ndtr, logsumexp

from ntp_dynamics.studies.knowledge_gradient.instance import Bandit

Vector = Float[np.ndarray, " k"]
BISECTIONS, POINTS = 100, 601
CLOSE, CUTS = 1e-7, 400
"""Relative gap at which cutting planes end, and how often at most."""


def ways(bandit: Bandit, w: Vector) -> Iterator[tuple[float, Vector]]:
    """Rate and gradient of every way to be wrong."""
    mu, v, eps = bandit.mu, bandit.v, bandit.epsilon
    good = mu >= mu.max() - eps
    for i in range(bandit.arms):
        if not good[i]:
            yield _bad(mu, v, eps, w, i)
            continue
        for j in range(bandit.arms):
            if j != i:
                gradient = np.zeros(bandit.arms)
                spread = v[i] / w[i] + v[j] / w[j]
                square = (mu[i] - mu[j] + eps) ** 2
                for a in (i, j):
                    gradient[a] = 0.5 * square * v[a] / (w[a] * spread) ** 2
                yield 0.5 * square / spread, gradient


def _bad(mu: Vector, v: Vector, eps: float, w: Vector, i: int) -> tuple[float, Vector]:
    x = _crossing(mu, w / v, eps, i)
    gradient = np.maximum(mu - eps - x, 0.0) ** 2 / (2 * v)
    gradient[i] = (x - mu[i]) ** 2 / (2 * v[i])
    return float(w @ gradient), gradient


def _crossing(mu: Vector, precision: Vector, eps: float, i: int) -> float:
    """Where theta_i most likely is, when it is within eps of all others."""
    others = np.arange(len(mu)) != i
    low, high = mu[i], (mu[others] - eps).max()
    for _ in range(BISECTIONS):
        x = 0.5 * (low + high)
        pull = precision[i] * (x - mu[i])
        push = (precision * np.maximum(mu - eps - x, 0.0))[others].sum()
        low, high = (low, x) if pull > push else (x, high)
    return 0.5 * (low + high)


def set_rate(bandit: Bandit, w: Vector) -> float:
    """The rate at which the set is wrong."""
    return min(rate for rate, _ in ways(bandit, w))


@dataclass(frozen=True)
class SetOptimum:
    """The best allocation, its rate, and an upper bound for that of every other."""

    rate: float
    upper: float
    shares: Vector


def set_optimum(bandit: Bandit, start: Vector) -> SetOptimum:
    """Kelley's cutting planes from an allocation to start with."""
    k = bandit.arms
    cuts: list[Vector] = []
    best, shares, upper, w = -math.inf, start, math.inf, start
    for _ in range(CUTS):
        found = list(ways(bandit, w))
        value = min(rate for rate, _ in found)
        if value > best:
            best, shares = value, w
        cuts += [gradient for _, gradient in found]
        rows = np.column_stack([-np.array(cuts), np.ones(len(cuts))])
        scale = np.abs(best)
        rows[:, :k] /= scale
        plan = linprog(
            np.append(np.zeros(k), -1.0),
            A_ub=rows,
            b_ub=np.zeros(len(rows)),
            A_eq=np.append(np.ones(k), 0.0)[None],
            b_eq=[1.0],
            bounds=[(1e-9, 1.0)] * k + [(None, None)],
            method="highs",
        )
        upper, planned = min(upper, -plan.fun * scale), plan.x[:k]
        if upper - best <= CLOSE * best:
            break
        w = 0.5 * (shares + planned / planned.sum())
    return SetOptimum(best, upper, shares)


def log_set_error(bandit: Bandit, t: Vector) -> float:
    """log of the sum over ways of the chance that the set is wrong after ``t`` pulls each."""
    if t.min() <= 0:
        return math.nan
    mu, spread, eps = bandit.mu, np.sqrt(bandit.v / t), bandit.epsilon
    good = mu >= mu.max() - eps
    logs: list[float] = []
    for i in range(bandit.arms):
        others = np.arange(bandit.arms) != i
        if good[i]:
            z = (mu[i] - mu + eps) / np.hypot(spread[i], spread)
            logs += log_ndtr(-z[others]).tolist()
        else:
            centre = _crossing(mu, 1 / spread**2, eps, i)
            x = centre + np.linspace(-12, 12, POINTS) * spread[i]
            near = log_ndtr((x[:, None] + eps - mu) / spread)[:, others].sum(axis=1)
            density = -0.5 * ((x - mu[i]) / spread[i]) ** 2 - 0.5 * math.log(2 * math.pi)
            logs.append(float(np.asarray(logsumexp(near + density))) + math.log(24 / (POINTS - 1)))
    return float(np.asarray(logsumexp(logs)))
