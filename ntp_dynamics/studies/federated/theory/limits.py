"""Where rounds stop contracting: the mean-square limit, and that of a delayed mean (derived)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from ntp_dynamics.studies.federated.theory.estimator import Oracle


def mean_square_limit(
    eigenvalues: Float[np.ndarray, " d"], oracle: Oracle, participants: int
) -> float:
    """eta_ms at one local step and equal Hessians of eigenvalues l_j, for full batches:
    sum_j c' eta l_j/(2 - a' eta l_j) = 1, c' = c/M, a' = 1 + (e + 2c - 1)/M.

    With Gaussian directions and b2 = M = 1 it contains Theorem 1 of Song et al. (2026).
    """
    c, share = oracle.c / participants, (oracle.e + 2 * oracle.c - 1) / participants
    a, l_max = 1 + share, float(eigenvalues.max())
    if c == 0:
        return 2 / (a * l_max)
    pole = 2 / (a * l_max)

    def lack(eta: float) -> float:
        return float((c * eta * eigenvalues / (2 - a * eta * eigenvalues)).sum() - 1)

    return root(lack, 0.0, pole * (1 - 1e-15))


def root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where f changes its sign, to the last digits."""
    found: Any = brentq(f, low, high, xtol=1e-300, rtol=np.float64(1e-15))
    return float(found)


def limit_of(radius: Callable[[float], float], guess: float) -> float:
    """Where a spectral radius passes 1, beyond which it stays above; ``guess``: of its size."""
    low, high = guess, guess
    while radius(low) >= 1:
        low /= 2
    while radius(high) < 1:
        high *= 2
    return root(lambda eta: radius(eta) - 1, low, high)


def delay_limit(lag: int, l_max: float) -> float:
    """eta at which the mean of w_{t+1} = w_t - eta A w_{t-lag} stops contracting:
    2 sin(pi/(2 (2 lag + 1)))/l_max."""
    return 2 * math.sin(math.pi / (2 * (2 * lag + 1))) / l_max


def delayed_radius(eta: float, lag: int, eigenvalues: Float[np.ndarray, " d"]) -> float:
    """Spectral radius of w_{t+1} = w_t - eta A w_{t-lag}: of a companion matrix a mode."""
    largest = 0.0
    for curvature in eigenvalues:
        companion = np.eye(lag + 1, k=-1)
        companion[0, 0] += 1.0
        companion[0, lag] -= eta * curvature
        largest = max(largest, float(np.abs(np.linalg.eigvals(companion)).max()))
    return largest
