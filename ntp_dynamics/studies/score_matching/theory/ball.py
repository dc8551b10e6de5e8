"""All students close to the truth: every eigenvalue of their covariance falls on its own.

    L(s) = c_4 sum_k (l_k / (1 + 8 c_4 l_k s / n))^2 (1 + O(max l))       (derived)

with l_k the eigenvalues of the covariance of the means at the start and c_4 the average of e^-4t
over the noise levels. The exponent is -2 once s >> n / (8 l_k), where the proved one is -1/2.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def eigenvalues(mu: Float[np.ndarray, "R n d"]) -> Float[np.ndarray, "R d"]:
    """Of the covariance of the means."""
    away = mu - mu.mean(axis=1, keepdims=True)
    found = np.linalg.eigvalsh(np.einsum("rnd,rne->rde", away, away) / mu.shape[1])
    return np.maximum(found, 0.0)


def loss(
    start: Float[np.ndarray, "R d"], path: Float[np.ndarray, " T"] | float, n: int, c4: float = 1.0
) -> Float[np.ndarray, "R T"]:
    """L at path lengths s, from eigenvalues at the start."""
    s = np.atleast_1d(path)
    left = start[:, :, None] / (1 + 8 * c4 * start[:, :, None] * s / n)
    return c4 * (left**2).sum(axis=1)


def effective_rank(eigen: Float[np.ndarray, "R d"]) -> Float[np.ndarray, " R"]:
    """(sum l)^2 / sum l^2; nan where all students coincide."""
    square = (eigen**2).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(square > 0, eigen.sum(axis=1) ** 2 / square, np.nan)
