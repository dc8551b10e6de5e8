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
MEASURED, LAW, BOUND = "#0072B2", "#D55E00", "#000000"
STYLES = {"law": (LAW, "--"), "bound": (BOUND, ":")}
LOG_10 = np.log(10.0)


@dataclass(frozen=True)
class Curve:
    """A law or a bound: natural logs on the panel's steps."""

    label: str
    log_y: Float[np.ndarray, " T"]
    kind: str = "law"


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
    note: str = ""


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
    """Runs as thin lines with their median, laws dashed, bounds dotted, rounding grey."""
    decades = np.where(np.isfinite(panel.log_y), panel.log_y, np.nan) / LOG_10
    ax.plot(panel.t, decades.T, color=MEASURED, alpha=0.25, linewidth=0.8)
    with np.errstate(all="ignore"):
        median = np.median(decades, axis=0)
    ax.plot(panel.t, median, color=MEASURED, linewidth=1.8, label="measured")
    for curve in panel.curves:
        colour, style = STYLES[curve.kind]
        ax.plot(panel.t, curve.log_y / LOG_10, style, color=colour, label=curve.label)
    if panel.log_t:
        ax.set_xscale("log")
    if panel.log_floor is not None:
        low, high = ax.get_ylim()
        ax.axhspan(min(low, panel.log_floor / LOG_10 - 3), panel.log_floor / LOG_10, color="0.9")
        ax.set_ylim(low, high)
    ax.yaxis.set_major_formatter(lambda value, _: decade_label(value))
    ax.set_title(panel.title, loc="left")
    ax.set_xlabel("step t")
    ax.grid(alpha=0.2)
    ax.legend(frameon=False, fontsize=7)
    if panel.note:
        ax.text(0.02, 0.02, panel.note, transform=ax.transAxes, fontsize=7, color="0.35")


def decade_label(value: float) -> str:
    """A tick at 10^value, short: 0.01, 1, 30, or a power of ten."""
    if -2.001 < value < 3.001:
        return f"{10**value:.2g}"
    return f"$10^{{{value:g}}}$"
