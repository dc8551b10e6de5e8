"""Observables: functions of a state.  What is measured, what it means, and how it is shown.

An observable takes (state, reference) and returns a value a run (R,) or an array a run (R, ...).
Values that do not exist are nan.  Quantities that leave the range of floats are recorded as natural
logarithms (``log=True``).  Nothing about an observable is guessed from its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ntp_dynamics.record.over_runs import OverRuns

Measure = Callable[[Any, Any], Any]


class Scale(StrEnum):
    """The axes on which a quantity's law is a straight line."""

    log_log = "log-log"
    semi_log = "semi-log"
    """Logarithmic in the quantity, linear on the clock."""
    linear = "linear y"
    """Linear in the quantity, logarithmic on the clock."""


@dataclass(frozen=True)
class Observable:
    """A named measurement in some phases; calling it measures.

    ``phases``: where it is measured; none named is everywhere.  ``dims``: its axes after `run`,
    none for a scalar.  ``schedule`` (step -> bool): when it is measured; None leaves that to the
    configuration.  ``log``: what is recorded is the natural log of the quantity.  ``floor``: what
    rounding leaves of it after one step, after t of them t times that; None where there is none.
    ``ceiling``: the largest value that the quantity (not its log) can take.  ``title``, ``formula``
    (TeX) and ``axis`` name it on pages, in figures and on its axis.  ``rank``: pages and figures
    open with the ranked ones, 1 first.  ``instead``: shown where this one has no value.
    ``image``: an array that is drawn as one, its two axes being rows and columns.  ``over_runs``:
    what stands for all runs, their median, their mean, or the share of runs in which it is 1.
    ``may_end``: from some step on it may have no value, and that is no fault.
    """

    name: str
    phases: tuple[str, ...]
    measure: Measure
    units: str
    long_name: str
    source: str
    dims: tuple[str, ...] = ()
    schedule: Callable[[int], bool] | None = None
    log: bool = False
    floor: float | None = None
    ceiling: float | None = None
    title: str = ""
    formula: str = ""
    axis: str = ""
    scale: Scale = Scale.log_log
    rank: int = 0
    instead: str = ""
    image: bool = False
    over_runs: OverRuns = OverRuns.median
    may_end: bool = False

    def __call__(self, state: Any, reference: Any) -> Any:
        return self.measure(state, reference)

    def measured_in(self, phase: str) -> bool:
        """Whether a phase has it."""
        return not self.phases or phase in self.phases

    @property
    def attributes(self) -> dict[str, str | float | int]:
        """What the record says of it, so that it can be read and drawn without this module."""
        said: dict[str, str | float | int] = {
            "units": self.units,
            "long_name": self.long_name,
            "source": self.source,
            "scale": str(self.scale),
        }
        shown = {name: getattr(self, name) for name in ("title", "formula", "axis", "instead")}
        said |= {name: text for name, text in shown.items() if text}
        limits = {name: getattr(self, name) for name in ("floor", "ceiling")}
        said |= {name: value for name, value in limits.items() if value is not None}
        if self.over_runs is not OverRuns.median:
            said["over_runs"] = str(self.over_runs)
        flags = {"log": int(self.log), "rank": self.rank, "image": int(self.image)}
        return said | {name: value for name, value in flags.items() if value}


def observable(
    *phases: str,
    long_name: str,
    units: str = "1",
    source: str = "ntp-dynamics",
    name: str | None = None,
    **more: Any,
) -> Callable[[Measure], Observable]:
    """Make an observable of a function of (state, reference), named after the function.

    ``more`` are fields of `Observable`.  Raises TypeError for one that it has not.
    """

    def make(measure: Measure) -> Observable:
        label = name or getattr(measure, "__name__", "observable")
        return Observable(label, phases, measure, units, long_name, source, **more)

    return make
