"""A panel: one quantity of all runs, with the laws and bounds it is held against.

Everything is drawn in decades (log10), because losses and gaps leave the range of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.lab.figures import BLACK, BLUE, PINK, RED, SKY, decade_label, decade_ticks

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
class Shadow:
    """The same runs trained another way, for comparison."""

    label: str
    log_y: Float[np.ndarray, "R T"]
    trusted: Bool[np.ndarray, "R T"]


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
    trusted: Bool[np.ndarray, "R T"] | None = None
    """Where the numbers of a run count; elsewhere it is grey."""
    shadow: Shadow | None = None
    """The same runs trained another way."""
    caption: str = ""

    def draw(self, ax: Axes) -> None:
        """Curves, zones, ticks and legend."""
        runs = len(self.log_y)
        measured = f"measured, median of {runs} runs" if runs > 1 else "measured"
        decades = self._runs(ax, self.log_y, self.trusted, BLUE, measured)
        if (other := self.shadow) is not None:
            self._runs(ax, other.log_y, other.trusted, PINK, other.label, zorder=1.5)
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

    def _runs(
        self,
        ax: Axes,
        log_y: Float[np.ndarray, "R T"],
        trusted: Bool[np.ndarray, "R T"] | None,
        colour: str,
        label: str,
        zorder: float = 2.0,
    ) -> Float[np.ndarray, "R T"]:
        """Thin lines, grey from where a run does not count, and the median of those that do.

        Returns the decades.
        """
        decades = np.where(np.isfinite(log_y), log_y, np.nan) / LOG_10
        counts = np.ones(decades.shape, dtype=bool) if trusted is None else trusted
        joined = counts & np.pad(counts[:, 1:], ((0, 0), (0, 1)), constant_values=True)
        known = counts & np.isfinite(decades)
        median = np.full(self.t.shape, np.nan)
        for i in np.flatnonzero(2 * known.sum(0) > len(known)):  # while most runs count
            median[i] = np.median(decades[known[:, i], i])
        valid, invalid = np.where(counts, decades, np.nan), np.where(joined, np.nan, decades)
        lines = ax.plot(self.t, valid.T, color=colour, alpha=0.25, linewidth=0.8)
        marker = "o" if len(self.t) < 4 else ""
        lines += ax.plot(self.t, median, color=colour, label=label, marker=marker, linewidth=2.0)
        if not counts.all():
            grey = ax.plot(self.t, invalid.T, color="0.7", linewidth=0.8)
            grey[0].set_label("invalid: rounding")
            lines += grey
        for line in lines:
            line.set_zorder(zorder)
        return decades

    def _zones(self, ax: Axes) -> None:
        """Where nothing can be read: rounding, values that are impossible."""
        low, high = ax.get_ylim()
        if self.log_floor is not None and low * LOG_10 < self.log_floor:
            ax.axhspan(low, self.log_floor / LOG_10, color="0.9", label="rounding")
        if self.log_ceiling is not None and high * LOG_10 > self.log_ceiling:
            zone = ax.axhspan(
                self.log_ceiling / LOG_10, high, facecolor="none", edgecolor="0.8", hatch="///"
            )
            zone.set_linewidth(0)
            zone.set_label(f"impossible: above {np.exp(self.log_ceiling):g}")
        if self.window is not None:
            ax.axvspan(*self.window, color=SKY, alpha=0.18, linewidth=0, label="rate measured here")
        ax.set_ylim(low, high)
