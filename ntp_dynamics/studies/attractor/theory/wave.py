"""The travelling bump at any constant speed input v (derived): h(x - c t) with F(h; v) + c h' = 0.

Newton's method for the Fourier modes of u and c, the phase held by <u*', u - u*> = 0; u_+- follow
as filtered rates: c(v) to 1e-12, through the knee |v| = g_v beyond which one population is off.

The l-weighted phase -<l, h - h*>/<l, h*'> integrates exactly at linear order; the population-vector
decoder leads it by b v, b = [decode(h) - phase(h)]/v.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from ntp_dynamics.studies.attractor.kernel import (
    circulant,
    column,
    derivative,
    frequencies,
    product,
)
from ntp_dynamics.studies.attractor.modes import NEGLIGIBLE
from ntp_dynamics.studies.attractor.ring import Ring, position, rates
from ntp_dynamics.studies.attractor.theory import bump
from ntp_dynamics.studies.attractor.theory.gain import linear_response
from ntp_dynamics.studies.attractor.theory.null_vector import left, rest, rest_tangent


@dataclass(frozen=True)
class Wave:
    """A bump that travels without changing."""

    v: float
    speed: float
    """c in degrees per tau."""
    profile: Float[np.ndarray, "3 N"]
    """h: u, u_+, u_-."""


def residual(
    ring: Ring, h: Float[np.ndarray, "3 N"], v: float, c: float
) -> Float[np.ndarray, "3 N"]:
    """F(h; v) + c h'."""
    u, plus, minus = h
    r, forward = rates(u, ring.k), circulant(ring.forward)
    up, down = max(ring.g_v + v, 0.0), max(ring.g_v - v, 0.0)
    drive = circulant(ring.recurrent) @ r + forward @ (up * plus) + forward.T @ (down * minus)
    slope = [(drive - u) / ring.tau, *((ring.w_vs * r - x) / ring.tau_v for x in (plus, minus))]
    return np.stack(slope) + c * derivative(h.T).T


@dataclass(frozen=True)
class _Band:
    """The few Fourier modes that the kernel lets through, in which u is a whole state: at a steady
    speed u_+- are filtered rates, w_vs r / (1 - tau_v c d/dx)."""

    ring: Ring
    basis: Float[np.ndarray, "N K"]
    """Orthonormal cosines and sines."""

    def operator(self, symbol: Complex[np.ndarray, " M"]) -> Float[np.ndarray, "K K"]:
        """What multiplies the Fourier modes of a function by ``symbol``."""
        turned = symbol[:, None] * np.fft.rfft(self.basis, axis=0)
        image = np.fft.irfft(turned, self.ring.neurons, axis=0)
        return np.einsum("nj, nk -> jk", self.basis, image)

    def within(self, f: Float[np.ndarray, " N"]) -> Float[np.ndarray, " K"]:
        """The part of a function that is in the band."""
        return product(self.basis.T, f)

    def weights(self, v: float) -> Complex[np.ndarray, " M"]:
        """Symbol of w_vs ([g_v + v]_+ W_+ + [g_v - v]_+ W_-)."""
        ring, forward = self.ring, np.fft.rfft(self.ring.forward)
        up, down = max(ring.g_v + v, 0.0), max(ring.g_v - v, 0.0)
        return ring.w_vs * (up * forward + down * forward.conj())

    def rate_jacobian(self, u: Float[np.ndarray, " N"]) -> Float[np.ndarray, "K K"]:
        """dr/du, both within the band (`spectrum.rate_jacobian`)."""
        active, k = np.maximum(u, 0.0), self.ring.k
        divisor = 1 + k * (active**2).sum()
        own = np.einsum("nj, n, nk -> jk", self.basis, 2 * active / divisor, self.basis)
        shared = np.outer(self.within(active**2), self.within(2 * k * active)) / divisor**2
        return own - shared


def _band(ring: Ring) -> _Band:
    n = ring.neurons
    plain = np.abs(np.fft.rfft(column(n, ring.a)))
    waves = []
    for m in np.flatnonzero(plain > NEGLIGIBLE * plain[0]):
        angles = 2 * np.pi * m * np.arange(n) / n
        single = m == 0 or 2 * m == n
        parts = [np.cos(angles)] if single else [np.cos(angles), np.sin(angles)]
        waves += [part * np.sqrt((1 if single else 2) / n) for part in parts]
    return _Band(ring, np.stack(waves, axis=1))


def curve(ring: Ring, speeds: Float[np.ndarray, " V"], tolerance: float = 1e-12) -> list[Wave]:
    """The wave at each speed input, each started from the one before.

    The unknowns are the few modes of u, and c.  Raises ArithmeticError where Newton's method does
    not converge.
    """
    band, star = _band(ring), bump.fixed_point(ring)
    shift = frequencies(ring.neurons)
    recurrent, differ = np.fft.rfft(ring.recurrent), band.operator(shift)
    start, tangent = band.within(star), band.within(bump.tangents(ring, star)[0])
    x, c, before = start, 0.0, 0.0
    gain, waves = linear_response(ring, star), []
    for v in speeds:
        c += gain * (v - before) if not waves else 0.0
        moving = band.weights(v)
        for _ in range(50):
            u = product(band.basis, x)
            r = band.within(rates(u, ring.k))
            delay = 1 / (1 - ring.tau_v * c * shift)
            drive = band.operator(recurrent + moving * delay)
            slower = band.operator(moving * ring.tau_v * shift * delay**2)
            wrong = (product(drive, r) - x) / ring.tau + c * product(differ, x)
            by_c = product(differ, x) + product(slower, r) / ring.tau
            by_x = (
                np.einsum("jk, kl -> jl", drive, band.rate_jacobian(u)) - np.eye(len(x))
            ) / ring.tau
            bordered = np.block(
                [[by_x + c * differ, by_c[:, None]], [tangent[None], np.zeros((1, 1))]]
            )
            step = np.linalg.solve(bordered, -np.append(wrong, tangent @ (x - start)))
            x, c = x + step[:-1], c + step[-1]
            if np.abs(step[:-1]).max() < tolerance * np.abs(x).max():
                break
        else:
            raise ArithmeticError(f"no travelling wave found at v = {v:g}")
        before = v
        waves.append(Wave(float(v), float(c), _profile(band, x, float(c))))
    return waves


def _profile(band: _Band, x: Float[np.ndarray, " K"], c: float) -> Float[np.ndarray, "3 N"]:
    """u of its modes, and the speed neurons that follow it."""
    ring, u = band.ring, product(band.basis, x)
    delay = 1 / (1 - ring.tau_v * c * frequencies(ring.neurons))
    follow = np.fft.irfft(delay * np.fft.rfft(ring.w_vs * rates(u, ring.k)), ring.neurons)
    return np.stack([u, follow, follow])


def decoder_lead(ring: Ring, wave: Wave) -> float:
    """b: degrees by which the decoder leads the l-weighted phase, per unit of v."""
    u = bump.fixed_point(ring)
    weights, star = left(ring, u), rest(ring, u)
    phase = -(weights * (wave.profile - star)).sum() / (weights * rest_tangent(ring, u)).sum()
    seen = position(ring, wave.profile[0]) - position(ring, u)
    return float(seen - phase) / wave.v
