"""The two panels of the figure: the curves with the law, and y divided by the law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.lettering import one_line
from ntp_dynamics.draw.runs import draw_line
from ntp_dynamics.draw.ticks import decade_label, decade_ticks
from ntp_dynamics.judging.pages.scene import STATED, Scene, middle, speaks
from ntp_dynamics.judging.pages.strokes import Stroke, strokes
from ntp_dynamics.verdict.palette import BLACK, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ntp_dynamics.judging.judged import Judged

LOG_10 = np.log(10.0)
MOST_LINES = 60
"""Of more runs that are drawn alike the range is drawn: lines would be one blot."""


def draw_curves(ax: Axes, judged: Judged, shown: Scene) -> None:
    """The upper panel."""
    ax.set_xscale("log" if shown.log_t else "linear")
    ax.set_ylabel(one_line(judged.curve.name, 36))
    if not np.isfinite(shown.log_y).any():
        ax.text(0.5, 0.5, "no positive value", transform=ax.transAxes, ha="center", color="0.4")
        ax.set_yticks([])
        return
    _each(ax, judged, shown, shown.log_y / LOG_10)
    _frame(ax, shown.log_y / LOG_10, [line.log_y / LOG_10 for line in shown.lines])
    for line in shown.lines:
        _law(ax, shown, line.log_y / LOG_10, line.kind, line.label)
    _worst(ax, judged, shown.log_f is None)
    _zones(ax, judged, shown)
    floor, ceiling = judged.statement.floor, judged.statement.ceiling
    _limit(ax, floor, -1, "below the floor: rounding")
    _limit(ax, ceiling, +1 if judged.made.side == "upper" else -1, "not possible")
    ax.legend(loc="best", fontsize=7.5)


def draw_quotient(ax: Axes, judged: Judged, shown: Scene) -> None:
    """The lower panel."""
    assert shown.log_f is not None
    assert shown.room is not None
    ax.set_ylabel(one_line(shown.quotient, 30), fontsize=8)
    room = shown.room / LOG_10
    if not np.isfinite(room).any():
        ax.text(0.5, 0.5, "no value here", transform=ax.transAxes, ha="center", color="0.4")
        ax.set_yticks([])
        return
    _each(ax, judged, shown, room, named=False)
    levels = [(line.log_y - middle(shown.log_f)) / LOG_10 for line in shown.lines]
    if judged.made.law.form in ("equals", "limit"):
        reach = np.log10(
            [max(1 - judged.statement.tolerance, 1e-9), 1 + judged.statement.tolerance]
        )
        ax.axhspan(*reach, color=SKY, alpha=0.25, linewidth=0)
    counted = np.where(speaks(judged, shown.t), room, np.nan)
    _frame(ax, counted if np.isfinite(counted).any() else room, levels)
    for level, line in zip(levels, shown.lines, strict=True):
        _law(ax, shown, level, line.kind)
    _zones(ax, judged, shown)


def _each(ax: Axes, judged: Judged, shown: Scene, y: Any, *, named: bool = True) -> None:
    """A line for every run, coloured by what became of it."""
    for stroke in strokes(judged):
        if len(stroke.runs) > MOST_LINES:
            _range(ax, shown, y[list(stroke.runs)], stroke, named=named)
            continue
        for place, run in enumerate(stroke.runs):
            label = stroke.label if named and place == 0 else None
            draw_line(ax, shown.t, y[run], stroke.line, label, **stroke.look)


def _range(ax: Axes, shown: Scene, y: Any, stroke: Stroke, *, named: bool) -> None:
    """Of many runs that are drawn alike, from the least to the largest value."""
    there = np.isfinite(y)
    low = np.where(there, y, np.inf).min(axis=0)
    high = np.where(there, y, -np.inf).max(axis=0)
    look = {"color": stroke.colour, "alpha": 0.4, "linewidth": 0.8, "zorder": 2}
    label = f"{stroke.label}, their range" if named else None
    ax.fill_between(shown.t, low, high, where=there.any(axis=0), label=label, **look)


def _law(ax: Axes, shown: Scene, y: Any, kind: str, label: str | None = None) -> None:
    """A line; its name, if it has one, says where none of it is in sight."""
    low, high = ax.get_ylim()
    style = (0, (4, 2)) if kind == STATED else ":"
    if label is not None and not ((y >= low) & (y <= high)).any():
        label += " (above)" if np.nanmax(y, initial=low) > high else " (below)"
    ax.plot(
        shown.t,
        y,
        linestyle=style,
        color=BLACK,
        linewidth=1.5,
        zorder=3,
        label=None if label is None else one_line(label, 46),
    )


def _worst(ax: Axes, judged: Judged, alone: bool) -> None:
    """A ring around the place where a bound is broken most."""
    v = judged.verdict
    if v.bound != "violated" or v.worst is None or not judged.curve.t.size:
        return
    run, place = v.worst
    at = int(np.argmin(np.abs(judged.curve.t - place)))
    y = judged.curve.y[run, at] if run < len(judged.curve.y) else 0.0
    if y > 0:
        said = "moves against the law most" if alone else "off the bound by most"
        ax.plot(
            [judged.curve.t[at]],
            [np.log10(y)],
            "o",
            color=BLACK,
            markerfacecolor="none",
            markersize=9,
            markeredgewidth=1.3,
            clip_on=False,
            zorder=4,
            label=said,
        )


def _frame(ax: Axes, y: Float[np.ndarray, "S T"], lines: list[Float[np.ndarray, " T"]]) -> None:
    """Limits that show the curves whole, and of the laws as much as leaves the curves readable."""
    low, high = float(np.nanmin(y)), float(np.nanmax(y))
    span = max(high - low, 0.1)
    for line in lines:
        there = line[np.isfinite(line)]
        if there.size:
            low = min(low, max(float(there.min()), low - 0.5 * span))
            high = max(high, min(float(there.max()), high + 0.5 * span))
    room = 0.06 * max(high - low, 0.1)
    low, high = low - room, high + room
    ax.set_ylim(low, high)
    ticks = decade_ticks(low, high)
    if len(ticks) < 2:  # just above the span from which on it writes whole decades
        ticks = [k + np.log10(m) for k in range(math.floor(low), math.ceil(high)) for m in (1, 3)]
        ticks = [tick for tick in ticks if low <= tick <= high]
    ax.set_yticks(ticks, [decade_label(tick) for tick in ticks])


def _zones(ax: Axes, judged: Judged, shown: Scene) -> None:
    """Before the start, and where the rate was measured."""
    first, last = float(shown.t[0]), float(shown.t[-1])
    start = judged.statement.start
    label = ax.get_subplotspec().is_first_row()  # type: ignore[union-attr]
    if start is not None and start > first:
        name = "before the statement speaks" if label else None
        ax.axvspan(first, min(start, last), color="0.9", linewidth=0, zorder=0, label=name)
    if shown.window is not None:
        name = "rate measured here" if label else None
        ax.axvspan(*shown.window, color=SKY, alpha=0.16, linewidth=0, zorder=0, label=name)
    ax.set_xlim(first, last if last > first else first * 10)


def _limit(ax: Axes, value: float | None, side: int, label: str) -> None:
    """Hatch what lies beyond a floor (-1) or a ceiling (+1), as far as it is in sight."""
    low, high = ax.get_ylim()
    if value is None or not value > 0:
        return
    edge = float(np.log10(value))
    if (side < 0 and edge > low) or (side > 0 and edge < high):
        reach = (low, min(edge, high)) if side < 0 else (max(edge, low), high)
        zone = ax.axhspan(*reach, facecolor="none", edgecolor="0.8", hatch="///", zorder=0)
        zone.set_linewidth(0)
        zone.set_label(label)
        ax.set_ylim(low, high)
