"""W_+ - W_- as the generator of translations (Zhang, Wu, Wu 2022, Eqs. S3 and S7), mode by mode.

(W_+ - W_-)/(-2 Delta w_sv) over d/dx at mode m (derived), q = 2 pi m/360:

    sinc(q Delta) exp(-a^2 q^2/2)                                            `symbol`
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.kernel import PERIOD, convolved, derivative, mirrored
from ntp_dynamics.studies.attractor.ring import Ring, rates


def symbol(modes: Float[np.ndarray, " M"], a: float, delta: float) -> Float[np.ndarray, " M"]:
    """sin(q Delta)/(q Delta) exp(-a^2 q^2/2)."""
    q = 2 * math.pi * np.asarray(modes) / PERIOD
    return np.sinc(q * delta / math.pi) * np.exp(-0.5 * (a * q) ** 2)


def measured_symbol(ring: Ring, modes: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
    """The same of the weights of a network."""
    difference = ring.forward - mirrored(ring.forward)
    found = np.fft.fft(difference)[np.asarray(modes)] / (-2 * ring.delta * ring.w_sv * ring.rho)
    return (found / (2j * math.pi * np.asarray(modes) / PERIOD)).real


def alignment(ring: Ring, u: Float[np.ndarray, "N ..."]) -> Float[np.ndarray, " ..."]:
    """Cosine between (W_+ - W_-) r and -u', of each state."""
    difference = ring.forward - mirrored(ring.forward)
    pushed, tangent = convolved(difference, rates(u, ring.k)), -derivative(u)
    size = np.sqrt(_sum(pushed**2) * _sum(tangent**2))
    return _sum(pushed * tangent) / size


def _sum(x: Float[np.ndarray, "N ..."]) -> Float[np.ndarray, " ..."]:
    """Over neurons, state by state: the bits of one do not depend on the others."""
    return np.ascontiguousarray(np.moveaxis(x, 0, -1)).sum(axis=-1)
