"""Figures: measured curves with the laws and bounds they are held against.

Everything is drawn in decades (log10), because losses and gaps leave the range of floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by the colour-blind; line styles tell them apart in grey.
MEASURED = "#0072B2"
STYLES = {"proved": ("#000000", ":"), "derived": ("#D55E00", "--"), "context": ("#56B4E9", "-.")}
LOG_10 = np.log(10.0)


@dataclass(frozen=True)
class Curve:
    """A law or bound (proved, derived) or another quantity (context): natural logs."""

    label: str
    log_y: Float[np.ndarray, " T"]
    kind: str


@dataclass(frozen=True)
class Panel:
    """One quantity of all runs over the steps, with the curves it is held against."""

    title: str
    t: Float[np.ndarray, " T"]
    log_y: Float[np.ndarray, "R T"]
    curves: Sequence[Curve] = field(default=())
    log_t: bool = True
    log_floor: float | None = None
    """Rounding floor: below it the panel is grey."""
    log_ceiling: float | None = None
    """The largest value there is: a bound above it says nothing, the panel is hatched."""


def draw_panels(panels: Sequence[Panel], stem: Path, columns: int = 3) -> list[Path]:
    """Write ``stem``.png and .pdf; returns their paths."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    rows = -(-len(panels) // columns)
    with matplotlib.rc_context(
        {"font.size": 9, "axes.titlesize": 10, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(4.0 * columns, 3.1 * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).flat
        for panel, ax in zip(panels, axes, strict=False):
            draw_panel(panel, ax)
        for ax in list(axes)[len(panels) :]:
            ax.set_axis_off()
        stem.parent.mkdir(parents=True, exist_ok=True)
        paths = [stem.with_suffix(suffix) for suffix in (".png", ".pdf")]
        for path in paths:
            # a date in the file would make equal jobs differ
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
            figure.savefig(path, dpi=160, metadata=metadata)
    return paths


def draw_panel(panel: Panel, ax: Axes) -> None:
    """Runs as thin lines with their median, proved curves dotted, derived dashed, rounding grey."""
    from matplotlib.ticker import MaxNLocator

    decades = np.where(np.isfinite(panel.log_y), panel.log_y, np.nan) / LOG_10
    ax.plot(panel.t, decades.T, color=MEASURED, alpha=0.25, linewidth=0.8)
    shown: set[str] = {"measured"}
    ax.plot(panel.t, np.median(decades, axis=0), color=MEASURED, linewidth=2.0, label="measured")
    for curve in panel.curves:
        colour, style = STYLES[curve.kind]
        label = None if curve.label in shown else curve.label
        shown.add(curve.label)
        ax.plot(panel.t, curve.log_y / LOG_10, style, color=colour, linewidth=1.4, label=label)
    if panel.log_t:
        ax.set_xscale("log")
    _zones(panel, ax)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    ax.yaxis.set_major_formatter(lambda value, _: decade_label(value))
    ax.set_title(panel.title, loc="left")
    ax.set_xlabel("step t")
    ax.grid(alpha=0.2)
    ax.legend(fontsize=7, framealpha=0.85, edgecolor="none", borderpad=0.2)


def _zones(panel: Panel, ax: Axes) -> None:
    """Grey below the rounding floor, hatched above the largest value there is."""
    low, high = ax.get_ylim()
    floor, ceiling = panel.log_floor, panel.log_ceiling
    if floor is not None and low * LOG_10 < floor:
        ax.axhspan(low, floor / LOG_10, color="0.9", label="rounding")
    if ceiling is not None and high * LOG_10 > ceiling:
        zone = ax.axhspan(ceiling / LOG_10, high, facecolor="none", edgecolor="0.8", hatch="///")
        zone.set_linewidth(0)
        zone.set_label(f"impossible: above {np.exp(ceiling):g}")
    ax.set_ylim(low, high)


def decade_label(value: float) -> str:
    """A tick at 10^value: plain from 0.01 to 1000, else a power of ten."""
    return f"{10**value:g}" if -2 <= value <= 3 else f"$10^{{{value:.0f}}}$"
