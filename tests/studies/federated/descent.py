"""Rounds in plain NumPy from given draws, with a mistake on request, to hold kernels against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ntp_dynamics.studies.federated.kernel import drawn
from ntp_dynamics.studies.federated.kernel.step import FEDZO, GAUSSIAN, Clients, Rule
from ntp_dynamics.studies.federated.tasks import Loss

DEFECTS = ("factor d missing", "delta added to the stale w", "weight 1/N", "fresh directions")
"""That `descend` makes when asked to."""


@dataclass(frozen=True)
class LocalStep:
    """What is drawn for a local step."""

    batch: np.ndarray
    directions: np.ndarray
    noise: np.ndarray | float = 0.0


@dataclass(frozen=True)
class Part:
    """What a client does in a round."""

    client: int
    lag: int
    steps: Sequence[LocalStep]


def estimate(
    loss: Loss, w: np.ndarray, x: np.ndarray, y: np.ndarray, lam: float, mu: float, u: np.ndarray,
    factor: float,
) -> np.ndarray:  # fmt: skip
    """ghat of a batch, from stable differences."""
    m, dm = x @ w, mu * (x @ u.T)
    moved = loss.difference(m[:, None], dm, y[:, None]).mean(axis=0)
    moved = moved + lam * (mu * u @ w + mu**2 / 2 * (u**2).sum(axis=1))
    return factor / (mu * len(u)) * moved @ u


def descend(
    loss: Loss,
    x: np.ndarray,
    y: np.ndarray,
    used: Rule,
    eta: float,
    w0: np.ndarray,
    rounds: Sequence[Sequence[Part]],
    defect: str = "",
) -> np.ndarray:
    """w_0, w_1, ... of one run, (T + 1, d)."""
    w, d = [np.array(w0)], x.shape[-1]
    factor = 1.0 if used.directions == GAUSSIAN or defect == "factor d missing" else d
    for parts in rounds:
        moved, stale = np.zeros(d), w[-1]
        for part in parts:
            start = w[-1 - part.lag]
            v = start.copy()
            for s in part.steps:
                own = x[part.client, s.batch], y[part.client, s.batch]
                u = -s.directions[:, ::-1] if defect == "fresh directions" else s.directions
                if used.method == FEDZO:
                    g = estimate(loss, v, *own, used.lam, used.mu, u, factor)
                else:
                    g = own[0].T @ loss.slope(own[0] @ v, own[1]) / len(s.batch) + used.lam * v
                v = v - eta * (g + s.noise)
            moved += v - start
            stale = start
        weight = 1 / (len(x) if defect == "weight 1/N" else used.participants)
        base = stale if defect == "delta added to the stale w" else w[-1]
        w.append(base + weight * moved)
    return np.array(w)


def as_drawn(key: Any, made: Clients, used: Rule, rounds: int) -> list[list[Part]]:
    """What the kernel draws for a run."""
    found = []
    for t in range(rounds):
        chosen, lags = drawn.participants(key, t, made.x.shape[1], used)
        parts = []
        for client, lag in zip(chosen.tolist(), lags.tolist(), strict=True):
            steps = []
            for h in range(used.local_steps):
                batch, u, xi = drawn.local_step(key, t, client, h, made, used)
                u_xi = u @ xi @ u * (made.x.shape[-1] / len(u)) if used.method == FEDZO else xi
                steps.append(LocalStep(batch, u, u_xi))
            parts.append(Part(client, lag, steps))
        found.append(parts)
    return found
