"""Shares of a whole over the steps: a line each, named at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.lab.figures import BLACK, GREEN, ORANGE, PINK, RED, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHERS = ((RED, "--"), (ORANGE, "-."), (PINK, ":"), (SKY, "--"), (GREEN, "-."), (BLACK, ":"))


@dataclass(frozen=True)
class Share:
    """One share; ``main`` ones are drawn solid, bold and dark."""

    label: str
    y: Float[np.ndarray, " T"]
    main: bool = False


@dataclass(frozen=True)
class Evolution:
    """Shares over the steps, from step 0 on."""

    title: str
    t: Float[np.ndarray, " T"]
    shares: Sequence[Share]
    quantity: str = "share"

    def draw(self, ax: Axes) -> None:
        """Lines with their names at the right end."""
        others = iter(OTHERS * (1 + len(self.shares) // len(OTHERS)))
        for share in self.shares:
            if share.main:
                ax.plot(self.t, share.y, color="#0072B2", linewidth=2.2)
            else:
                colour, style = next(others)
                ax.plot(self.t, share.y, style, color=colour, linewidth=1.4)
        places = _apart(np.array([share.y[-1] for share in self.shares]), 0.075)
        for share, line, place in zip(self.shares, ax.lines, places, strict=True):
            ax.annotate(
                share.label,
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8,
                fontweight="bold" if share.main else "normal",
                color=line.get_color(),
                annotation_clip=False,
            )
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xlim(0, self.t[-1])
        ax.set_ylim(-0.03, 1.03)
        ax.set_title(self.title, loc="left", fontsize=9)
        ax.set_xlabel("step t")
        ax.set_ylabel(self.quantity)


def _apart(y: Float[np.ndarray, " N"], least: float) -> Float[np.ndarray, " N"]:
    """Places for labels at heights y, in the same order and at least so far apart."""
    order = np.argsort(y, kind="stable")
    places = y[order].astype(float)
    for i in range(1, len(places)):  # from the lowest up: most shares end near zero
        places[i] = max(places[i], places[i - 1] + least)
    return places[np.argsort(order)]
