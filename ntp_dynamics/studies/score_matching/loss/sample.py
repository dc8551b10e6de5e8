"""Expectations by sampling: the paper's plain batches, and importance sampling that is not blind.

The loss of a student far away lives in a layer half way to it, which samples of N(0, I) never hit.
The mixture of N(0, I) and N(mu_j/2, I) for every student j hits all of them; the weight of a point
is (n + 1) / (1 + sum_j e^{mu_j.x/2 - |mu_j|^2/8}).  What is drawn is a function of (seed, run,
purpose, step) alone.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp


class Purpose(IntEnum):
    """What a stream is for."""

    start = 1
    descent = 2
    averaged = 3
    batches = 4


def stream(seed: int, run: int, purpose: Purpose, step: int = 0) -> np.random.Generator:
    """The generator of a step: Philox with the counter at step 2^128."""
    key = np.random.SeedSequence([seed, run, int(purpose)]).generate_state(2, np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=step << 128))


def plain(draw: Float[np.ndarray, "B r"]) -> tuple[np.ndarray, np.ndarray]:
    """Points (1, B, r) and log weights (1, B) of a plain batch of standard normal numbers."""
    return draw[None], np.full((1, len(draw)), -np.log(len(draw)))


def importance(
    draw: Float[np.ndarray, "B r"],
    mu: Float[np.ndarray, "n r"],
    scales: Float[np.ndarray, " J"] | None = None,
) -> tuple[Float[np.ndarray, "J B r"], Float[np.ndarray, "J B"]]:
    """Points and log weights of the mixture for each noise level; components take turns."""
    batch, n = len(draw), len(mu)
    turn = np.arange(batch) % (n + 1)
    points, logs = [], []
    for scale in np.ones(1) if scales is None else scales:
        centres = np.vstack([np.zeros((1, mu.shape[1])), 0.5 * scale * mu])
        x = draw + centres[turn]
        ratio = x @ centres.T - 0.5 * (centres**2).sum(axis=1)
        points.append(x)
        logs.append(np.log((n + 1) / batch) - logsumexp(ratio, axis=1))
    return np.stack(points), np.stack(logs)
