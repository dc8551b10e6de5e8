"""Claims: one statement of one theorem, ready to be held against trajectories.

The lab knows nothing of the study.  A claim's law, constant and start may be functions of the
study's ``constants``, an object of the study's own making whose attributes are (S,) arrays, one
value a run; the claim only passes it on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ntp_dynamics.verdict.gate import Condition, admit
from ntp_dynamics.verdict.judge import inapplicable, judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict
from ntp_dynamics.verdict.wording import EXACT, observed

NOT_MEASURABLE = (ValueError, TypeError, ArithmeticError, IndexError)
"""What filling in a law may raise whose constants are no numbers outside the hypotheses."""


@dataclass(frozen=True)
class Precondition:
    """A hypothesis of the theorem.  ``check`` tells from the constants in which runs it is met (one
    bool or one a run), ``failure`` is a plain clause about a run, itself or as a function of the
    constants: "some token is confused"."""

    name: str
    check: Callable[[Any], Any]
    failure: str | Callable[[Any], str]


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
    observed in a run.
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
        conditions = [
            (p.name, p.check(constants), at(p.failure, constants)) for p in self.preconditions
        ]
        kept, excluded = admit(conditions, len(np.atleast_2d(np.asarray(log_y))))

        def judged(preconditions: Sequence[Condition]) -> Verdict:
            """Of the runs that meet them."""
            return judge(
                t,
                log_y,
                at(self.law, constants),
                log_constant=at(self.constant, constants),
                log_ceiling=self._log_ceiling(),
                side=self.side,
                t_min=at(self.t_min, constants),
                log_floor=log_floor,
                residual=residual,
                preconditions=preconditions,
                schedule=schedule,
                about=self.about,
                values=values,
                clock=self.clock,
                unit=self.unit,
                timeless=self.timeless,
                offset=self.offset_for(constants),
            )

        covered = kept.any()
        verdict = judged(conditions) if covered else inapplicable(len(kept), excluded, self.about)
        if self.tight and verdict.form in EXACT and verdict.bound == "holds":
            verdict = replace(verdict, tightness="tight")
        verdict = replace(verdict, evaluated=self.evaluated)
        if not beyond or kept.all():
            return verdict
        with suppress(*NOT_MEASURABLE), np.errstate(all="ignore"):
            outside = judged([("outside the hypotheses", ~kept, "covered")])
            return replace(verdict, beyond=observed(outside))
        return verdict

    def offset_for(self, constants: Any) -> float:
        """What is added to t.  Raises ValueError where it differs between runs."""
        offsets = np.unique(np.asarray(at(self.offset, constants), dtype=np.float64))
        known = offsets[np.isfinite(offsets)]
        if known.size != 1:
            raise ValueError(f"the offset of {self.id} is not one number for all runs: {offsets}")
        return float(known[0])

    def _log_ceiling(self) -> float | None:
        if self.ceiling is None:
            return None
        return math.log(self.ceiling) if self.ceiling > 0 else -math.inf


def at(value: Any, constants: Any) -> Any:
    """A field of a claim with the study's constants filled in.

    Runs that do not meet the hypotheses may have constants that are no numbers.
    """
    with np.errstate(all="ignore"):
        return value(constants) if callable(value) else value
