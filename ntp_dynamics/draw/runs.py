"""Many runs of one quantity: a thin line each, and the median of those that count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.draw.lettering import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_LINES = 400
"""Of more runs the least and the largest value are drawn, a band: lines would be one blot."""


def draw_runs(
    ax: Axes,
    t: Float[np.ndarray, " T"],
    y: Float[np.ndarray, "R T"],
    counts: Bool[np.ndarray, "R T"],
    colour: str,
    label: str,
    zorder: float = 2.0,
) -> None:
    """Grey from where a run does not count; the median while more than half of the runs do.

    ``y`` is nan where it is no number.  Nothing is named in the legend that cannot be seen.
    """
    joined = counts & np.pad(counts[:, 1:], ((0, 0), (0, 1)), constant_values=True)
    valid, invalid = np.where(counts, y, np.nan), np.where(joined, np.nan, y)
    median = np.full(t.shape, np.nan)
    known = np.isfinite(valid)
    for i in np.flatnonzero(2 * known.sum(0) > len(known)):
        median[i] = np.median(valid[known[:, i], i])
    alpha = min(0.25, max(5 / len(y), 0.04))
    draw_line(ax, t, median, "-", label=label, color=colour, linewidth=2.0, zorder=zorder)
    _each(ax, t, valid, zorder - 0.1, color=colour, alpha=alpha)
    if np.isfinite(invalid).any():
        _each(ax, t, invalid, zorder - 0.1, color="0.7", label="invalid: rounding")


def draw_spread(
    ax: Axes,
    t: Float[np.ndarray, " T"],
    found: Float[np.ndarray, "3 T"],
    colour: str,
    label: str,
    reach: str,
    zorder: float = 2.0,
) -> None:
    """What stands for all runs, in a band of its limits."""
    centre, low, high = found
    bottom = np.where(np.isnan(low), np.nanmin(found, initial=0.0), low)
    look = {"color": colour, "alpha": 0.2, "linewidth": 0, "label": reach}
    ax.fill_between(t, bottom, high, where=np.isfinite(high), zorder=zorder - 0.1, **look)
    draw_line(ax, t, centre, "-", label=label, color=colour, linewidth=2.0, zorder=zorder)


def draw_line(
    ax: Axes, t: Float[np.ndarray, " T"], y: Float[np.ndarray, " T"], style: str, label, **look
) -> None:
    """A line; values that have no neighbour are points.  Its name is left out where it is."""
    there = np.isfinite(y)
    if there.any():
        beside = np.pad(there, 1)
        lone = there & ~beside[2:] & ~beside[:-2]
        name = None if label is None else one_line(label, 40)
        (line,) = ax.plot(t, np.where(there, y, np.nan), style, label=name, **look)
        if lone.any():
            line.set_marker("o")
            line.set_markevery(np.flatnonzero(lone).tolist())


def legend(ax: Axes, **look) -> None:
    """A legend, if there is something to say."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**look)


def _each(ax: Axes, t: np.ndarray, y: np.ndarray, zorder: float, **look) -> None:
    """Lines of all runs, as one object: quick to draw, and not in the way of a legend."""
    from matplotlib.collections import LineCollection

    if len(y) > MOST_LINES:
        there = np.isfinite(y)
        low, high = (
            np.where(there.any(0), extreme(np.where(there, y, beyond), axis=0), np.nan)
            for extreme, beyond in ((np.min, np.inf), (np.max, -np.inf))
        )
        look = {"label": f"all {len(y):,} runs", **look, "alpha": 0.25, "linewidth": 0}
        ax.fill_between(t, low, high, zorder=zorder, **look)
    else:
        lines = [np.stack([t, values], axis=1) for values in y]
        ax.add_collection(LineCollection(lines, linewidths=0.8, zorder=zorder, **look))
        ax.autoscale_view()
