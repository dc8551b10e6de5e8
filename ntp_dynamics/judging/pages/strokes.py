"""How each run is drawn: its colour says what became of it, its line tells failing ones apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ntp_dynamics.verdict.palette import BLUE, ORANGE, PINK, RED

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

COLOURS = {"kept": BLUE, "undecided": ORANGE, "invalid": PINK, "left out": "0.6"}
LINES = ("-", "--", "-.")
"""Of the failing runs that are named, the worst first."""
NAME = 32


@dataclass(frozen=True)
class Stroke:
    """Runs that are drawn alike."""

    label: str
    runs: tuple[int, ...]
    colour: str
    line: str = "-"
    bold: bool = False

    @property
    def look(self) -> dict[str, Any]:
        """What matplotlib is told of them."""
        thin = 1.0 if len(self.runs) < 4 else 0.8
        alpha = 1.0 if self.bold or len(self.runs) < 4 else max(0.25, min(0.7, 6 / len(self.runs)))
        width = 1.7 if self.bold else thin + 0.3 * (len(self.runs) == 1)
        return {
            "color": self.colour,
            "linewidth": width,
            "alpha": alpha,
            "zorder": 2 + self.bold / 2,
        }


def strokes(judged: Judged) -> Iterator[Stroke]:
    """All runs, those that fail last and so on top."""
    verdict, names = judged.verdict, judged.curve.runs
    failing = verdict.failing
    outcomes = verdict.outcomes or ("undecided",) * len(names)
    if verdict.about != "run":
        yield Stroke(_counted("runs as one sample", len(names)), tuple(range(len(names))), BLUE)
        return
    for outcome, colour in COLOURS.items():
        runs = tuple(r for r, found in enumerate(outcomes) if found == outcome and r not in failing)
        if runs:
            yield Stroke(_named(outcome, runs, names), runs, colour)
    rest = tuple(failing[len(LINES) :])
    if rest:
        yield Stroke(_counted("more that fail", len(rest)), rest, RED)
    for run, line in zip(failing, LINES, strict=False):
        yield Stroke(f"{outcomes[run]}: {_short(names[run])}", (run,), RED, line, bold=True)


def _named(outcome: str, runs: Sequence[int], names: Sequence[str]) -> str:
    if len(names) == 1:
        return outcome
    return (
        f"{outcome}: {_short(names[runs[0]])}" if len(runs) == 1 else f"{outcome}: {len(runs)} runs"
    )


def _counted(what: str, count: int) -> str:
    return f"{count} {what}"


def _short(name: str) -> str:
    """A name that may stand in a legend."""
    if name.isdigit():
        return f"run {name}"
    return name if len(name) <= NAME else f"{name[: NAME // 2]}…{name[-NAME // 2 :]}"
