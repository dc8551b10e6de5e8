"""Spectrum of the bump, speed loop off (derived): W dr/du at the bump has the eigenvalues

    lambda_height = 1 - sqrt(1 - w_c^2/w^2),    lambda_n = 2^{1-n}, n = 1, 2, ...

(n = 1 is translation).  A mode decays at the rate (1 - lambda)/tau.  In two dimensions 2^{1-n} has
multiplicity n + 1.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.theory.bump import root


def predicted(w_over_wc: float, count: int, dimension: int = 1) -> Float[np.ndarray, " M"]:
    """The ``count`` largest eigenvalues, in falling order."""
    orders = np.arange(1, count + 1)
    shape = np.repeat(2.0 ** (1 - orders), orders + 1 if dimension == 2 else 1)
    return np.sort(np.append(shape[: count + 1], 1 - root(w_over_wc)))[::-1][:count]


def rate_jacobian(u: Float[np.ndarray, " N"], k: float) -> Float[np.ndarray, "N N"]:
    """dr/du = diag(2 [u]_+/D) - [u]_+^2 (2 k [u]_+)^T / D^2, D = 1 + k sum [u]_+^2."""
    active = np.maximum(u, 0.0)
    divisor = 1 + k * (active**2).sum()
    return np.diag(2 * active / divisor) - np.outer(active**2, 2 * k * active) / divisor**2


def eigenvalues(
    weights: Float[np.ndarray, "N N"], u: Float[np.ndarray, " N"], k: float
) -> Float[np.ndarray, " N"]:
    """Eigenvalues of ``weights`` dr/du in falling order.

    They are real: with J = S - p q^T of symmetric parts the product is similar to a symmetric
    matrix up to its rank-one term; what rounding leaves of imaginary parts is dropped.
    """
    found = np.linalg.eigvals(weights @ rate_jacobian(u, k))
    return np.sort(found.real)[::-1]
