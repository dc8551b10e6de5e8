"""One student at the truth and the others far away.

    L_1(r) = (pi/2) r phi(r/2) [1 - pi^2/(2 r^2) + 5 pi^4/(8 r^4) - ...]  one student at distance r
    L      = 16 (n - 1) / (s (r^2 - 16)) (1 + O(r^-4)) -> 2 (n - 1) / (s ln s)

k students that coincide at r give sqrt(k) L_1, in separate directions k L_1; in both cases the
local exponent is -1 - 1/ln s (derived). Until s* = 16 / (r_0^2 L_0) the loss stands still.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

Values = Float[np.ndarray, " K"]


def log_leading(r: Values) -> Values:
    """ln of (pi/2) r phi(r/2)."""
    return np.log(math.pi / 2 * r) - r**2 / 8 - 0.5 * math.log(2 * math.pi)


def series(r: Values, terms: int = 2) -> Values:
    """The bracket up to so many terms after 1 (at most 2)."""
    every = (np.ones_like(r), -(math.pi**2) / (2 * r**2), 5 * math.pi**4 / (8 * r**4))
    return np.sum(every[: terms + 1], axis=0)


def compensated(log_loss: Values, path: float, r: Values, n: int) -> Values:
    """L s (r^2 - 16) / (16 (n - 1)), which is 1; nan where r <= 4."""
    with np.errstate(invalid="ignore", divide="ignore"):
        away = np.where(r > 4, r**2 - 16, np.nan)
        return np.exp(log_loss) * path * away / (16 * (n - 1))


def plateau(log_loss: Values, r: Values) -> Values:
    """s*; inf where the loss is below the range of floats."""
    with np.errstate(over="ignore"):
        return 16 / r**2 * np.exp(-log_loss)


def exponent(path: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """-1 - 1/ln s; nan up to s = e, where it says nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(path > math.e, -1 - 1 / np.log(path), np.nan)
