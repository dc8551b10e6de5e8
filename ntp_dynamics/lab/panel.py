"""A panel: one quantity of all runs, with the laws and bounds it is held against.

Everything is drawn in decades (log10), because losses and gaps leave the range of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.lab.figures import BLACK, BLUE, RED, SKY, decade_label, decade_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = {"proved": (BLACK, ":"), "appendix": ("0.45", "-."), "derived": (RED, "--")}
"""Colour and line of each kind of curve; `appendix` is a second wording of a proved one."""
LOG_10 = np.log(10.0)


@dataclass(frozen=True)
class Curve:
    """A law or bound, proved or derived: natural logs."""

    label: str
    log_y: Float[np.ndarray, " T"]
    kind: str


@dataclass(frozen=True)
class Panel:
    """Runs as thin lines with their median; proved curves dotted, derived ones dashed."""

    title: str
    t: Float[np.ndarray, " T"]
    log_y: Float[np.ndarray, "R T"]
    curves: Sequence[Curve] = field(default=())
    log_t: bool = True
    log_floor: float | None = None
    """Rounding floor: below it the panel is grey."""
    log_ceiling: float | None = None
    """The largest value there is: a bound above it says nothing, the panel is hatched."""
    window: tuple[int, int] | None = None
    """The steps over which a rate was measured, shaded."""
    trusted: int | None = None
    """The last step whose numbers count; later ones are grey."""
    caption: str = ""

    def draw(self, ax: Axes) -> None:
        """Curves, zones, ticks and legend."""
        decades = np.where(np.isfinite(self.log_y), self.log_y, np.nan) / LOG_10
        ax.plot(self.t, decades.T, color=BLUE, alpha=0.25, linewidth=0.8)
        runs = len(decades)
        measured = f"measured, median of {runs} runs" if runs > 1 else "measured"
        marker = "o" if len(self.t) < 4 else ""
        median = np.median(decades, axis=0)
        ax.plot(self.t, median, marker=marker, color=BLUE, linewidth=2.0, label=measured)
        if not np.isfinite(decades).any():
            ax.text(0.5, 0.5, "no value here", transform=ax.transAxes, ha="center", color="0.4")
        labels = {measured}
        for curve in self.curves:
            colour, style = STYLES[curve.kind]
            label = None if curve.label in labels else curve.label
            labels.add(curve.label)
            ax.plot(self.t, curve.log_y / LOG_10, style, color=colour, linewidth=1.4, label=label)
        if self.log_t:
            ax.set_xscale("log")
        self._zones(ax)
        ticks = decade_ticks(*ax.get_ylim()) if np.isfinite(decades).any() else []
        ax.set_yticks(ticks, [decade_label(tick) for tick in ticks])
        ax.set_title(self.title, loc="left")
        ax.set_xlabel("step t")
        ax.legend()
        if self.caption:
            ax.text(0, -0.2, self.caption, transform=ax.transAxes, va="top", fontsize=7, wrap=True)

    def _zones(self, ax: Axes) -> None:
        """Where nothing can be read: rounding, impossible values, steps that do not count."""
        low, high = ax.get_ylim()
        if self.log_floor is not None and low * LOG_10 < self.log_floor:
            ax.axhspan(low, self.log_floor / LOG_10, color="0.9", label="rounding")
        if self.log_ceiling is not None and high * LOG_10 > self.log_ceiling:
            zone = ax.axhspan(
                self.log_ceiling / LOG_10, high, facecolor="none", edgecolor="0.8", hatch="///"
            )
            zone.set_linewidth(0)
            zone.set_label(f"impossible: above {np.exp(self.log_ceiling):g}")
        if self.trusted is not None and self.trusted < self.t[-1]:
            ax.axvspan(self.trusted, self.t[-1], color="0.9", label="not to be trusted")
        if self.window is not None:
            ax.axvspan(*self.window, color=SKY, alpha=0.18, linewidth=0, label="rate measured here")
        ax.set_ylim(low, high)
