"""What a sample of runs shows of a law about all of them, and the verdict it makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr

from ntp_dynamics.verdict.gate import Case

LEAST_RUNS = 32
"""Fewer describe, and contradict nothing, where errors are estimated from the runs themselves."""
RUNS_A_DEGREE = 4
"""A p-value is that of Student's t with S / 4 degrees of freedom: the tail of the mean of chi^2_1
is heavier than with S - 1, and lighter than this."""
ALPHA = 1e-3
"""Share of true laws that a sample may be said to contradict."""
OUTCOME = {"consistent": "kept", "contradicted": "contradicted"}


@dataclass(frozen=True)
class Found:
    """``status``: consistent, contradicted, inconclusive; ``reason`` where there is nothing to see.

    ``estimate`` and ``interval`` (95 %): of a mean, a share, an exponent or a rate, as the form
    says, at ``step``, a place of the case; ``z``: how many standard errors it is away, with its
    sign; ``band``: of a mean against a curve, in logs (`verdict.mean`); ``p``: of a contradiction,
    nan where none was looked for; ``asked``: runs that it rests on; ``two_sided``: an estimate that
    agrees is as large as claimed, and no larger.
    """

    status: str = "inconclusive"
    reason: str = ""
    z: float | None = None
    step: float | None = None
    band: tuple[float, float] | None = None
    estimate: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    p: float = math.nan
    asked: int = 0
    descriptive: bool = False
    two_sided: bool = True

    def said(self, case: Case, said: Mapping[str, Any], numbers: np.ndarray) -> dict[str, Any]:
        """Fields of a verdict beside, or instead of, those ``said`` already; ``numbers``: the runs
        of the case as they were given."""
        word = "undecided" if self.reason else OUTCOME.get(self.status, "undecided")
        outcomes = list(said["outcomes"])
        for run in numbers.tolist():
            outcomes[run] = word
        found: dict[str, Any] = {"outcomes": tuple(outcomes), "runs_judged": len(numbers)}
        if self.reason:
            return {**found, "gate": "insufficient", "reason": self.reason}
        tight = self.status == "consistent" and self.two_sided
        shown = case.counted.all(axis=0)
        return {
            **found,
            "rate": self.status,
            "tightness": "tight" if tight else "unresolved",
            "z": self.z,
            "z_at": None if self.step is None else case.clock.place(self.step),
            "band": self.band,
            "exponent": self.estimate,
            "interval": self.interval,
            "p_contradicted": self.p,
            "runs_rated": self.asked,
            "horizon": case.clock.place(case.t[shown][-1]),
            "descriptive": self.descriptive,
        }


def p_of(z: float, runs: int, looks: int = 1) -> float:
    """Of the largest of so many z, either way."""
    return min(1.0, 2 * looks * float(stdtr(runs / RUNS_A_DEGREE, -abs(z))))
