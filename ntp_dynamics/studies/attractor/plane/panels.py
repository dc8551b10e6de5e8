"""Figures of a job on a torus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor.painting import Painter, last
from ntp_dynamics.studies.attractor.panels import eigenvalues, heights, spreading
from ntp_dynamics.verdict.palette import BLUE, GREEN, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TILES = 3
"""Periods of the map along each lattice vector."""


def corners(
    vectors: Float[np.ndarray, "2 2"], n: int, tiles: int = 1
) -> tuple[Float[np.ndarray, "m m"], Float[np.ndarray, "m m"]]:
    """Corners of the cells around n x n neurons, over so many periods around the origin."""
    along = (np.arange(n * tiles + 1) - n * tiles // 2 - 0.5) / n
    second, first = np.meshgrid(along, along, indexing="ij")
    x = np.stack([first, second], axis=-1) @ vectors
    return x[..., 0], x[..., 1]


def folded(
    place: Float[np.ndarray, "T 2"], vectors: Float[np.ndarray, "2 2"]
) -> Float[np.ndarray, "T 2"]:
    """Positions within one period around the origin, nan where the path goes around."""
    parts = place @ np.linalg.inv(vectors) + 0.5
    jumps = (np.diff(np.floor(parts), axis=0, prepend=np.floor(parts[:1])) != 0).any(axis=1)
    return np.where(jumps[:, None], np.nan, (parts % 1 - 0.5) @ vectors)


def _framed(ax: Axes, vectors: Float[np.ndarray, "2 2"]) -> None:
    """One period outlined, axes of equal scale."""
    corner = (np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) - 0.5) @ vectors
    ax.plot(*corner.T, color="0.5", lw=0.8, zorder=1)
    ax.set(xlabel="x (degrees)", ylabel="y (degrees)")
    ax.set_aspect("equal")
    ax.grid(False)


def firing_map(ax: Axes, data: Any, theory: Any) -> None:
    """Where a neuron fires: the bump of run 0 around it, over some periods."""
    vectors, u = theory["period"].values, last(data, "potential")[0]
    place = data["position"].values[0, -1] @ np.linalg.inv(vectors)
    middle = len(u) * TILES // 2
    shift = middle - np.round(place * len(u)).astype(int)
    rate = np.maximum(np.roll(u, (shift[1], shift[0]), axis=(0, 1)), 0.0) ** 2
    tiled = np.tile(rate / rate.max(), (TILES, TILES))
    x, y = corners(vectors, len(u), TILES)
    mesh = ax.pcolormesh(x, y, tiled, cmap="Blues", rasterized=True)
    ax.figure.colorbar(mesh, ax=ax, label="rate / largest", pad=0.02)
    _framed(ax, vectors)


def path(ax: Axes, data: Any, theory: Any) -> None:
    """Ways of the first runs on the torus, folded into one period, over the last bump of run 0."""
    vectors, u = theory["period"].values, np.maximum(last(data, "potential")[0], 0.0)
    around = np.roll(u, (len(u) // 2, len(u) // 2), axis=(0, 1))
    shades = {"cmap": "Blues", "vmax": 2 * u.max(), "rasterized": True}
    ax.pcolormesh(*corners(vectors, len(u)), around, **shades)
    for run, colour in zip(range(len(data["position"])), (BLUE, ORANGE, GREEN), strict=False):
        way = folded(data["position"].values[run], vectors)
        ax.plot(*way.T, color=colour, lw=1.6, label=f"run {run}")
        ax.plot(*way[-1], "o", color=colour, mec="white", ms=6, zorder=3)
    _framed(ax, vectors)
    ax.legend(loc="upper left", fontsize=7)


def speed(ax: Axes, data: Any, theory: Any) -> None:
    """Speed along the input against the input, all runs: the same along every direction."""
    t, v = data["time_position"].values, data["speed_input"].values
    size = np.linalg.norm(v, axis=-1)
    moved = np.gradient(data["position"].values, t, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        along = (moved * v).sum(axis=-1) / size
    turn = np.degrees(np.arctan2(v[..., 1], v[..., 0])) % 90
    late = (t > 5) & (t < t[-1])
    points = ax.scatter(
        size[:, late], along[:, late], c=turn[:, late], s=5, cmap="twilight", rasterized=True
    )
    ax.figure.colorbar(points, ax=ax, label="direction (degrees, modulo 90)", pad=0.02)
    ax.set(xlabel="speed input |v|", ylabel="ds/dt along v (degrees / tau)")


PANELS: Sequence[tuple[str, str, Painter]] = [
    ("torus_path", "where a neuron fires", firing_map),
    ("torus_path", "paths on the torus", path),
    ("torus_path", "speed along the input", speed),
    ("torus_critical", "a bump needs w > w_c", heights),
    ("torus_spectrum", "spectrum: 2^(1-n), n + 1 times each", eigenvalues),
    ("torus_diffusion", "noise moves the bump", spreading),
]
