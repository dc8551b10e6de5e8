"""A panel: one quantity of all runs, with the laws and bounds it is held against.

Everything is drawn in decades (log10), because losses and gaps leave the range of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.draw.lettering import one_line
from ntp_dynamics.draw.runs import draw_line, draw_runs, draw_spread, legend
from ntp_dynamics.draw.ticks import decade_label, decade_ticks
from ntp_dynamics.record.over_runs import NAMES, OverRuns, spread
from ntp_dynamics.verdict.palette import BLACK, BLUE, PINK, RED, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STYLES = {"proved": (BLACK, ":"), "appendix": ("0.45", "-."), "derived": (RED, "--")}
"""Colour and line of each kind of curve; `appendix` is a second wording of a proved one."""
LOG_10 = np.log(10.0)
LEAST_SPAN = 0.02
"""Decades that an axis shows at least."""


@dataclass(frozen=True)
class Curve:
    """A law or bound, proved or derived: natural logs, or values where it is no law of logs."""

    label: str
    log_y: Float[np.ndarray, " T"]
    kind: str
    logs: bool = True

    @property
    def decades(self) -> Float[np.ndarray, " T"]:
        """log10; nan where a value is not positive."""
        if self.logs:
            return self.log_y / LOG_10
        return np.log10(self.log_y, out=np.full(self.log_y.shape, np.nan), where=self.log_y > 0)


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
    clock: str = "step t"
    """What t is, for its axis."""
    caption: str = ""
    formula: bool = False
    """The title is TeX, of our own; other texts are taken as they are."""
    over_runs: OverRuns = OverRuns.median
    """What stands for all runs."""

    def draw(self, ax: Axes) -> None:
        """Curves, zones, ticks and legend."""
        runs = len(self.log_y)
        name = NAMES[self.over_runs][0].format(runs=f"{runs:,}")
        measured = f"measured, {name}" if runs > 1 else "measured"
        decades = self._runs(ax, self.log_y, self.trusted, BLUE, measured)
        if (other := self.shadow) is not None:
            self._runs(ax, other.log_y, other.trusted, PINK, other.label, zorder=1.5)
        labels = {measured}
        for curve in self.curves:
            colour, style = STYLES[curve.kind]
            label = None if curve.label in labels else curve.label
            labels.add(curve.label)
            draw_line(ax, self.t, curve.decades, style, label=label, color=colour, linewidth=1.4)
        if np.isfinite(decades).any():
            ax.set_xscale("log" if self.log_t else "linear")
            self._widen(ax)
            self._zones(ax)
            ticks = decade_ticks(*ax.get_ylim())
            ax.set_yticks(ticks, [decade_label(tick) for tick in ticks])
        else:
            ax.text(0.5, 0.5, "no value here", transform=ax.transAxes, ha="center", color="0.4")
            ax.set_xticks([])
            ax.set_yticks([])
        title = self.title if self.formula else one_line(self.title, 52)
        ax.set_title(title, loc="left").set_parse_math(self.formula)
        ax.set_xlabel(self.clock)
        legend(ax)
        if self.caption:
            ax.text(0, -0.2, self.caption, transform=ax.transAxes, va="top", fontsize=7)

    def _runs(
        self,
        ax: Axes,
        log_y: Float[np.ndarray, "R T"],
        trusted: Bool[np.ndarray, "R T"] | None,
        colour: str,
        label: str,
        zorder: float = 2.0,
    ) -> Float[np.ndarray, "R T"]:
        """Draw some runs; returns their decades."""
        if self.over_runs is not OverRuns.median and len(log_y) > 1:
            found = np.stack(decades_over_runs(log_y, self.over_runs))
            draw_spread(ax, self.t, found, colour, label, NAMES[self.over_runs][1], zorder)
            return found
        decades = np.where(np.isfinite(log_y), log_y, np.nan) / LOG_10
        counts = np.ones(decades.shape, dtype=bool) if trusted is None else trusted
        draw_runs(ax, self.t, decades, counts, colour, label, zorder)
        return decades

    def _widen(self, ax: Axes) -> None:
        """An axis on which two ticks differ in the digits they show."""
        low, high = ax.get_ylim()
        more = max(LEAST_SPAN - (high - low), 0) / 2
        ax.set_ylim(low - more, high + more)

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
            zone.set_label(f"impossible: above {decade_label(self.log_ceiling / LOG_10)}")
        if self.window is not None:
            ax.axvspan(*self.window, color=SKY, alpha=0.18, linewidth=0, label="rate measured here")
        ax.set_ylim(low, high)


def decades_over_runs(log_y: Float[np.ndarray, "R T"], kind: OverRuns) -> list[np.ndarray]:
    """What stands for all runs and its limits, in decades; nan where it is not positive."""
    if kind is not OverRuns.share:
        return [x / LOG_10 for x in spread(log_y, kind, log=True)]
    shares = spread(np.exp(log_y), kind)
    return [np.log10(x, out=np.full(x.shape, np.nan), where=x > 0) for x in shares]
