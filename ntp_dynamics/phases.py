"""The stages of a job as phases: what each starts from, and the engine that moves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import Config, Stage
from ntp_dynamics.job import Job
from ntp_dynamics.model.init import exact_margin
from ntp_dynamics.observe.tree import SHADOW
from ntp_dynamics.optim.choice import Choice, choose, dynamics_of
from ntp_dynamics.optim.engine import Engine
from ntp_dynamics.optim.objectives import Attention, FeedForward, Joint, Objective
from ntp_dynamics.optim.state import State
from ntp_dynamics.study import Dynamics, Outline, Phase

States = Mapping[str, State]
"""The last states of the phases so far, by name."""


def outlines(config: Config) -> list[Outline]:
    """The stages, then their shadows where they are asked for."""
    stages = [Outline(stage.value, getattr(config.train, stage).steps) for stage in config.stages]
    return [*stages, *(_shadow(stage) for stage in stages if config.shadow)]


def phases(job: Job) -> list[Phase]:
    """The phases of a job; those of a shadow start from one another."""
    return list(_phases(job))


def _phases(job: Job) -> Iterator[Phase]:
    for outline in outlines(job.config):
        choice = choose(job.config, shadow=bool(outline.shadow))

        def start(states: States, outline: Outline = outline, choice: Choice = choice) -> Dynamics:
            logits = frozen_logits(job, states, SHADOW if outline.shadow else "")
            stage = Stage(outline.shadow or outline.name)
            objective = objective_of(job, stage, logits, choice.slopes)
            return dynamics_of(objective, choice, job.config, job.reference)

        yield Phase(outline, start, choice.in_words, alone=not choice.fused)


def frozen_logits(job: Job, states: States, prefix: str = "") -> Float[Tensor, "R V V"]:
    """The logits M = W_ov E of the attention stage; ``prefix`` of the phases that are asked."""
    if (there := states.get(prefix + Stage.attention)) is not None:
        return there.logits
    if job.config.train.margin is not None:
        return exact_margin(job.config.train.margin, job.batch)
    before = states.get(prefix + Stage.feed_forward)
    return job.feed_forward.start if before is None else before.logits


def objective_of(
    job: Job, stage: Stage, logits: Float[Tensor, "R V V"], engine: Engine
) -> Objective:
    """What a stage minimises; ``logits`` are those of the attention stage."""
    if stage is Stage.feed_forward:
        return FeedForward(job.batch, job.feed_forward, engine)
    if stage is Stage.attention:
        return Attention(job.batch, job.attention, logits, engine)
    return Joint(job.batch, job.attention, job.feed_forward, engine)


def _shadow(stage: Outline) -> Outline:
    return Outline(
        SHADOW + stage.name,
        stage.horizon,
        shadow=stage.name,
        label=f"{stage.name} (shadow)",
        measured=False,
    )
