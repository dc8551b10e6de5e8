"""How the bump diffuses under noise (derived): Var s = (diffusivity) t.

Input noise, tau du += sigma sqrt(tau) dB a neuron:

    Var s/t = (sigma^2/tau) <r', r'>/den^2, den of `null_vector`             `by_input`
    CAN alone: 27 a sigma^2/(8 sqrt(pi) rho U^2 tau)                          `by_input_closed`
    on a torus, each axis: 81 sigma^2/(32 pi rho U^2 tau)                     `by_input_closed_2d`

Rate noise of variance F r_j that enters through W, CAN alone:

    F <r u'^2>/<r', u'>^2 = 27 a F/(32 sqrt(pi) rho R)                        `by_rates`

The speed loop lowers diffusion by (den/<r', u'>)^2.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.ring import Ring, rates
from ntp_dynamics.studies.attractor.theory.bump import tangents
from ntp_dynamics.studies.attractor.theory.null_vector import overlap


def by_input(ring: Ring, u: Float[np.ndarray, " N"], sigma: float = 1.0) -> float:
    """Degrees^2 per tau, exact at small sigma, with or without the speed loop."""
    _, dr = tangents(ring, u)
    return float(sigma**2 / ring.tau * (dr @ dr) / overlap(ring, u) ** 2)


def by_input_closed(a: float, rho: float, height: float, sigma: float = 1.0) -> float:
    """Of the CAN alone, up to what the ring adds."""
    return 27 * a * sigma**2 / (8 * math.sqrt(math.pi) * rho * height**2)


def by_input_closed_2d(rho: float, height: float, sigma: float = 1.0) -> float:
    """Of each axis on a torus; rho in neurons a square degree."""
    return 81 * sigma**2 / (32 * math.pi * rho * height**2)


def by_rates(ring: Ring, u: Float[np.ndarray, " N"], fano: float = 1.0) -> float:
    """Degrees^2 per tau of the CAN alone under rate noise of variance ``fano`` r."""
    du, dr = tangents(ring, u)
    return float(fano * (rates(u, ring.k) @ du**2) / (dr @ du) ** 2)


def by_rates_closed(a: float, rho: float, peak_rate: float, fano: float = 1.0) -> float:
    """The same in closed form, up to what the ring adds."""
    return 27 * a * fano / (32 * math.sqrt(math.pi) * rho * peak_rate)
