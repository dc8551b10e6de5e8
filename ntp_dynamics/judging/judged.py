"""A statement, the curve it was held against, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.curves.distinct import distinct
from ntp_dynamics.judging.floor import with_floor
from ntp_dynamics.judging.settle import settle
from ntp_dynamics.judging.statement import Made, Statement, made
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.verdict.clock import STEPS
from ntp_dynamics.verdict.curved import Envelope
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.law import Exponential, Power
from ntp_dynamics.verdict.verdict import Verdict

CODES = {"kept": 0, "contradicted": 1, "undecided": 3}
"""Exit codes by what was found; 2 is what cannot be read."""
CONTRADICTED = (Label.contradicted,)
UNDECIDED = (Label.inconclusive, Label.vacuous, Label.invalid, Label.does_not_apply)


@dataclass(frozen=True, eq=False)
class Judged:
    """The answer of `ntp-judge` and `judge_curve`.  ``settles``: whether `settle` is asked."""

    statement: Statement
    curve: Curve
    made: Made
    verdict: Verdict
    settles: bool = True

    @property
    def answer(self) -> str:
        """kept, contradicted or undecided."""
        return answered(self.verdict.label)

    @property
    def exit_code(self) -> int:
        """0 kept, 1 contradicted, 3 undecided."""
        return CODES[self.answer]

    @property
    def sentence(self) -> str:
        """The verdict in plain words, with its numbers."""
        return self.verdict.sentence

    @cached_property
    def settle(self) -> str | None:
        """What would settle an open question, or what an answer rests on; None if not asked."""
        if not self.settles:
            return None

        def again(curve: Curve) -> str:
            return answered(put(self.statement, curve, self.made).label)

        return settle(self.verdict, self.answer, again, self.curve, self.made)

    @cached_property
    def log_constants(self) -> Float[np.ndarray, " S"]:
        """ln of the constant that each run needs at its recorded places: the smallest C of an upper
        bound, the largest of a lower one; nan where the law has none."""
        law, t = self.made.law, self.curve.t
        if not isinstance(law, (Power, Exponential, Envelope)):
            return np.full(len(self.curve.y), np.nan)
        floor = 100 * (self.statement.floor or 0.0)  # what the verdict reads as "at most this"
        counts = (t >= max(self.statement.start or 0.0, float(law.start.max()))) & (
            self.curve.y > floor
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.log(self.curve.y) - law.log_f(t)
        upper = self.made.side == "upper"
        gap = np.where(counts & ~np.isnan(gap), gap, -np.inf if upper else np.inf)
        found = gap.max(axis=1) if upper else gap.min(axis=1)
        return np.where(np.isfinite(found), found, np.nan)

    @cached_property
    def log_bound(self) -> np.ndarray | None:
        """(1, T): ln C f where the statement draws a curve with its constant; None where not."""
        if self.made.log_constant is None:
            return None
        return self.made.law.log_f(self.curve.t) + self.made.log_constant


def answered(label: Label) -> str:
    """kept, contradicted or undecided."""
    if label in CONTRADICTED:
        return "contradicted"
    return "undecided" if label in UNDECIDED else "kept"


def hold(
    statement: Statement, curve: Curve, where: str = "--law", *, settles: bool = True
) -> Judged:
    """The verdict on a statement about a curve.  ``where`` the law was written.

    Raises UserError for a law that cannot be read, for one that takes no such constant or start,
    and for a curve with negative values, which has no log.
    """
    if (curve.y < 0).any():
        run, place = np.argwhere(curve.y < 0)[0]
        what = f"{curve.name} is {curve.y[run, place]:g} at {curve.clock} {curve.t[place]:g}"
        cure = "laws of decay and growth speak of positive quantities; judge a gap or a size"
        raise UserError(curve.source or "y", what, cure)
    curve = distinct(curve)
    asked = made(statement, curve.clock, where, curve.bounds)
    statement, curve = with_floor(statement, curve, asked)
    try:
        verdict = put(statement, curve, asked)
    except ValueError as error:
        raise UserError(where, str(error), "see ntp-judge --help") from error
    return Judged(statement, curve, asked, verdict, settles)


def put(statement: Statement, curve: Curve, asked: Made) -> Verdict:
    """The question of a statement, put to `verdict.judge`.  Raises ValueError as it does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        log_y = np.log(curve.y)
    # Only a declaration is passed on: what says nothing is judged as ever.
    declared: dict[str, Any] = {} if statement.transient else {"transient": False}
    return judge(
        curve.t,
        log_y,
        asked.law,
        log_constant=asked.log_constant,
        side=asked.side,
        t_min=statement.start,
        log_ceiling=_log(statement.ceiling),
        log_floor=_log(statement.floor),
        about=statement.about,
        clock=_clock(curve),
        unit=statement.unit,
        **declared,
    )


def _clock(curve: Curve) -> str:
    """What t is called; steps are whole, so that what is not is no step."""
    whole = bool((curve.t == np.floor(curve.t)).all())
    return "t" if curve.clock == STEPS.name and not whole else curve.clock


def _log(value: Any) -> float | None:
    return None if value is None else math.log(value)
