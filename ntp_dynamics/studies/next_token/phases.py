"""The stages of a job as phases: what each starts from, and the engine that moves it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.record.trajectory import said
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.groups import NormalisedGradientDescent
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.optim.choice import Choice, choose, dynamics_of
from ntp_dynamics.studies.next_token.optim.engine import Engine
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    JointObjective,
    Objective,
)
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.outline import outline
from ntp_dynamics.studies.next_token.problem import NextToken
from ntp_dynamics.studies.next_token.size import leaves_out_pairs
from ntp_dynamics.studies.next_token.tables import as_array
from ntp_dynamics.study import SHADOW, Dynamics, Outline, Phase

States = Mapping[str, State]
"""The last states of the phases so far, by name."""
MARGIN = 1.0
"""Of the logits that stand in for those of a feed-forward stage that is not trained yet."""


def phases(problem: NextToken) -> list[Phase]:
    """The phases of a job; those of a shadow start from one another."""
    return [_phase(problem, one) for one in outline(problem.config)]


def _phase(problem: NextToken, one: Outline) -> Phase:
    choice = choose(problem.config, shadow=bool(one.shadow))
    stage = Stage(one.shadow or one.name)
    naive = {"engine": choice.slopes.name} if one.shadow else {}
    frozen = stage is Stage.attention and not one.shadow and stage not in problem.losses
    frozen = frozen and not leaves_out_pairs(problem.config, problem.shape)
    return Phase(
        outline=one,
        start=partial(_start, problem, one, choice),
        rehearse=partial(_rehearsed, problem, stage, choice),
        frozen=_frozen_logits if frozen else lambda state: {},
        attributes=naive,
        engine=choice.in_words,
        alone=not choice.fused,
    )


def _start(problem: NextToken, one: Outline, choice: Choice, states: States) -> Dynamics:
    logits = frozen_logits(problem, states, SHADOW if one.shadow else "")
    objective = objective_of(problem, Stage(one.shadow or one.name), logits, choice.slopes)
    return dynamics_of(objective, choice, problem.config, problem.reference)


def _rehearsed(problem: NextToken, stage: Stage, choice: Choice) -> State:
    logits = exact_margin(MARGIN, problem.batch)
    objective = objective_of(problem, stage, logits, choice.slopes)
    return objective.state(objective.start)


def _frozen_logits(state: State) -> dict[str, Any]:
    about = said("frozen logits M = W_ov E of this stage")
    return {"logits": (("run", "next", "key"), as_array(state.logits), about)}


def frozen_logits(problem: NextToken, states: States, prefix: str = "") -> Float[Tensor, "R J V"]:
    """The logits M = W_ov E of the attention stage; ``prefix`` of the phases that are asked."""
    if problem.config.train.margin is not None:
        return exact_margin(problem.config.train.margin, problem.batch)
    before = states.get(prefix + Stage.feed_forward)
    return problem.feed_forward.start if before is None else before.logits


def objective_of(
    problem: NextToken, stage: Stage, logits: Float[Tensor, "R J V"], engine: Engine
) -> Objective:
    """What a stage minimises; ``logits`` are those of the attention stage."""
    if loss := problem.losses.get(stage):
        matrix = problem.feed_forward if stage is Stage.feed_forward else problem.attention
        keeps = isinstance(problem.config.optimizer, NormalisedGradientDescent)
        told = stage, problem.batch, matrix, loss, logits, engine
        return LinearObjective(*told, keeps_least=keeps)
    if stage is Stage.feed_forward:
        return FeedForwardObjective(problem.batch, problem.feed_forward, engine)
    if stage is Stage.attention:
        return AttentionObjective(problem.batch, problem.attention, logits, engine)
    return JointObjective(problem.batch, problem.attention, problem.feed_forward, engine)
