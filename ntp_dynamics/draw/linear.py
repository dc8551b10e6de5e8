"""One quantity of all runs on plain axes, as papers show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.lettering import one_line
from ntp_dynamics.draw.runs import draw_runs, legend
from ntp_dynamics.verdict.palette import BLUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class LinearPanel:
    """Runs as thin lines with their median, from step 0 on."""

    title: str
    t: Float[np.ndarray, " T"]
    y: Float[np.ndarray, "R T"]
    formula: bool = False
    """The title is TeX, of our own."""

    def draw(self, ax: Axes) -> None:
        """Lines, title and legend."""
        runs = len(self.y)
        label = f"median of {runs:,} runs" if runs > 1 else ""
        y = np.where(np.isfinite(self.y), self.y, np.nan)
        draw_runs(ax, self.t, y, np.ones(y.shape, dtype=bool), BLUE, label)
        ax.set_xlim(0, max(self.t[-1], 1))
        title = self.title if self.formula else one_line(self.title, 52)
        ax.set_title(title, loc="left").set_parse_math(self.formula)
        ax.set_xlabel("step t")
        legend(ax)
