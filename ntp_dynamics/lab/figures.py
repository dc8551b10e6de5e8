"""Figures: a grid of drawings, saved as PNG for the screen and PDF for a paper.

Readable in a talk and in a two-column paper; colours are Okabe and Ito's, told apart by the
colour-blind, and line styles tell the same things apart in grey.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
LOOK: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.2,
    "legend.fontsize": 8,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "legend.borderpad": 0.2,
    "pdf.fonttype": 42,  # fonts a publisher accepts
}


class Drawing(Protocol):
    """Something that draws itself on axes."""

    def draw(self, ax: Axes) -> None: ...


def save_grid(
    drawings: Sequence[Drawing],
    stem: Path,
    columns: int = 3,
    size: tuple[float, float] = (4.0, 3.1),
    title: str = "",
) -> list[Path]:
    """Draw on a grid of cells of ``size`` inches; writes ``stem``.png and .pdf, returns both."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib.figure import Figure

    columns = min(columns, len(drawings))
    rows = -(-len(drawings) // columns)
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
        axes = list(figure.subplots(rows, columns, squeeze=False).flat)
        for i, (drawing, ax) in enumerate(zip(drawings, axes, strict=False)):
            drawing.draw(ax)
            if len(drawings) > 1:
                ax.set_title(f"({ascii_lowercase[i % 26]}) {ax.get_title(loc='left')}", loc="left")
        if title:
            figure.suptitle(title, fontsize=10)
        for ax in axes[len(drawings) :]:
            ax.set_axis_off()
        stem.parent.mkdir(parents=True, exist_ok=True)
        paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".pdf")]
        for path in paths:
            # a date in the file would make equal jobs differ
            metadata = {"CreationDate": None} if path.suffix == ".pdf" else {}
            figure.savefig(path, dpi=160, metadata=metadata)
    return paths


def decade_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Ticks for an axis in decades: powers of ten, on a short axis 1, 2 and 5 times them, on a very
    short one even steps."""
    if high - low > 1.5:
        steps = (m * 10**k for k in itertools.count() for m in (1, 2, 5))
        step = next(s for s in steps if (high - low) / s <= most)
        return list(range(step * math.ceil(low / step), math.floor(high) + 1, step))
    values = [m * 10.0**k for k in range(int(low) - 2, int(high) + 2) for m in (1, 2, 5)]
    ticks = [x for v in values if low <= (x := math.log10(v)) <= high]
    if len(ticks) > 1:
        return ticks
    step = 10 ** math.floor(math.log10(max(10**high - 10**low, 1e-300)))
    first = math.ceil(10**low / step)
    even = [math.log10(i * step) for i in range(max(first, 1), first + 11)]
    return [x for x in even if x <= high][:: 1 + len(even) // (2 * most)]


def decade_label(value: float) -> str:
    """A tick at 10^value: plain from 0.01 to 1000, else a power of ten."""
    return f"{10**value:.4g}" if -2 <= value <= 3 else f"$10^{{{value:.4g}}}$"
