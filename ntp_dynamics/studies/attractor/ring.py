"""The network on a ring, as its equations stand: the oracle of the fast engine in `modes`.

    tau u'     = -u + W_r r + W_+ r_+ + W_- r_- + I      r    = [u]_+^2 / (1 + k sum_j [u_j]_+^2)
    tau_v u_+-' = -u_+- + w_vs r                          r_+- = [g_v +- v]_+ u_+-

    W_r  = w_r g_a(x_i - x_j)            W_+- = w_sv g_a(x_i - x_j -+ Delta)

so that v > 0 moves the bump to larger x.  A state is (3, N, C): u, u_+, u_- of C trajectories.
Sums are exact or in the order of the offset: rolling a state rolls its orbit, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import PERIOD, column, convolved, mirrored, positions


def critical_weight(a: float, k: float, rho: float) -> float:
    """w_c = 2 sqrt2 (2 pi)^{1/4} sqrt(a k / rho), below which no bump exists."""
    return 2 * math.sqrt(2) * (2 * math.pi) ** 0.25 * math.sqrt(a * k / rho)


@dataclass(frozen=True)
class Ring:
    """The numbers of a network; ``w_sv = 0`` switches its speed loop off."""

    neurons: int
    w_r: float
    w_sv: float = 0.0
    a: float = 40.0
    """Width of the connections in degrees."""
    k: float = 5e-4
    """Strength of divisive inhibition."""
    delta: float = 22.0
    """Shift of the connections of speed neurons in degrees."""
    g_v: float = 10.0
    """Gain of speed neurons at v = 0."""
    w_vs: float = 0.2
    tau_v: float = 1.0
    tau: float = 1.0

    @property
    def rho(self) -> float:
        """Neurons a degree."""
        return self.neurons / PERIOD

    @property
    def w_total(self) -> float:
        """w_r + 2 g_v w_sv w_vs exp(-Delta^2/8a^2): what carries the bump at v = 0."""
        return self.w_r + self.loop

    @property
    def loop(self) -> float:
        """The part of `w_total` that goes through the speed neurons."""
        return 2 * self.g_v * self.w_sv * self.w_vs * math.exp(-(self.delta**2) / (8 * self.a**2))

    @property
    def recurrent(self) -> Float[np.ndarray, " N"]:
        """W_r as the column of its circulant matrix."""
        return self.w_r * column(self.neurons, self.a)

    @property
    def forward(self) -> Float[np.ndarray, " N"]:
        """W_+, which shifts by +Delta; `kernel.mirrored` of it is W_-."""
        return self.w_sv * column(self.neurons, self.a, self.delta)


def tuned(
    neurons: int = 180,
    w_over_wc: float = 1.2,
    gain: float = 0.0,
    *,
    a: float = 40.0,
    k: float = 5e-4,
    delta: float = 22.0,
    g_v: float = 10.0,
    w_vs: float = 0.2,
    tau_v: float = 1.0,
) -> Ring:
    """The network of w_tot = ``w_over_wc`` w_c and w_sv = ``gain`` w_tot/(2 w_vs Delta)."""
    w = w_over_wc * critical_weight(a, k, neurons / PERIOD)
    w_sv = gain * w / (2 * w_vs * delta)
    ring = Ring(neurons, w, w_sv, a, k, delta, g_v, w_vs, tau_v)
    return replace(ring, w_r=w - ring.loop)


def rates(u: Float[np.ndarray, "N ..."], k: float) -> Float[np.ndarray, "N ..."]:
    """[u]_+^2 / (1 + k sum_j [u_j]_+^2), the sum rounded once."""
    squared = np.maximum(u, 0.0) ** 2
    columns = squared.reshape(len(u), -1).T
    total = np.array([math.fsum(x) if np.isfinite(x).all() else math.nan for x in columns])
    return squared / (1 + k * total.reshape(u.shape[1:]))


def speed_gains(g_v: float, v: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[g_v + v]_+ and [g_v - v]_+: a population is off beyond |v| = g_v."""
    return np.maximum(g_v + np.asarray(v), 0.0), np.maximum(g_v - np.asarray(v), 0.0)


def slope(
    ring: Ring,
    state: Float[np.ndarray, "3 N ..."],
    v: float | Float[np.ndarray, " ..."] = 0.0,
    current: float | Float[np.ndarray, "N ..."] = 0.0,
) -> Float[np.ndarray, "3 N ..."]:
    """d/dt of (u, u_+, u_-) at speed input ``v`` and input ``current``."""
    u, plus, minus = state
    r = rates(u, ring.k)
    up, down = speed_gains(ring.g_v, v)
    push = convolved(ring.forward, up * plus) + convolved(mirrored(ring.forward), down * minus)
    driven = -u + convolved(ring.recurrent, r) + push + current
    followed = ((-x + ring.w_vs * r) / ring.tau_v for x in (plus, minus))
    return np.stack([driven / ring.tau, *followed])


def decoded(r: Float[np.ndarray, "N ..."]) -> tuple[np.ndarray, np.ndarray]:
    """Position in degrees, angle of z = sum r exp(2 pi i x/360), and amplitude |z| / sum r."""
    phases = np.exp(2j * math.pi * positions(len(r)) / PERIOD)
    z = np.tensordot(phases, r, axes=(0, 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.degrees(np.angle(z)), np.abs(z) / r.sum(axis=0)


DEAD = 1e-6
"""A bump whose largest u is below this is none: the decoder would return its rounding."""


def position(ring: Ring, u: Float[np.ndarray, "N ..."]) -> Float[np.ndarray, " ..."]:
    """Position of the bump in degrees, in (-180, 180]; nan where it is dead."""
    angle, _ = decoded(rates(u, ring.k))
    return np.where(u.max(axis=0) < DEAD, np.nan, angle)


def unwrapped(angles: Float[np.ndarray, "T ..."]) -> Float[np.ndarray, "T ..."]:
    """Positions without jumps of a turn, where no sample moved by 180 degrees."""
    return np.unwrap(angles, period=PERIOD, axis=0)
