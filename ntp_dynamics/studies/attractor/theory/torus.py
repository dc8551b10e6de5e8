"""The bump on a torus (derived; the amplitude agrees with later papers of the same group):

    w_c = sqrt(32 pi k a^2/rho)            `attractor.torus.critical_weight`
    U = w (1 + s)/(8 pi k a^2), s = sqrt(1 - w_c^2/w^2);  R = 2 U/(rho w)
    eigenvalues 1 - s, and 2^{1-n} with multiplicity n + 1
    diffusion of each axis 81 sigma^2/(32 pi rho U^2 tau)

up to what the period adds, alike on the square and the hexagonal lattice.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.theory.bump import root, settled
from ntp_dynamics.studies.attractor.torus import VECTORS, Torus, critical_weight, rates


def height(w: float, a: float, k: float, rho: float, *, stable: bool = True) -> float:
    """U of the stable or the unstable branch; nan below w_c."""
    s = root(w / critical_weight(a, k, rho))
    return w * (1 + (s if stable else -s)) / (8 * math.pi * k * a**2)


def peak_rate(w: float, a: float, k: float, rho: float) -> float:
    """R of the stable bump."""
    return 2 * height(w, a, k, rho) / (rho * w)


def profile(torus: Torus, scale: float = 1.0) -> Float[np.ndarray, "n n"]:
    """``scale`` U exp(-x^2/4a^2) around neuron (0, 0): the theory's own bump."""
    w = max(torus.w_total, critical_weight(torus.a, torus.k, torus.rho))
    # exp(-x^2/4a^2) is the square root of the kernel's own Gaussian, images apart.
    shape = np.sqrt(torus.kernel() / torus.kernel().max())
    return scale * height(w, torus.a, torus.k, torus.rho) * shape


def fixed_point(torus: Torus) -> Float[np.ndarray, "n n"]:
    """u* of the bump with its peak at neuron (0, 0), speed loop on or off."""

    def apply(r: np.ndarray) -> np.ndarray:
        held = torus.w_r * torus.spread(r)
        if torus.w_sv:
            around = sum(torus.spread(r, d) for d in range(4))
            held = held + torus.g_v * torus.w_sv * torus.w_vs * around
        return held

    return settled(apply, profile(torus), torus.k)


def gradient(torus: Torus, field: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "2 n n"]:
    """d/dx and d/dy by Fourier; nothing at the Nyquist modes of an even n."""
    n = torus.side
    modes = np.fft.fftfreq(n, 1 / n)
    modes = np.where(2 * np.abs(modes) == n, 0.0, modes)
    second, first = np.meshgrid(modes, modes, indexing="ij")
    reciprocal = np.linalg.inv(VECTORS[torus.lattice])  # columns are dual to the lattice vectors
    q = 2j * math.pi * np.stack([first, second], axis=-1) @ reciprocal.T
    transform = np.fft.fft2(field)
    return np.stack([np.fft.ifft2(q[..., axis] * transform).real for axis in (0, 1)])


def diffusion(torus: Torus, u: Float[np.ndarray, "n n"], sigma: float = 1.0) -> float:
    """Var x/t of the CAN alone along x, degrees^2 per tau."""
    du, dr = gradient(torus, u)[0], gradient(torus, rates(u, torus.k))[0]
    return float(sigma**2 / torus.tau * (dr * dr).sum() / (dr * du).sum() ** 2)
