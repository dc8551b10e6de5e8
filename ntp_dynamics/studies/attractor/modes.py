"""The network on a ring in the few Fourier modes that its kernel lets through: the fast engine.

The symbol exp(-a^2 q^2/2) of the kernel has 13 modes above 1e-16 at a = 40, so that W r = B S B^T r
with a thin B, and the speed populations are kept as modes alone: tau_v m_+-' = -m_+- + w_vs B^T r.
A state is (N + 4H, C): u at every neuron, then cosine and sine modes of u_+ and of u_-.

Columns are trajectories, each with numbers of its own (w, k, tau_v, v, ...).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.kernel import column, product
from ntp_dynamics.studies.attractor.ring import Ring

NEGLIGIBLE = 1e-16
"""Of the largest symbol: modes below add nothing to a double."""


@dataclass(frozen=True)
class Modes:
    """What C columns of one geometry need, H modes each."""

    neurons: int
    basis: Float[np.ndarray, "N 2*H"]
    """Cosines, then sines, orthonormal (columns of zeros where a sine vanishes)."""
    adjoint: Float[np.ndarray, "2*H N"]
    symbol: Float[np.ndarray, "3 H"]
    """Of g_a; and of g_a(x - Delta), real and imaginary."""
    numbers: Float[np.ndarray, "6 C"]
    """w_r, w_sv, w_vs, k, 1/tau_v, g_v."""

    @property
    def columns(self) -> int:
        """C."""
        return self.numbers.shape[1]

    def of(self, chosen: Int[np.ndarray, " B"]) -> Modes:
        """Some of the columns."""
        return replace(self, numbers=np.ascontiguousarray(self.numbers[:, chosen]))


def modes_of(rings: Sequence[Ring]) -> Modes:
    """The columns of these networks, which share N, a and Delta, tau = 1.

    Raises ValueError where they do not.
    """
    first = rings[0]
    n = first.neurons
    if {(r.neurons, r.a, r.delta, r.tau) for r in rings} != {(n, first.a, first.delta, 1.0)}:
        raise ValueError("columns of one batch share neurons, a, delta and tau = 1")
    plain = np.fft.fft(column(n, first.a))[: n // 2 + 1].real
    ahead = np.fft.fft(column(n, first.a, first.delta))[: n // 2 + 1]
    kept = np.flatnonzero(np.abs(plain) > NEGLIGIBLE * plain[0])
    angles = 2 * math.pi * np.outer(np.arange(n), kept) / n
    single = (kept == 0) | (2 * kept == n)
    norm = np.where(single, math.sqrt(1 / n), math.sqrt(2 / n))
    sines = np.where(single, 0.0, np.sin(angles))
    basis = np.hstack([norm * np.cos(angles), norm * sines])
    imaginary = np.where(single, 0.0, ahead[kept].imag)
    symbol = np.stack([plain[kept], ahead[kept].real, imaginary])
    table = [(r.w_r, r.w_sv, r.w_vs, r.k, 1 / r.tau_v, r.g_v) for r in rings]
    adjoint = np.ascontiguousarray(basis.T)
    return Modes(n, basis, adjoint, symbol, np.ascontiguousarray(np.array(table).T))


def packed(modes: Modes, state: Float[np.ndarray, "3 N C"]) -> Float[np.ndarray, "N+4H C"]:
    """A state in modes, of (u, u_+, u_-) at every neuron."""
    return np.vstack([state[0], *(_each(modes.adjoint, x) for x in state[1:])])


def unpacked(modes: Modes, y: Float[np.ndarray, "N+4H C"]) -> Float[np.ndarray, "3 N C"]:
    """(u, u_+, u_-) at every neuron; of u_+- what the kernel lets through."""
    n, h = modes.neurons, modes.basis.shape[1]
    return np.stack([y[:n], *(_each(modes.basis, x) for x in (y[n : n + h], y[n + h :]))])


def _each(matrix: Float[np.ndarray, "M K"], x: Float[np.ndarray, "K C"]) -> np.ndarray:
    """The product column by column: its bits do not depend on C."""
    return np.stack([product(matrix, column) for column in np.ascontiguousarray(x.T)], axis=-1)
