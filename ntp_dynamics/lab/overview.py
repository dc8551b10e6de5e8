"""An overview of a sweep: claims by jobs, a verdict each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ntp_dynamics.lab.figures import BLUE, GREEN, ORANGE, PINK, RED, SKY, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = {
    "holds": (GREEN, "h"),
    "tight": (BLUE, "t"),
    "faster": (SKY, "f"),
    "vacuous": (YELLOW, "v"),
    "inconclusive": (ORANGE, "?"),
    "does not apply": ("#EEEEEE", "-"),
    "invalid": (PINK, "!"),
    "contradicted": (RED, "X"),
}
"""Colour and letter of each label: the letter says it where colour cannot."""


@dataclass(frozen=True)
class VerdictMap:
    """``labels[claim][job]``; a job that has no verdict is blank."""

    claims: Sequence[str]
    jobs: Sequence[str]
    labels: Sequence[Sequence[str | None]]
    job_axis: str = ""
    """What the names of the jobs say."""

    @property
    def size(self) -> tuple[float, float]:
        """A cell size in inches at which every name can be read."""
        return 2.6 + max(0.32 * len(self.jobs), 2.5), 1.9 + 0.24 * len(self.claims)

    def draw(self, ax: Axes) -> None:
        """Coloured cells with a letter each."""
        from matplotlib.patches import Patch, Rectangle

        dark = {"tight", "contradicted", "holds"}
        for row, labels in enumerate(self.labels):
            for column, label in enumerate(labels):
                if label is not None:
                    colour, letter = MARKS[label]
                    ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color=colour))
                    ink = "white" if label in dark else "black"
                    ax.text(column, row, letter, ha="center", va="center", fontsize=8, color=ink)
        ax.set_xlim(-0.5, len(self.jobs) - 0.5)
        ax.set_ylim(len(self.claims) - 0.5, -0.5)
        ax.set_xticks(range(len(self.jobs)), self.jobs, rotation=60, ha="right", fontsize=7)
        ax.set_yticks(range(len(self.claims)), self.claims, fontsize=8)
        ax.grid(False)
        ax.set_xlabel(self.job_axis)
        ax.set_title("verdicts of the sweep", loc="left")
        shown = {label for labels in self.labels for label in labels if label}
        handles = [
            Patch(color=colour, label=f"{letter}  {label}")
            for label, (colour, letter) in MARKS.items()
            if label in shown
        ]
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
