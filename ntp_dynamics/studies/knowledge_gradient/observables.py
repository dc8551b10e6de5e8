"""What a job records of every policy: units, names, phases, and how it is shown."""

from __future__ import annotations

from typing import Any

from ntp_dynamics.observe.observable import Measure, Observable, Scale
from ntp_dynamics.record.over_runs import OverRuns
from ntp_dynamics.studies.knowledge_gradient.config import (
    AVAILABLE,
    IKG,
    Motion,
    Policy,
    Question,
    stage,
)
from ntp_dynamics.studies.knowledge_gradient.measures import (
    ahead_of_kg,
    allocation_gap,
    best_estimate,
    false_selection,
    frozen,
    log_index_margin,
    log_posterior_error,
    log_set_error,
    opportunity_cost,
    posterior_gap,
    predicted_rate,
    predicted_set_rate,
    rate,
    set_rate,
    share,
    share_efficiency,
)

DERIVED = "derived"


def _first(step: int) -> bool:
    return step == 1


def stages(
    motions: tuple[Motion, ...], questions: tuple[Question, ...], *policies: Policy
) -> tuple[str, ...]:
    """Phases of these kinds; of every policy, if none is named."""
    return tuple(
        stage(p, question, motion)
        for motion in motions
        for question in questions
        for p in AVAILABLE[question]
        if not policies or p in policies
    )


SIMULATED, FLUID = (Motion.simulated,), (Motion.fluid,)
EITHER = (Motion.simulated, Motion.fluid)
EVERY = (Question.bai, Question.eps_good, Question.feasible)
NEAR_BEST = (Question.bai, Question.eps_good)
OF_SETS = stages(FLUID, (Question.eps_good,), Policy.ikg, Policy.ikg_plain)
COMPARED = (*IKG, Policy.ocba, Policy.ttei, Policy.tt_ids)
"""Policies that are compared with kg in pairs."""


def described(
    measure: Measure,
    phases: tuple[str, ...],
    long_name: str,
    title: str = "",
    units: str = "1",
    scale: Scale = Scale.semi_log,
    **more: Any,
) -> Observable:
    """An observable of this study, named after its function."""
    name = getattr(measure, "__name__", "observable")
    given = {"source": DERIVED, **more}
    return Observable(name, phases, measure, units, long_name, title=title, scale=scale, **given)


OBSERVABLES = [
    described(
        false_selection,
        stages(SIMULATED, EVERY),
        "1 where the answer is wrong; its mean over runs is the probability of false selection",
        "probability of false selection",
        ceiling=1.0,
        over_runs=OverRuns.share,
        rank=1,
    ),
    described(
        log_posterior_error,
        stages(SIMULATED, EVERY),
        "posterior chance of a wrong answer, as a sum over arms",
        "posterior error",
        log=True,
    ),
    described(
        posterior_gap,
        stages(EITHER, EVERY),
        "posterior error over that of n pulls in the best shares at the true means",
        "posterior error over the best",
        log=True,
        rank=2,
    ),
    described(
        allocation_gap,
        stages(SIMULATED, NEAR_BEST),
        "posterior error of the pulls so far at the true means over that of the best shares",
        "error of the allocation over the best",
        log=True,
    ),
    described(
        rate,
        stages(EITHER, EVERY),
        "rate of the posterior error over an octave of pulls over Gamma*",
        "rate over Gamma*",
        dims=("octave",),
        scale=Scale.linear,
    ),
    described(
        predicted_rate,
        stages(SIMULATED, NEAR_BEST, Policy.kg),
        "rate that the shares of the policy tend to over Gamma*",
        schedule=_first,
        scale=Scale.linear,
    ),
    described(
        predicted_set_rate,
        stages(FLUID, (Question.eps_good,), Policy.oracle),
        "rate of the exact set at the shares that are best for the printed one, over its Gamma",
        schedule=_first,
        scale=Scale.linear,
    ),
    described(
        share,
        stages(EITHER, EVERY),
        "share of the pulls",
        "shares",
        dims=("arm",),
        scale=Scale.linear,
    ),
    described(
        share_efficiency,
        stages(FLUID, EVERY),
        "rate of the shares so far over Gamma*",
        "rate of the shares over Gamma*",
        scale=Scale.linear,
    ),
    described(
        frozen,
        stages(SIMULATED, NEAR_BEST),
        "1 where the best arm had less than 1 % of the pulls since half of the horizon",
        "frozen",
        scale=Scale.linear,
        over_runs=OverRuns.share,
    ),
    described(
        ahead_of_kg,
        stages(SIMULATED, (Question.bai,), *COMPARED),
        "1 where it is right and kg wrong on the same rewards, 0 the other way, else nan",
        "right where kg is wrong",
        scale=Scale.linear,
        over_runs=OverRuns.share,
        may_end=True,
    ),
    described(
        opportunity_cost,
        stages(SIMULATED, NEAR_BEST),
        "largest mean less that of the arm of the largest estimate",
        "opportunity cost",
        units="reward",
        over_runs=OverRuns.mean,
    ),
    described(
        best_estimate,
        stages(SIMULATED, NEAR_BEST),
        "arm of the largest estimate",
        scale=Scale.linear,
    ),
    described(
        log_index_margin,
        stages(SIMULATED, NEAR_BEST, Policy.kg, *IKG),
        "difference of the two largest log indices",
        scale=Scale.linear,
    ),
    described(
        log_set_error,
        OF_SETS,
        "chance that the set of good arms is wrong, as a sum over ways",
        "error of the exact set",
        log=True,
    ),
    described(
        set_rate,
        OF_SETS,
        "rate of the error of the exact set since half of the horizon over the printed Gamma",
        "rate of the exact set",
        scale=Scale.linear,
    ),
]
