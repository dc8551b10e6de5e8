"""Claims: one statement of one theorem, ready to be held against trajectories.

The lab knows nothing of the study.  A claim's law, constant and start may be functions of the
study's ``constants``, an object of the study's own making whose attributes are (S,) arrays, one
value a run; the claim only passes it on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ntp_dynamics.verdict.asked import Asked, judge_asked
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.series import Series, series_of
from ntp_dynamics.verdict.terms import Given, Terms
from ntp_dynamics.verdict.verdict import Verdict


@dataclass(frozen=True)
class Precondition:
    """A hypothesis of the theorem.  ``check`` tells from the constants in which runs it is met (one
    bool or one a run), ``failure`` is a plain clause about a run, itself or as a function of the
    constants: "some token is confused"."""

    name: str
    check: Callable[[Any], Any]
    failure: str | Callable[[Any], str]


UNRATED = Precondition(
    "a rate",
    lambda c: False,
    "a limit without a rate, which no finite record can break: reported, not judged",
)
"""Of a claim that its source makes of the limit only; no run meets it."""


@dataclass(frozen=True)
class Claim:
    """A statement about one observable y: y <= C f (or >=), exactly as its source says.

    ``source`` and ``version`` tell where and in which of its wordings; ``stage`` and ``observable``
    where y is found in a record.  ``law``, ``constant`` = ln C (None: some constant) and ``t_min``
    are values or functions of the constants.  ``ceiling``: the largest value y can take, itself
    and not its log (the smallest, for side "lower").  ``kind``: proved in the source, or derived
    here.  ``tight``: the rate is meant to be attained, not only respected; a value, to be met.
    ``about``: every run is to keep it, or (ensemble) it speaks of an expectation or a probability
    over runs.  ``clock``: the name of the axis it is judged along, counted in ``unit``;
    ``timeless``: that is a mode number or a swept value.  ``offset``: the law is about t + offset,
    one number for all runs, itself or as a function of the constants.  ``places``, of a timeless
    claim and of the constants, (T,): where along its axis it speaks, and its law is given there
    only; None is everywhere.  ``evaluated``: what it is about was computed from formulas, and not
    observed in a run.  ``transient``: False declares that none dies out along its axis (`judge`).
    """

    id: str
    statement: str
    source: str
    version: str
    stage: str
    observable: str
    law: Law | Callable[[Any], Law]
    constant: Any = None
    side: Literal["upper", "lower"] = "upper"
    preconditions: tuple[Precondition, ...] = ()
    t_min: Any = None
    ceiling: float | None = None
    kind: Literal["proved", "derived"] = "proved"
    tight: bool = False
    about: Literal["run", "ensemble"] = "run"
    clock: str = "step"
    unit: str = ""
    timeless: bool = False
    offset: Any = 0.0
    places: Callable[[Any], Any] | None = None
    evaluated: bool = False
    transient: bool = True

    def judge(
        self,
        t: Any,
        log_y: Any,
        constants: Any = None,
        residual: Any = None,
        log_floor: Any = None,
        schedule: Any = None,
        beyond: bool = True,
        values: Any = None,
    ) -> Verdict:
        """The verdict on S runs (see ``verdict.judge.judge``) with these constants; ``values``
        (S, T) are y itself, for laws that are not about its log.

        Law, constant and start are only filled in where some run meets the hypotheses.  With
        ``beyond`` the verdict also tells, apart, what the runs show that do not meet them.
        """
        runs = len(np.atleast_2d(np.asarray(log_y)))
        terms = Terms(self, Given(constants, runs), np.asarray(t, dtype=np.float64))

        def series() -> Series:
            given = log_y if terms.law.reads_logs else values
            if given is None:
                raise ValueError(f"the law {terms.law.describe()} asks for values")
            return series_of(t, given, residual)

        return judge_asked([Asked(terms, series, log_floor, schedule, beyond)])[0]

    @property
    def unrated(self) -> bool:
        """Whether it is a limit without a rate."""
        return UNRATED in self.preconditions

    @property
    def log_ceiling(self) -> float | None:
        if self.ceiling is None:
            return None
        return math.log(self.ceiling) if self.ceiling > 0 else -math.inf
