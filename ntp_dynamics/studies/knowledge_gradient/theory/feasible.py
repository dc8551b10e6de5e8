"""Rates of classifying arms by their thresholds.

An arm is misclassified at the rate w_i r_i: r_i = min_j d_ij^2/(2 s_ij^2) where it is feasible, the
sum over the violated j of the same where it is not.  So w_i in proportion to 1/r_i is best, and
Gamma^F = 1/sum(1/r_i).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.instance import Bandit


def separations(bandit: Bandit) -> Float[np.ndarray, " k"]:
    """r_i."""
    away = (bandit.threshold - bandit.mean) ** 2 / (2 * bandit.variance)
    violated = bandit.mean > bandit.threshold
    return np.where(violated.any(axis=1), (away * violated).sum(axis=1), away.min(axis=1))


def shares(bandit: Bandit) -> Float[np.ndarray, " k"]:
    """The best allocation."""
    w = 1 / separations(bandit)
    return w / w.sum()


def rate(bandit: Bandit, w: Float[np.ndarray, "... k"]) -> Float[np.ndarray, ...]:
    """min_i w_i r_i."""
    return (w * separations(bandit)).min(axis=-1)
