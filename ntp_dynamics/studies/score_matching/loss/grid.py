"""Tensor grids: the trapezoid rule along directions in which students lie apart, Gauss-Hermite
across directions in which they lie close together.

A grid is a function of how far the students lie apart in each direction, rounded up to a power of
1.1: so it changes when that has grown by a tenth, and does not depend on what it was before.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.loss.line import BEYOND, BULK, COARSEST

THINNEST, THIN = 1e-3, 0.2
"""Widths below which 3, and 7, points of Gauss-Hermite are exact to rounding."""
GROWTH = math.log(1.1)
MOST = 400_000
"""Nodes of a grid."""


def levels(extent: Float[np.ndarray, " r"]) -> tuple[int, ...]:
    """The rounded logarithms of widths; all thin ones are alike."""
    found = []
    for width in extent:
        if width < THIN:
            found.append(-1 if width < THINNEST else 0)
        else:
            found.append(1 + math.floor(math.log(width / THIN) / GROWTH))
    return tuple(found)


def limits(level: tuple[int, ...]) -> Float[np.ndarray, "2 r"]:
    """Between which widths a grid of these levels is used."""
    low = [{-1: -1.0, 0: THINNEST}.get(k, THIN * math.exp(GROWTH * (k - 1))) for k in level]
    high = [{-1: THINNEST, 0: THIN}.get(k, THIN * math.exp(GROWTH * k)) for k in level]
    return np.array([low, high])


def size_of(extent: Float[np.ndarray, " r"], exponent: float) -> int:
    """How many nodes the grid of these widths has."""
    return math.prod(len(_axis(k, exponent)[0]) for k in levels(extent))


@lru_cache(maxsize=8)
def grid(
    level: tuple[int, ...], exponent: float
) -> tuple[Float[np.ndarray, "K r"], Float[np.ndarray, " K"]]:
    """Nodes and the logs of their weights for the density N(0, I_r)."""
    axes = [_axis(k, exponent) for k in level]
    nodes = np.stack(np.meshgrid(*(x for x, _ in axes), indexing="ij"), axis=-1)
    weights = sum(np.meshgrid(*(w for _, w in axes), indexing="ij"))
    return nodes.reshape(-1, len(level)), np.asarray(weights).ravel()


def _axis(level: int, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    if level < 1:
        x, weight = np.polynomial.hermite_e.hermegauss(3 if level < 0 else 7)
        return x, np.log(weight / math.sqrt(2 * math.pi))
    width = THIN * math.exp(GROWTH * level)
    h = min(COARSEST, 2 * math.pi**2 / (exponent * width))
    half = math.ceil(max(BULK, width / 2 + BEYOND) / h)
    x = h * np.arange(-half, half + 1)
    return x, -0.5 * x**2 + math.log(h / math.sqrt(2 * math.pi))
