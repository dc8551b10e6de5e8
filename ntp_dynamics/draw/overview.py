"""An overview of a sweep: a verdict on every claim by every job, or how many of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ntp_dynamics.draw.lettering import one_line
from ntp_dynamics.verdict.label import DARK, Label, Seen

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UNKNOWN = ("#FFFFFF", "·", "#111111")
"""Colour, letter and ink of a label of another version."""
MARKS = {seen.mark: seen for seen in Seen}
MOST_COLUMNS = 120
"""Of more jobs the numbers are drawn: nobody reads so many columns."""


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
        width = 0.32 * len(self.jobs) if len(self.jobs) <= MOST_COLUMNS else 6.0
        return 2.6 + max(width, 2.5), 1.9 + 0.24 * len(self.claims)

    def draw(self, ax: Axes) -> None:
        """Coloured cells with a letter each, or bars with a number each."""
        if len(self.jobs) <= MOST_COLUMNS:
            self._cells(ax)
            ax.set_title("verdicts of the sweep", loc="left")
        else:
            self._bars(ax)
            ax.set_title(f"verdicts of {len(self.jobs):,} jobs", loc="left")
        ax.set_ylim(len(self.claims) - 0.5, -0.5)
        ax.set_yticks(range(len(self.claims)), self._names(), fontsize=8)
        ax.grid(False)
        self._legend(ax)

    def _names(self) -> list[str]:
        """The claims; beside bars, where it may be too thin to see, with what is contradicted."""
        names = [one_line(claim, 40) for claim in self.claims]
        if len(self.jobs) <= MOST_COLUMNS:
            return names
        wrong = [sum(x == Label.contradicted for x in labels) for labels in self.labels]
        return [
            f"{name}  ({n:,} {Label.contradicted})" if n else name
            for name, n in zip(names, wrong, strict=True)
        ]

    def _cells(self, ax: Axes) -> None:
        from matplotlib.patches import Rectangle

        for row, labels in enumerate(self.labels):
            for column, label in enumerate(labels):
                if label is not None:
                    _, letter, ink = _mark(label)
                    corner, side = (column - 0.45, row - 0.45), 0.9
                    if not _is_outline(label):
                        corner, side = (column - 0.5, row - 0.5), 1.0
                    ax.add_patch(Rectangle(corner, side, side, **_face(label)))
                    _write(ax, column, row, letter, ink)
        ax.set_xlim(-0.5, len(self.jobs) - 0.5)
        names = [one_line(job, 36) for job in self.jobs]
        ax.set_xticks(
            range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=7
        )
        ax.set_xlabel(one_line(self.job_axis, 80))

    def _bars(self, ax: Axes) -> None:
        """Of each claim the jobs with each label, side by side."""
        for row, labels in enumerate(self.labels):
            counts, left = Counter(label for label in labels if label is not None), 0
            for label in _in_order(counts):
                width = counts[label]
                _, _, ink = _mark(label)
                ax.barh(row, width, left=left, height=0.9, **_face(label))
                if width > 0.05 * len(self.jobs):
                    _write(ax, left + width / 2, row, f"{width:,}", ink)
                left += width
        ax.set_xlim(0, len(self.jobs))
        ax.set_xlabel("jobs")

    def _legend(self, ax: Axes) -> None:
        from matplotlib.patches import Patch

        counts = Counter(label for labels in self.labels for label in labels if label)
        many = len(self.jobs) > MOST_COLUMNS
        handles = []
        for label in _in_order(counts):
            _, letter, _ = _mark(label)
            said = f"{label}: {counts[label]:,}" if many else f"{letter}  {label}"
            plain = {"edgecolor": "0.6", "linewidth": 0.5}
            handles.append(Patch(**plain | _face(label), label=said))
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _mark(word: str) -> tuple[str, str, str]:
    """Colour, letter and ink."""
    if (seen := MARKS.get(word)) is not None:
        return seen.colour, seen.letter, DARK
    label = Label.known(word)
    return UNKNOWN if label is None else (label.colour, label.letter, label.ink)


def _is_outline(word: str) -> bool:
    """What is observed beyond hypotheses is no label, and has an outline only."""
    return word in MARKS


def _face(word: str) -> dict[str, Any]:
    """How its patch is drawn."""
    colour = _mark(word)[0]
    if not _is_outline(word):
        return {"facecolor": colour}
    return {"facecolor": "none", "edgecolor": colour, "linestyle": "--", "linewidth": 1.2}


def _in_order(words: Iterable[str]) -> list[str]:
    """Labels in their order, then what is observed, others after them."""
    order: list[str] = [*Label, *MARKS]
    return sorted(words, key=lambda x: (order.index(x) if x in order else len(order), x))


def _write(ax: Axes, x: float, y: float, text: str, ink: str) -> None:
    ax.text(x, y, text, ha="center", va="center", fontsize=8, color=ink)
