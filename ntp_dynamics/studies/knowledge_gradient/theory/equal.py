"""The exact probability of false selection of equal allocation: what simulation is held against.

After T_i pulls the estimates are independent normals, so that the best arm wins with probability
int phi(x) prod_i Phi((mu_b - mu_i + x s_b/sqrt T_b) sqrt T_i/s_i) dx; the sum of the logs is taken
first, so that small probabilities keep their digits.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import log_ndtr

from ntp_dynamics.studies.knowledge_gradient.instance import Bandit

REACH, POINTS = 12.0, 2401
"""Of the trapezoidal rule: spectrally accurate, as phi vanishes at both ends."""


def pulls(arms: int, n: Float[np.ndarray, " T"]) -> Float[np.ndarray, "T k"]:
    """Of each arm after n pulls in turn."""
    n = np.asarray(n)[:, None]
    return n // arms + (np.arange(arms) < n % arms)


def false_selection(bandit: Bandit, t: Float[np.ndarray, " k"]) -> float:
    """The probability that the best estimate is not that of the best arm."""
    b = bandit.best
    x = np.linspace(-REACH, REACH, POINTS)
    spread = np.sqrt(bandit.v / t)
    ahead = bandit.mu[b] + x[:, None] * spread[b] - bandit.mu
    log_right = np.delete(log_ndtr(ahead / spread), b, axis=1).sum(axis=1)
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return float((-np.expm1(log_right) * density).sum() * (x[1] - x[0]))


def curve(bandit: Bandit, n: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """The same after n pulls; nan before every arm has one."""
    every = pulls(bandit.arms, n)
    return np.array([false_selection(bandit, t) if t.min() > 0 else np.nan for t in every])
