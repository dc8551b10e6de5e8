"""A clump on its way to the truth: how its deviations grow, and when it breaks.

    A_{k+1} = (1 - 2 eta c_2/n) A_k,   K = prod_k (1 + 4 eta c_4 A_k^2/n),   ln K -> M^2 as eta -> 0

Who converges is a function of c = sigma_0 K, eta and the pattern z, not of the distance M; all do
if and only if c < c*(z, eta) (derived).
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.loss.line import settle

LATEST = 600.0
"""Path length by which it is known who converges."""


def log_amplification(
    distance: float, eta: float, n: int, steps: Float[np.ndarray, " T"] | None = None,
    c2: float = 1.0, c4: float = 1.0,
) -> Float[np.ndarray, " T"]:  # fmt: skip
    """ln K after so many steps, at once for all; None: after all of them."""
    shrink = 1 - 2 * eta * c2 / n
    # What is left is below rounding once A has fallen by e^-40.
    last = math.ceil(40 / -math.log(shrink)) if 0 < shrink < 1 else 1
    a = distance * shrink ** np.arange(last)
    grown = np.concatenate([[0.0], np.cumsum(np.log1p(4 * eta * c4 * a**2 / n))])
    at = np.array([last]) if steps is None else np.asarray(steps)
    return grown[np.minimum(at, last).astype(int)]


def converged(
    z: Float[np.ndarray, " n"], c: float, eta: float, distance: float = 3.0
) -> Float[np.ndarray, " n"]:
    """Where students end whose amplified spread is c."""
    n = len(z)
    log_k = float(log_amplification(distance, eta, n)[0])
    mu = (distance + c * math.exp(-log_k) * z)[None].copy()
    steps, still = np.array([round(LATEST / eta)]), np.zeros(1, dtype=bool)
    settle(mu, np.full(n, -math.log(n)), eta, steps, still)
    return mu[0]


def threshold(z: Float[np.ndarray, " n"], eta: float, digits: float = 1e-3) -> float:
    """c* of a pattern, by bisection at distance 3; inf for a pattern without deviations."""
    if not np.ptp(z):
        return math.inf
    low, high = 0.1, 1e3
    while high / low > 1 + digits:
        c = math.sqrt(low * high)
        all_of_them = bool((np.abs(converged(z, c, eta)) < 0.5).all())
        low, high = (c, high) if all_of_them else (low, c)
    return math.sqrt(low * high)
