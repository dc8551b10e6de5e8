"""The sheet of a job: the panels of run 0, painted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.draw.sheets import Sheet
from ntp_dynamics.studies.score_matching.views import panels
from ntp_dynamics.studies.score_matching.views.panel import Cells, Panel
from ntp_dynamics.verdict.palette import BLACK, BLUE, GREEN, ORANGE, RED, SKY

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

INK = {
    "ink": BLACK,
    "soft": "0.55",
    "blue": BLUE,
    "sky": SKY,
    "orange": ORANGE,
    "green": GREEN,
    "red": RED,
}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
DASH = {"": "-", "6 4": "--", "1 3": ":"}


@dataclass(frozen=True)
class Painting:
    """A panel, painted."""

    panel: Panel

    def draw(self, ax: Axes) -> None:
        """Paint it, under its title."""
        from matplotlib.ticker import MaxNLocator

        panel, named = self.panel, set[str]()
        if panel.cells is not None:
            _paint(ax, panel.cells)
        for line in sorted(panel.lines, key=lambda line: line.fade < 1):
            label = None if line.label in named else line.label
            named.add(line.label)
            look = {"color": INK[line.ink], "alpha": line.fade, "label": label}
            if line.points:
                ax.plot(line.x, line.y, "o", ms=5, mec="white", **look)
            else:
                width = 1.6 if line.fade == 1 else 0.8
                depth = 2 + (line.fade == 1)
                ax.plot(line.x, line.y, ls=DASH[line.dash], lw=width, zorder=depth, **look)
        if panel.level is not None:
            ax.axhline(panel.level, color="0.8", lw=0.9, zorder=0)
        if panel.mark is not None:
            ax.axvline(panel.mark, color="0.8", lw=0.9, zorder=0)
        ax.set(xlabel=panel.x, ylabel=panel.y)
        if panel.y_range is not None:
            ax.set_ylim(*panel.y_range)
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            if name in panel.log:
                axis.set_major_locator(MaxNLocator(6, integer=True))
                axis.set_major_formatter(_power)
        ax.set_title(panel.title, loc="left")
        if len(named) > 1:
            place: Any = panel.legend
            ax.legend(loc=place, fontsize=7)


def _paint(ax: Axes, cells: Cells) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap

    shades = ListedColormap(colormaps["Blues"](np.linspace(0.08, 0.75, cells.most + 1)))
    norm = BoundaryNorm(np.arange(cells.most + 2) - 0.5, shades.N)
    mesh = ax.pcolormesh(
        cells.x, cells.y, cells.values.T, cmap=shades, norm=norm, shading="nearest", rasterized=True
    )
    ax.figure.colorbar(mesh, ax=ax, ticks=range(cells.most + 1), pad=0.02, label="converged")
    ax.grid(False)


def _power(value: float, place: Any) -> str:
    """10 to the tick."""
    return f"10{f'{value:.0f}'.translate(RAISED)}"


def sheets(tree: xarray.DataTree, title: str) -> Iterator[Sheet]:
    """One sheet with every panel that the record has something for."""
    found = [Painting(panel) for panel in panels(tree, 0)]
    if found:
        yield Sheet("students", lambda: found, size=(4.3, 3.3), title=title)
