"""What noisy weights W_ij (1 + eps xi_ij) do to the continuum of bumps (derived), CAN alone.

    f(s) = -<r'(. - s), dW r(. - s)> / (tau <r', u'>)           drift field, `field`
    rms over draws = (eps/(rho tau)) sqrt(3 sqrt3/(4 pi))        `rms`: of a, k and w independent
    zeros a turn = (360/(pi a)) sqrt(5/2)                        `zeros`: half of them stable

The number of memories that survive depends neither on eps nor on N.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import PERIOD, derivative, orbit
from ntp_dynamics.studies.attractor.ring import Ring, rates
from ntp_dynamics.studies.attractor.theory.bump import carrier, tangents


def field(
    ring: Ring,
    u: Float[np.ndarray, " N"],
    xi: Float[np.ndarray, "N N"],
    shifts: Float[np.ndarray, " S"],
) -> Float[np.ndarray, " S"]:
    """Drift speed per eps, degrees per tau, of the bump at ``u`` moved by each of ``shifts``."""
    r = rates(u, ring.k)
    du, dr = tangents(ring, u)
    change = carrier(ring) * xi
    return -(orbit(dr, shifts) * (change @ orbit(r, shifts))).sum(axis=0) / (ring.tau * (dr @ du))


def rms(rho: float, eps: float = 1.0) -> float:
    """Of f over draws of independent xi of variance one."""
    return eps / rho * math.sqrt(3 * math.sqrt(3) / (4 * math.pi))


def zeros(a: float) -> float:
    """Expected number of fixed points a turn, stable and unstable."""
    return PERIOD / (math.pi * a) * math.sqrt(5 / 2)


def crossings(f: Float[np.ndarray, " S"]) -> int:
    """Changes of sign of a function sampled once around the ring."""
    return int((np.sign(f) != np.sign(np.roll(f, -1))).sum())


def stable(f: Float[np.ndarray, " S"]) -> Float[np.ndarray, " K"]:
    """Samples (as fractions of an index) where f falls through zero: surviving memories."""
    after = np.roll(f, -1)
    at = np.flatnonzero((f > 0) & (after <= 0))
    return at + f[at] / (f[at] - after[at])


def slope(f: Float[np.ndarray, " S"]) -> Float[np.ndarray, " S"]:
    """f', for the rate at which a memory attracts."""
    return derivative(f)
