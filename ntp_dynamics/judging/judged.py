"""A statement, the curve it was held against, and the verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.statement import Made, Statement, made
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.verdict import Verdict

CODES = {"kept": 0, "contradicted": 1, "undecided": 3}
"""Exit codes by what was found; 2 is what cannot be read."""
CONTRADICTED = (Label.contradicted,)
UNDECIDED = (Label.inconclusive, Label.vacuous, Label.invalid, Label.does_not_apply)


@dataclass(frozen=True, eq=False)
class Judged:
    """The answer of `ntp-judge` and `judge_curve`."""

    statement: Statement
    curve: Curve
    made: Made
    verdict: Verdict

    @property
    def answer(self) -> str:
        """kept, contradicted or undecided."""
        label = self.verdict.label
        if label in CONTRADICTED:
            return "contradicted"
        return "undecided" if label in UNDECIDED else "kept"

    @property
    def exit_code(self) -> int:
        """0 kept, 1 contradicted, 3 undecided."""
        return CODES[self.answer]

    @property
    def sentence(self) -> str:
        """The verdict in plain words, with its numbers."""
        return self.verdict.sentence

    @cached_property
    def log_bound(self) -> np.ndarray | None:
        """(1, T): ln C f where the statement draws a curve with its constant; None where not."""
        if self.made.log_constant is None:
            return None
        return self.made.law.log_f(self.curve.t) + self.made.log_constant


def hold(statement: Statement, curve: Curve) -> Judged:
    """The verdict on a statement about a curve.  Raises UserError for a law that cannot be read."""
    asked = made(statement, curve.clock)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_y = np.log(curve.y)
    verdict = judge(
        curve.t,
        log_y,
        asked.law,
        log_constant=asked.log_constant,
        side=asked.side,
        t_min=statement.start,
        log_ceiling=_log(statement.ceiling),
        log_floor=_log(statement.floor),
        about=statement.about,
        clock=curve.clock,
        unit=statement.unit,
    )
    return Judged(statement, curve, asked, verdict)


def _log(value: Any) -> float | None:
    return None if value is None else math.log(value)
