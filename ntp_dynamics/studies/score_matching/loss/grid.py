"""Tensor grids: the trapezoid rule along directions in which students lie apart, Gauss-Hermite
across directions in which they lie close together.

A grid is a function of how far the students lie apart in each direction, rounded up to a power of
1.1: so it changes when that has grown by a tenth, and does not depend on what it was before.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.loss.line import BEYOND, BULK, COARSEST

FLAT, THINNEST, THIN = 5e-7, 1e-3, 0.2
"""Widths below which 2, 3, and 7, points of Gauss-Hermite are exact to rounding."""
POINTS = {-2: 2, -1: 3, 0: 7}
"""Of these levels of width; positive ones are wide."""
BLOCK = 64
"""Nodes of one progression on a lattice."""
COARSE = 6.0
"""Up to this exponent progressions leave the range of floats before they are begun again."""
GROWTH = math.log(1.1)
MOST = 400_000
"""Nodes of a grid."""


def levels(extent: Float[np.ndarray, " r"]) -> tuple[int, ...]:
    """The rounded logarithms of widths; all thin ones are alike."""
    found = []
    for width in extent:
        if width < THIN:
            found.append(-2 if width < FLAT else -1 if width < THINNEST else 0)
        else:
            found.append(1 + math.floor(math.log(width / THIN) / GROWTH))
    return tuple(found)


def limits(level: tuple[int, ...]) -> Float[np.ndarray, "2 r"]:
    """Between which widths a grid of these levels is used."""
    edges = {-2: (-1.0, FLAT), -1: (FLAT, THINNEST), 0: (THINNEST, THIN)}
    low = [edges[k][0] if k < 1 else THIN * math.exp(GROWTH * (k - 1)) for k in level]
    high = [edges[k][1] if k < 1 else THIN * math.exp(GROWTH * k) for k in level]
    return np.array([low, high])


def size_of(extent: Float[np.ndarray, " r"], exponent: float) -> int:
    """How many nodes the grid of these widths has."""
    return math.prod(len(_axis(k, exponent)[0]) for k in levels(extent))


class Lattice(NamedTuple):
    """A grid whose widest direction has uniform nodes: lines of K nodes, a multiple of 64."""

    axis: int
    """The widest direction."""
    x: Float[np.ndarray, " K"]
    """Nodes along it, ``step`` apart, and their weights relative to the first of each 64."""
    step: float
    q: Float[np.ndarray, " K"]
    log_q: Float[np.ndarray, " B"]
    """Logs of the weights of those first ones."""
    lines: Float[np.ndarray, "C r"]
    """The coordinates of the lines (0 along the axis), and the logs of their weights."""
    log_line: Float[np.ndarray, " C"]


def is_lattice(level: tuple[int, ...], exponent: float) -> bool:
    """Whether a direction is wide, and numbers stay in range along a block of nodes."""
    return max(level) > 0 and exponent > COARSE


@lru_cache(maxsize=8)
def grid(
    level: tuple[int, ...], exponent: float
) -> tuple[Float[np.ndarray, "K r"], Float[np.ndarray, " K"]]:
    """Nodes and the logs of their weights for the density N(0, I_r)."""
    return _product([_axis(k, exponent) for k in level])


@lru_cache(maxsize=8)
def lattice(level: tuple[int, ...], exponent: float) -> Lattice:
    """The nodes of `grid`, and some beyond; of levels of which one is wide."""
    axis = int(np.argmax(level))
    h, half = _uniform(level[axis], exponent)
    more = -(2 * half + 1) % BLOCK
    x = h * np.arange(-half - more // 2, half + 1 + more - more // 2)
    log_q = -0.5 * x**2 + math.log(h / math.sqrt(2 * math.pi))
    first = log_q[::BLOCK].copy()
    point = np.zeros(1), np.zeros(1)
    axes = [point if d == axis else _axis(k, exponent) for d, k in enumerate(level)]
    lines, log_line = _product(axes)
    return Lattice(axis, x, h, np.exp(log_q - np.repeat(first, BLOCK)), first, lines, log_line)


def _product(axes: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """All tuples of nodes, and the sums of their logs."""
    nodes = np.stack(np.meshgrid(*(x for x, _ in axes), indexing="ij"), axis=-1)
    weights = sum(np.meshgrid(*(w for _, w in axes), indexing="ij"))
    return nodes.reshape(-1, len(axes)), np.asarray(weights).ravel()


def _axis(level: int, exponent: float) -> tuple[np.ndarray, np.ndarray]:
    if level < 1:
        x, weight = np.polynomial.hermite_e.hermegauss(POINTS[level])
        return x, np.log(weight / math.sqrt(2 * math.pi))
    h, half = _uniform(level, exponent)
    x = h * np.arange(-half, half + 1)
    return x, -0.5 * x**2 + math.log(h / math.sqrt(2 * math.pi))


def _uniform(level: int, exponent: float) -> tuple[float, int]:
    """The step of nodes in a wide direction, and how many there are on each side of 0."""
    width = THIN * math.exp(GROWTH * level)
    h = min(COARSEST, 2 * math.pi**2 / (exponent * width))
    return h, math.ceil(max(BULK, width / 2 + BEYOND) / h)
