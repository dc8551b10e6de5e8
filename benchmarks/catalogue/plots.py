"""The one kind of picture of the catalogue: curves of several jobs with their spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.lab.figures import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PINK,
    RED,
    SKY,
)
from ntp_dynamics.lab.ticks import decade_label, decade_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (BLUE, ORANGE, GREEN, RED, PINK, SKY, BLACK)
STYLES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class Series:
    """Runs of one job: drawn as their median with a band from the least to the largest."""

    label: str
    t: Float[np.ndarray, " T"]
    y: Float[np.ndarray, "R T"]


@dataclass(frozen=True)
class Chart:
    """Series over the steps (or ``x``); ``y`` in decades unless ``plain``."""

    title: str
    series: Sequence[Series]
    x: str = "step t"
    log_x: bool = True
    plain: bool = False
    guides: Sequence[tuple[str, Float[np.ndarray, " T"], Float[np.ndarray, " T"]]] = field(
        default=()
    )
    """Laws and levels: label, t, y; thin black lines."""

    def draw(self, ax: Axes) -> None:
        """Curves, guides, ticks in decades."""
        for i, series in enumerate(self.series):
            y = self._scale(series.y)
            colour, style = COLOURS[i % len(COLOURS)], STYLES[i // len(COLOURS) % len(STYLES)]
            marker = "o" if series.t.size < 10 else ""
            median = np.median(y, axis=0)
            ax.plot(series.t, median, style, color=colour, marker=marker, label=series.label)
            if len(y) > 1:
                ax.fill_between(series.t, y.min(0), y.max(0), color=colour, alpha=0.15, linewidth=0)
        for i, (label, t, y) in enumerate(self.guides):
            dashes = (0, (4, 1 + 2 * i))
            ax.plot(t, self._scale(y), color="0.2", linestyle=dashes, linewidth=1, label=label)
        if self.log_x:
            ax.set_xscale("log")
        if not self.plain:
            ticks = decade_ticks(*ax.get_ylim())
            ax.set_yticks(ticks, [decade_label(tick) for tick in ticks])
        ax.set_title(self.title, loc="left")
        ax.set_xlabel(self.x)
        ax.legend()

    def _scale(self, y: np.ndarray) -> np.ndarray:
        if self.plain:
            return y
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(np.maximum(y, 0.0))
        return np.where(np.isfinite(logs), logs, np.nan)


@dataclass(frozen=True)
class Decades(Chart):
    """A chart of quantities that are natural logarithms already."""

    def _scale(self, y: np.ndarray) -> np.ndarray:
        return np.where(np.isfinite(y), y, np.nan) / np.log(10.0)
