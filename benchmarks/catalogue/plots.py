"""The one kind of picture of the catalogue: curves of several jobs with their spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.ticks import decade_label, decade_ticks
from ntp_dynamics.verdict.palette import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    RED,
    SKY,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK)
STYLES: tuple[Any, ...] = ("-", "--", "-.", (0, (1, 1)))
"""One a curve, so that of two that lie on one another both are seen, in grey too."""
GUIDES: tuple[Any, ...] = ((0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))


@dataclass(frozen=True)
class Series:
    """Runs of one job: drawn as their median with a band from the least to the largest."""

    label: str
    t: Float[np.ndarray, " T"]
    y: Float[np.ndarray, "R T"]


@dataclass(frozen=True)
class Chart:
    """Series over the steps (or ``x``); ``y`` in decades unless ``plain`` or ``signed``."""

    title: str
    series: Sequence[Series]
    x: str = "step t"
    log_x: bool = True
    plain: bool = False
    signed: bool = False
    """Values of both signs over many decades: linear within 1 of zero, logarithmic beyond."""
    guides: Sequence[tuple[str, Float[np.ndarray, " T"], Float[np.ndarray, " T"]]] = field(
        default=()
    )
    """Laws and levels: label, t, y; thin black lines."""
    points: Sequence[tuple[str, Float[np.ndarray, " T"], Float[np.ndarray, " T"]]] = field(
        default=()
    )
    """Readings of somebody else: label, t, y; open circles."""

    def draw(self, ax: Axes) -> None:
        """Curves, guides, ticks in decades."""
        for i, series in enumerate(self.series):
            y = self._scale(series.y)
            colour, style = COLOURS[i % len(COLOURS)], STYLES[i % len(STYLES)]
            marker = "o" if series.t.size < 10 else ""
            median = np.median(y, axis=0)
            ax.plot(
                series.t, median, linestyle=style, color=colour, marker=marker, label=series.label
            )
            if len(y) > 1:
                ax.fill_between(series.t, y.min(0), y.max(0), color=colour, alpha=0.15, linewidth=0)
        for i, (label, t, y) in enumerate(self.guides):
            dashes = GUIDES[i % len(GUIDES)]
            ax.plot(t, self._scale(y), color="0.1", linestyle=dashes, linewidth=1.2, label=label)
        for label, t, y in self.points:
            ax.plot(t, self._scale(y), "o", color="0.1", fillstyle="none", label=label)
        if self.log_x:
            ax.set_xscale("log")
        if self.signed:
            ax.set_yscale("symlog", linthresh=1.0)
            signed = signed_ticks(*ax.get_ylim())
            ax.set_yticks(signed, [f"{tick:,}" for tick in signed])
            ax.minorticks_off()
        elif not self.plain:
            ticks = decade_ticks(*ax.get_ylim())
            ax.set_yticks(ticks, [decade_label(tick) for tick in ticks])
        ax.set_title(self.title, loc="left")
        ax.set_xlabel(self.x)
        ax.legend()

    def _scale(self, y: np.ndarray) -> np.ndarray:
        if self.plain or self.signed:
            return y
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(np.maximum(y, 0.0))
        return np.where(np.isfinite(logs), logs, np.nan)


def signed_ticks(low: float, high: float, most: int = 4) -> list[int]:
    """0 and powers of ten of both signs, at most so many on a side, between two limits."""
    top = math.floor(math.log10(max(abs(low), abs(high), 1.0)))
    powers = [10**k for k in range(top, -1, -(1 + top // most))]
    both = [*(-x for x in powers), 0, *reversed(powers)]
    return [x for x in both if low <= x <= high]


@dataclass(frozen=True)
class Decades(Chart):
    """A chart of quantities that are natural logarithms already."""

    def _scale(self, y: np.ndarray) -> np.ndarray:
        return np.where(np.isfinite(y), y, np.nan) / np.log(10.0)
