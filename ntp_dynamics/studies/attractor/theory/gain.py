"""How fast the bump moves at a slow speed input: ds/dt = G v (derived; Eq. 22 read second-hand).

naive     G = 2 w_vs w_sv Delta / w                                        (paper level)
gaussian  G = [2 Delta c E/wb] / [1 + (2 g_v c (1 - Delta^2/3a^2) E/wb) tau_v/tau]
          c = w_sv w_vs, E = exp(-Delta^2/6a^2), wb = w_r + 2 g_v c (1 - Delta^2/3a^2) E
exact     G = -<r', (W_+ - W_-) w_vs r> / (tau den), den of `null_vector`  (v -> 0)
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import circulant, product
from ntp_dynamics.studies.attractor.ring import Ring, rates
from ntp_dynamics.studies.attractor.theory.bump import tangents
from ntp_dynamics.studies.attractor.theory.null_vector import overlap


def naive(ring: Ring) -> float:
    """2 w_vs w_sv Delta / w: the speed neurons follow at once and the shift is small."""
    return 2 * ring.w_vs * ring.w_sv * ring.delta / (ring.w_total * ring.tau)


def gaussian(ring: Ring) -> float:
    """With Gaussian bumps and the delay of speed neurons."""
    c, e = ring.w_sv * ring.w_vs, math.exp(-(ring.delta**2) / (6 * ring.a**2))
    held = 2 * ring.g_v * c * (1 - ring.delta**2 / (3 * ring.a**2)) * e
    weight = ring.w_r + held
    moved = 2 * ring.delta * c * e / weight
    return moved / (1 + held / weight * ring.tau_v / ring.tau) / ring.tau


def linear_response(ring: Ring, u: Float[np.ndarray, " N"]) -> float:
    """The exact slope at v = 0 of the network at rest at ``u`` (`bump.fixed_point`)."""
    _, dr = tangents(ring, u)
    forward = circulant(ring.forward)
    push = product(forward - forward.T, ring.w_vs * rates(u, ring.k))
    return float(-(dr @ push) / (ring.tau * overlap(ring, u)))
