"""What is measured of sixteen trajectories where they stand, all sums in one fixed order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.attractor.kernel import PERIOD, positions
from ntp_dynamics.studies.attractor.ring import DEAD
from ntp_dynamics.studies.attractor.stepping import Block
from ntp_dynamics.system.compiled import compiled

NAMES = ("position", "speed", "u_peak", "amplitude", "width")
"""Of all columns."""


@dataclass(frozen=True)
class Measured:
    """A value a column."""

    values: dict[str, Float[np.ndarray, " 16"]]
    finite: Bool[np.ndarray, " 16"]


def measured(block: Block, v: Float[np.ndarray, " 16"], gate: float) -> Measured:
    """Position, speed and shape of each bump; all but ``u_peak`` nan where it is dead.

    position    unwrapped angle of z = sum r exp(2 pi i x/360), degrees
    speed       its derivative, from du/dt: no difference of samples, degrees per tau
    u_peak      the largest u
    amplitude   |z| / sum r
    width       sqrt(-2 ln amplitude) 360/2pi: the standard deviation of Gaussian rates
    """
    x = 2 * math.pi / PERIOD * positions(block.modes.neurons)
    real, imaginary, turn, total, peak = _moments(
        block.y, block.slope(v, gate), np.cos(x), np.sin(x)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        square = real**2 + imaginary**2
        amplitude = np.sqrt(square) / total
        speed = np.degrees(turn / square)
        width = np.sqrt(np.maximum(-2 * np.log(amplitude), 0.0)) * PERIOD / (2 * math.pi)
    dead = ~(peak >= DEAD)
    values = {"position": block.position.copy(), "speed": speed, "amplitude": amplitude}
    values = {name: np.where(dead, np.nan, x) for name, x in {**values, "width": width}.items()}
    return Measured({**values, "u_peak": peak}, np.asarray(np.isfinite(block.y).all(axis=0)))


@compiled(error_model="numpy")
def _moments(y, dy, cosine, sine):
    """z = sum [u]_+^2 e^{ix} (real, imaginary), Im(z* dz/dt), sum [u]_+^2 and the largest u."""
    columns = y.shape[1]
    out = np.zeros((5, columns))
    dz = np.zeros((2, columns))
    out[4] = -np.inf
    for i in range(len(cosine)):
        for c in range(columns):
            active = max(y[i, c], 0.0)
            weight, change = active * active, 2 * active * dy[i, c]
            out[0, c] += cosine[i] * weight
            out[1, c] += sine[i] * weight
            dz[0, c] += cosine[i] * change
            dz[1, c] += sine[i] * change
            out[3, c] += weight
            out[4, c] = max(out[4, c], y[i, c])
    for c in range(columns):
        out[2, c] = out[0, c] * dz[1, c] - out[1, c] * dz[0, c]
    return out[0], out[1], out[2], out[3], out[4]
