"""What a claim is judged along: steps, rounds, time in some unit, mode numbers, a swept value."""

from __future__ import annotations

import math
from dataclasses import dataclass

LONG = 10**15
"""An integer from there on is told by its first digits."""
Place = int | float
"""A place on a clock: an integer where all recorded places are."""


@dataclass(frozen=True)
class Clock:
    """``name`` of one tick and ``unit`` of what is counted, for sentences.  ``timeless``: nothing
    evolves along it (a mode number, a swept value).  ``offset``: a law is about t + offset, t as
    recorded.  ``whole``: all recorded places are integers, and so are those that are told."""

    name: str = "step"
    unit: str = ""
    timeless: bool = False
    offset: float = 0.0
    whole: bool = True

    def place(self, t: float) -> Place:
        """Where it was recorded, of a place that a law was asked about."""
        return round(t - self.offset) if self.whole else float(f"{t - self.offset:.12g}")

    def after(self, t: float) -> Place:
        """The same, the first tick from there on."""
        return math.ceil(t - self.offset) if self.whole else self.place(t)

    def said(self, t: float) -> str:
        """``step 1,200``, ``time 80 ms``, of a place that a law was asked about."""
        return said(self.place(t), self.name, self.unit)


STEPS = Clock()


def said(place: Place, name: str, unit: str = "") -> str:
    """``step 1,200``, ``time 80 ms``, ``w_over_wc 1.05``, of a recorded place."""
    return f"{name} {amount(place, unit)}"


def amount(place: Place, unit: str = "") -> str:
    """``1,200``, ``80 ms``."""
    number = f"{place:,}" if isinstance(place, int) and place < LONG else f"{place:,.6g}"
    return f"{number} {unit}" if unit else number


def several(name: str) -> str:
    """Of a clock, more than one place: ``steps``; a symbol and what is plural already stay."""
    return name if len(name) == 1 or name.endswith("s") else f"{name}s"
