"""Moments of the two-point estimator given its batch: unbiased on quadratics, second moment exact.

    E ghat ghat^T = c (tr M_B I + 2 M_B) + e M_B + mu^2 K6,   M_B = g_B g_B^T,   e = 1 - 1/b2,

c = d/((d+2) b2) for directions on the sphere, 1/b2 for Gaussian ones (derived; the trace, kappa^2 =
1 + (d-1)/b2 on the sphere, is Fang et al.'s).  True gradients have c = 0, e = 1 and no K6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Oracle:
    """How gradients are estimated: ``batch`` samples without replacement, ``num_directions``
    directions, smoothing ``mu``; ``exact``: true gradients of the batch."""

    dim: int
    batch: int
    num_directions: int
    mu: float
    gaussian: bool = False
    exact: bool = False
    noise_power: float = 0.0
    """E |xi|^2 of the additive noise of one sample."""

    @property
    def c(self) -> float:
        """What isotropy adds."""
        if self.exact:
            return 0.0
        return (1.0 if self.gaussian else self.dim / (self.dim + 2)) / self.num_directions

    @property
    def e(self) -> float:
        """What is left of M_B itself."""
        return 1.0 if self.exact else 1 - 1 / self.num_directions

    @property
    def kappa2(self) -> float:
        """E |ghat|^2 / |g_B|^2 for mu -> 0."""
        return (self.dim + 2) * self.c + self.e

    def mixing(self, samples: int) -> float:
        """k: E of a bilinear form of two batch means is k times its mean over samples, plus 1 - k
        times that of the client's mean."""
        if samples == 1:
            return 0.0
        return (samples - self.batch) / (self.batch * (samples - 1))

    def spread(self, m: Float[np.ndarray, "... d d"]) -> Float[np.ndarray, "... d d"]:
        """c (tr M I + M + M^T) + e M."""
        trace = np.trace(m, axis1=-2, axis2=-1)[..., None, None]
        return self.c * (trace * np.eye(self.dim) + m + np.swapaxes(m, -1, -2)) + self.e * m

    def smoothing_power(
        self, a: Float[np.ndarray, "... n d d"], b: Float[np.ndarray, "... n d d"]
    ) -> Float[np.ndarray, "... d d"]:
        """mu^2 K6 of the Hessians of two copies' samples, averaged over batches:
        (q/(4 b2)) [((tr A)^2 + 2 tr A^2) I + 4 tr(A) A + 8 A^2], q = d^2/(d(d+2)(d+4)) or 1."""
        d = self.dim
        if self.exact or self.mu == 0:
            return np.zeros((*a.shape[:-3], d, d))
        q = 1.0 if self.gaussian else d / ((d + 2) * (d + 4))
        k = self.mixing(a.shape[-3])

        def mixed(x: np.ndarray, y: np.ndarray, product: str) -> np.ndarray:
            """Over batches, of a bilinear form."""
            every = np.einsum(f"...z{product}", x, y) / x.shape[-3]
            return k * every + (1 - k) * np.einsum(
                f"...{product.replace('z', '')}", x.mean(axis=-3), y.mean(axis=-3)
            )

        squares = mixed(a, b, "ii,...zjj->...") + 2 * mixed(a, b, "ij,...zij->...")
        cross = mixed(a, b, "ii,...zjk->...jk") + mixed(a, b, "jk,...zii->...jk")
        product = mixed(a, b, "ij,...zjk->...ik")
        product = product + np.swapaxes(product, -1, -2)
        whole = squares[..., None, None] * np.eye(d) + 2 * cross + 4 * product
        return self.mu**2 * q / (4 * self.num_directions) * whole


def weibull_power(size: float, theta: float) -> float:
    """E |xi|^2 of |xi| = K0 E^theta, E ~ Exp(1): K0^2 Gamma(2 theta + 1) (derived)."""
    return size**2 * math.gamma(2 * theta + 1)
