"""The bump that the network holds (derived; Zhang, Wu, Wu 2022, Eqs. 8a and S12 read second-hand).

u(x) = U exp(-x^2/4a^2) with rates r(x) = R exp(-x^2/2a^2), all shifts alike, exists iff w > w_c:

    w_c = 2 sqrt2 (2 pi)^{1/4} sqrt(a k/rho)           `ring.critical_weight`
    U_+- = w (1 +- sqrt(1 - w_c^2/w^2)) / (4 sqrt(pi) a k)      `height`: + stable, - unstable
    R = sqrt2 U / (rho w)                               `peak_rate`

up to O(exp(-(180/a)^2/4)) that the ring adds.  The fixed point on the grid is found by iteration.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import (
    circulant,
    column,
    derivative,
    positions,
    product,
)
from ntp_dynamics.studies.attractor.ring import Ring, critical_weight, rates


def root(w_over_wc: float) -> float:
    """s = sqrt(1 - w_c^2/w^2); nan below w_c."""
    return math.sqrt(1 - w_over_wc**-2) if w_over_wc >= 1 else math.nan


def height(w: float, a: float, k: float, rho: float, *, stable: bool = True) -> float:
    """U of the stable or the unstable branch; nan below w_c."""
    s = root(w / critical_weight(a, k, rho))
    return w * (1 + (s if stable else -s)) / (4 * math.sqrt(math.pi) * a * k)


def peak_rate(w: float, a: float, k: float, rho: float) -> float:
    """R of the stable bump."""
    return math.sqrt(2) * height(w, a, k, rho) / (rho * w)


def profile(ring: Ring, scale: float = 1.0, at: float = 0.0) -> Float[np.ndarray, " N"]:
    """``scale`` U exp(-(x - at)^2/4a^2) on the ring: the theory's own bump.

    Where no bump exists, U is that of the threshold.
    """
    w = max(ring.w_total, critical_weight(ring.a, ring.k, ring.rho))
    top = height(w, ring.a, ring.k, ring.rho)
    distance = (positions(ring.neurons) - at + 180.0) % 360.0 - 180.0
    return scale * top * np.exp(-(distance**2) / (4 * ring.a**2))


def settled(
    apply: Callable[[np.ndarray], np.ndarray], u: np.ndarray, k: float, steps: int = 100_000
) -> np.ndarray:
    """The fixed point u = K r(u) by u += (K r(u) - u)/2, to 1e-14 of its peak.

    Raises ArithmeticError where the iteration ends elsewhere.
    """
    for _ in range(steps):
        squared = np.maximum(u, 0.0) ** 2
        change = apply(squared / (1 + k * squared.sum())) - u
        u = u + 0.5 * change
        if np.abs(change).max() <= 1e-14 * np.abs(u).max():
            return u
    raise ArithmeticError("no bump: the iteration has not settled")


def carrier(ring: Ring) -> Float[np.ndarray, "N N"]:
    """K = W_r + g_v w_vs (W_+ + W_-): what the bump feels at v = 0, speed neurons at rest."""
    forward = circulant(ring.forward)
    return circulant(ring.recurrent) + ring.g_v * ring.w_vs * (forward + forward.T)


def fixed_point(ring: Ring) -> Float[np.ndarray, " N"]:
    """u* of the bump on the grid, its peak at neuron N // 2 (x = 0 for even N)."""
    matrix = carrier(ring)
    c = ring.neurons // 2
    u = settled(
        lambda r: product(matrix, r), profile(ring, at=float(positions(ring.neurons)[c])), ring.k
    )
    mirror = u[(2 * c - np.arange(ring.neurons)) % ring.neurons]
    return (u + mirror) / 2


def tangents(ring: Ring, u: Float[np.ndarray, " N"]) -> tuple[np.ndarray, np.ndarray]:
    """u' and r' along the family of bumps, per degree."""
    return derivative(u), derivative(rates(u, ring.k))


def unit_kernel(ring: Ring) -> Float[np.ndarray, "N N"]:
    """g_a(x_i - x_j)."""
    return circulant(column(ring.neurons, ring.a))
