"""Classical Runge-Kutta, forward Euler and Euler-Maruyama for any slope."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Slope = Callable[[Float[np.ndarray, " ..."], float], Float[np.ndarray, " ..."]]
"""d/dt of a state at a time."""


def runge_kutta(slope: Slope, y: np.ndarray, t: float, dt: float) -> np.ndarray:
    """One step of the classical fourth-order rule."""
    k1 = slope(y, t)
    k2 = slope(y + 0.5 * dt * k1, t + 0.5 * dt)
    k3 = slope(y + 0.5 * dt * k2, t + 0.5 * dt)
    k4 = slope(y + dt * k3, t + dt)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def euler(
    slope: Slope, y: np.ndarray, t: float, dt: float, noise: np.ndarray | float = 0.0
) -> np.ndarray:
    """One step of y' = slope + white noise: y + dt slope + sqrt(dt) ``noise``, in its units."""
    return y + dt * slope(y, t) + math.sqrt(dt) * noise
