"""Shares of a whole over the steps: a line each, named at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.lettering import one_line
from ntp_dynamics.verdict.palette import BLACK, BLUE, GREEN, ORANGE, PINK, RED, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHERS = ((RED, "--"), (ORANGE, "-."), (PINK, ":"), (SKY, "--"), (GREEN, "-."), (BLACK, ":"))
MOST_NAMES = 12
"""As many as find room beside the axes; of more shares the main and the largest are named."""
APART = 0.075


@dataclass(frozen=True)
class Share:
    """One share; ``main`` ones are drawn solid, bold and dark."""

    label: str
    y: Float[np.ndarray, " T"]
    main: bool = False

    @property
    def end(self) -> float:
        """The last value that is a number, nan where there is none."""
        there = self.y[np.isfinite(self.y)]
        return float(there[-1]) if there.size else np.nan


@dataclass(frozen=True)
class Evolution:
    """Shares over the steps, from step 0 on."""

    title: str
    t: Float[np.ndarray, " T"]
    shares: Sequence[Share]
    quantity: str = "share"

    def draw(self, ax: Axes) -> None:
        """Lines with their names at the right end."""
        others = cycle(OTHERS)
        marker = "o" if len(self.t) < 2 else ""
        ends: list[tuple[Share, str]] = []
        for share in self.shares:
            colour, style = (BLUE, "-") if share.main else next(others)
            width = 2.2 if share.main else 1.4
            ax.plot(self.t, share.y, style, color=colour, linewidth=width, marker=marker)
            if np.isfinite(share.end):
                ends.append((share, colour))
        ends.sort(key=lambda end: (not end[0].main, -end[0].end))
        self._name(ax, ends[:MOST_NAMES])
        if len(ends) > MOST_NAMES:
            more = f"and {len(ends) - MOST_NAMES} more below"
            ax.annotate(more, (1.01, -0.1), xycoords="axes fraction", fontsize=7, color="0.4")
        last = max(self.t[-1], 1)
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xlim(0, last)
        ax.set_ylim(-0.03, 1.03)
        ax.set_title(one_line(self.title, 52), loc="left", fontsize=9)
        ax.set_xlabel("step t")
        ax.set_ylabel(self.quantity)

    def _name(self, ax: Axes, ends: Sequence[tuple[Share, str]]) -> None:
        places = _apart(np.array([share.end for share, _ in ends]), APART)
        for (share, colour), place in zip(ends, places, strict=True):
            ax.annotate(
                one_line(share.label, 20),
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                fontweight="bold" if share.main else "normal",
                color=colour,
                annotation_clip=False,
            )


def _apart(y: Float[np.ndarray, " N"], least: float) -> Float[np.ndarray, " N"]:
    """Places for labels at heights y, in the same order and at least so far apart."""
    order = np.argsort(y, kind="stable")
    places = y[order].astype(float)
    for i in range(1, len(places)):  # from the lowest up: most shares end near zero
        places[i] = max(places[i], places[i - 1] + least)
    over = max(places[-1] - 1.0, 0.0) if len(places) else 0.0
    for i in reversed(range(len(places))):  # and down again from the top, where they ran over
        if i + 1 < len(places):
            over = max(places[i] + least - places[i + 1], 0.0)
        places[i] -= over
    return places[np.argsort(order)]
