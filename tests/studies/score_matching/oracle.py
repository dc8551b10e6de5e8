"""The loss written down again, as plainly as it can be: numpy, one wide grid, data anywhere.

Shares nothing with the package.  Also the paper's own way, a plain batch, and the Stein form.
"""

import math

import numpy as np


def density_grid(low: float, high: float, nodes: int = 20_001) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the trapezoid rule for the standard normal density."""
    x = np.linspace(low, high, nodes)
    return x[:, None], np.exp(-(x**2) / 2) * (x[1] - x[0]) / math.sqrt(2 * math.pi)


def weights(x: np.ndarray, mu: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """(K, n): posterior weights of unit Gaussians."""
    logs = np.log(pi) - 0.5 * ((x[:, None] - mu) ** 2).sum(axis=2)
    w = np.exp(logs - logs.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


def loss(mu: np.ndarray, pi: np.ndarray, x: np.ndarray, q: np.ndarray, truth=0.0) -> float:
    """E |s(x) - s*(x)|^2 over data N(truth, I): x are nodes of the data less the truth."""
    data = x + truth
    score = weights(data, mu, pi) @ mu - data
    return float(q @ ((score - (truth - data)) ** 2).sum(axis=1))


def stein(mu: np.ndarray, pi: np.ndarray, x: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The gradient after integration by parts (Lemma 2.2)."""
    w = weights(x, mu, pi)
    v = w @ mu
    second = np.einsum("ki,id,ie->kde", w, mu, mu)
    square = (v**2).sum(axis=1)
    cross = np.einsum("ki,kd,id,ie->ke", w, v, mu, mu)
    found = np.empty_like(mu)
    for i, m in enumerate(mu):
        terms = v + second @ m - 2 * v * (v @ m)[:, None] - 2 * cross + 3 * square[:, None] * v
        found[i] = 2 * (q * w[:, i]) @ terms
    return found


def direct(mu, pi, x, q, factor=2.0, square=1.0, own=1.0):
    """2 E[w_i v + w_i (mu_i.v - |v|^2)(x - mu_i)]; other numbers plant a defect."""
    w = weights(x, mu, pi)
    v = w @ mu
    along = v @ mu.T - square * (v**2).sum(axis=1, keepdims=True)
    return factor * np.stack(
        [(q * w[:, i]) @ v + (q * w[:, i] * along[:, i]) @ (x - own * m) for i, m in enumerate(mu)]
    )
