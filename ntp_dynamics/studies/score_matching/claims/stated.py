"""A claim of this study, and the hypotheses that several of them share.

Laws and hypotheses are functions of the job (`problem.ScoreMatchingProblem`), which also knows how
its phases ended. The paper was not read itself: its theorems are those that public notes and
reviews agree on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.config import PhaseName, Start, Way
from ntp_dynamics.studies.score_matching.problem import Outcome, ScoreMatchingProblem
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

Problem = ScoreMatchingProblem
PAPER = "arXiv 2511.22069, {} (read in public notes)"
DERIVED = "derived"
DESCENT, AVERAGED, FLOW = PhaseName.descent, PhaseName.averaged, PhaseName.flow
CLOCKS = {FLOW: ("time", "path length"), PhaseName.saddle: ("iteration", "")}

EXACT = Precondition(
    "exact", lambda p: p.engine.way is Way.quadrature, "expectations are drawn, not exact"
)
EQUAL = Precondition("equal weights", lambda p: not p.config.model.weights, "weights differ")
SEVERAL = Precondition("n >= 2", lambda p: p.config.model.students >= 2, "there is one student")


def start(kind: Start) -> Precondition:
    """Of one kind of start."""
    return Precondition(
        f"init.kind={kind}", lambda p: p.config.init.kind is kind, f"the start is no {kind}"
    )


def stated(
    identity: str,
    statement: str,
    source: str,
    stage: str,
    observable: str,
    law: Law | Callable[[Any], Law],
    *hypotheses: Precondition,
    version: str = "text",
    **more: Any,
) -> Claim:
    """A claim about a phase if the job has it; derived, unless its source is the paper's."""

    def guarded(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda p: stage not in p.outcomes or check(p)  # the first one says what is missing

    there = Precondition(
        f"phase {stage}", lambda p: stage in p.outcomes, f"the job has no phase {stage}"
    )
    supposed = [Precondition(h.name, guarded(h.check), h.failure) for h in hypotheses]
    clock, unit = CLOCKS.get(PhaseName(stage), ("step", ""))
    kind = "derived" if source == DERIVED else "proved"
    return Claim(
        identity,
        statement,
        source,
        version,
        str(stage),
        observable,
        law,
        preconditions=(there, *supposed),
        **{"clock": clock, "unit": unit, "kind": kind, **more},
    )


def ended(p: Problem, stage: str) -> Outcome:
    """How a phase ended; nan in all runs where there is none."""
    blank = np.full(p.runs, math.nan)
    return p.outcomes.get(str(stage), Outcome(blank, blank, blank, blank))


def alone(stage: str) -> Precondition:
    """One converged, and the others are beyond 5."""

    def check(p: Problem) -> Any:
        outcome = ended(p, stage)
        return (outcome.count == 1) & (outcome.far > 5)

    return Precondition("one converged", check, "not exactly one converged and left the others far")


def late(stage: str) -> Callable[[Problem], float]:
    """The second half of a descent: where a count is what it stays."""

    def step(p: Problem) -> float:
        part = p.config.averaged if stage == AVERAGED else p.config.train
        return max(1.0, part.steps / 2)

    return step


def number(value: Callable[[Problem], float]) -> Callable[[Problem], Law]:
    """A count, exactly."""
    return lambda p: Law.value(float(value(p)), absolute=0.1)
