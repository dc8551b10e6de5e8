"""The network on a torus: n x n neurons, four speed populations (+x, -x, +y, -y), v a vector.

The kernel is the product of two Gaussian densities of the distance, periodised over the lattice
vectors; rho counts neurons a square degree, so integrals are plain sums again.

    square       lattice vectors (360, 0), (0, 360): W r = G r G^T, two n x n products
    hexagonal    (360, 0), (180, 180 sqrt3): the same kernel over these vectors, by FFT

Fields are (C, n, n), the last axis along x and the last but one along the second lattice vector; a
state is (5, C, n, n): u and the four speed populations.  Matrices multiply field by field, and
transforms go field by field, so that bits do not depend on C.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import PERIOD, circulant, column
from ntp_dynamics.studies.attractor.lattice import Lattice
from ntp_dynamics.studies.attractor.ring import DEAD, speed_gains

Field = Float[np.ndarray, "... n n"]


VECTORS = {
    Lattice.square: np.array([[PERIOD, 0.0], [0.0, PERIOD]]),
    Lattice.hexagonal: np.array([[PERIOD, 0.0], [PERIOD / 2, PERIOD * math.sqrt(3) / 2]]),
}
"""Lattice vectors as rows, in degrees."""
DIRECTIONS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
"""Where each speed population shifts the bump: +x, -x, +y, -y."""


def critical_weight(a: float, k: float, rho: float) -> float:
    """w_c = sqrt(32 pi k a^2/rho)."""
    return math.sqrt(32 * math.pi * k * a**2 / rho)


@dataclass(frozen=True)
class Torus:
    """The numbers of a network; ``w_sv = 0`` switches its speed loop off."""

    side: int
    """Neurons along each lattice vector."""
    w_r: float
    w_sv: float = 0.0
    a: float = 40.0
    k: float = 5e-4
    delta: float = 22.0
    g_v: float = 10.0
    w_vs: float = 0.2
    tau_v: float = 1.0
    tau: float = 1.0
    lattice: Lattice = Lattice.square

    @property
    def rho(self) -> float:
        """Neurons a square degree."""
        return self.side**2 / abs(np.linalg.det(VECTORS[self.lattice]))

    @property
    def loop(self) -> float:
        """The part of the total weight that goes through the speed neurons: two pairs of them."""
        return 4 * self.g_v * self.w_sv * self.w_vs * math.exp(-(self.delta**2) / (8 * self.a**2))

    @property
    def w_total(self) -> float:
        """What carries the bump at v = 0."""
        return self.w_r + self.loop

    def kernel(self, shift: tuple[float, float] = (0.0, 0.0)) -> Float[np.ndarray, "n n"]:
        """g_a(x - shift) at every offset of the grid, per square degree."""
        offsets = np.arange(self.side) / self.side
        second, first = np.meshgrid(offsets, offsets, indexing="ij")
        points = np.stack([first, second], axis=-1) @ VECTORS[self.lattice]
        images = 3 + math.ceil(9 * self.a / PERIOD)
        total = np.zeros((self.side, self.side))
        for i in range(-images, images + 1):
            for j in range(-images, images + 1):
                d = points + np.array([i, j]) @ VECTORS[self.lattice] - np.array(shift)
                total += np.exp(-0.5 * (d**2).sum(-1) / self.a**2)
        return total / (2 * math.pi * self.a**2)

    @cached_property
    def _matrices(self) -> dict[float, Float[np.ndarray, "n n"]]:
        """One-dimensional kernels by their shift (square lattice)."""
        shifts = (0.0, self.delta, -self.delta)
        return {s: circulant(column(self.side, self.a, s)) for s in shifts}

    @cached_property
    def _transforms(self) -> list[np.ndarray]:
        """Fourier transforms of the kernel: unshifted, then shifted to each direction."""
        shifts = [np.zeros(2), *(self.delta * DIRECTIONS)]
        return [np.fft.rfft2(self.kernel((float(s[0]), float(s[1])))) for s in shifts]

    def spread(self, field: Field, direction: int | None = None) -> Field:
        """g_a of a field, shifted by Delta towards one of `DIRECTIONS`."""
        if self.lattice is Lattice.square:
            x, y = (0.0, 0.0) if direction is None else self.delta * DIRECTIONS[direction]
            return self._matrices[float(y)] @ field @ self._matrices[float(x)].T
        transform = self._transforms[0 if direction is None else direction + 1]
        return np.fft.irfft2(transform * np.fft.rfft2(field), s=(self.side, self.side))

    def dense(self) -> Float[np.ndarray, "nn nn"]:
        """The matrix of `spread`, for eigenvalues of small tori."""
        n = self.side
        i = np.arange(n)
        offset = (i[:, None] - i) % n
        blocks = self.kernel()[offset[:, None, :, None], offset[None, :, None, :]]
        return blocks.reshape(n * n, n * n)


def tuned(
    side: int,
    w_over_wc: float = 1.2,
    gain: float = 0.0,
    *,
    a: float = 40.0,
    k: float = 5e-4,
    delta: float = 22.0,
    g_v: float = 10.0,
    w_vs: float = 0.2,
    tau_v: float = 1.0,
    lattice: Lattice = Lattice.square,
) -> Torus:
    """The network of w_tot = ``w_over_wc`` w_c and w_sv = ``gain`` w_tot/(2 w_vs Delta)."""
    bare = Torus(side, 0.0, 0.0, a, k, delta, g_v, w_vs, tau_v, 1.0, lattice)
    w = w_over_wc * critical_weight(a, k, bare.rho)
    torus = replace(bare, w_sv=gain * w / (2 * w_vs * delta))
    return replace(torus, w_r=w - torus.loop)


def rates(u: Field, k: float) -> Field:
    """[u]_+^2 / (1 + k sum [u]_+^2), the sum over the torus."""
    squared = np.maximum(u, 0.0) ** 2
    return squared / (1 + k * squared.sum(axis=(-2, -1), keepdims=True))


def slope(
    torus: Torus, state: Float[np.ndarray, "5 ... n n"], v: Float[np.ndarray, "... 2"] | None = None
) -> Float[np.ndarray, "5 ... n n"]:
    """d/dt of (u, u_+x, u_-x, u_+y, u_-y) at a speed input (x, y) a trajectory."""
    u, r = state[0], rates(state[0], torus.k)
    drive = torus.w_r * torus.spread(r)
    if torus.w_sv == 0:
        return np.concatenate([((drive - u) / torus.tau)[None], np.zeros_like(state[1:])])
    v = np.zeros(2) if v is None else v
    gains = [g for axis in (0, 1) for g in speed_gains(torus.g_v, v[..., axis])]
    for direction, (gain, follower) in enumerate(zip(gains, state[1:], strict=True)):
        drive = drive + torus.w_sv * torus.spread(gain[..., None, None] * follower, direction)
    follow = (torus.w_vs * r - state[1:]) / torus.tau_v
    return np.concatenate([((drive - u) / torus.tau)[None], follow])


def decoded(torus: Torus, u: Field) -> Float[np.ndarray, "... 2"]:
    """Position (x, y) in degrees of the bump from neuron (0, 0), nan where it is dead.

    Angles of sum r exp(2 pi i j/n) along both lattice vectors; they are multiplied by these.
    """
    weights = np.maximum(u, 0.0) ** 2
    phases = np.exp(2j * math.pi * np.arange(torus.side) / torus.side)
    along = (weights.sum(-2) * phases).sum(-1), (weights.sum(-1) * phases).sum(-1)
    fractions = np.stack([np.angle(z) / (2 * math.pi) for z in along], axis=-1)
    dead = u.max(axis=(-2, -1)) < DEAD
    return np.where(dead[..., None], np.nan, fractions @ VECTORS[torus.lattice])
