"""Which engine moves a stage, and why not the fused kernels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ntp_dynamics.config.choices import Device
from ntp_dynamics.studies.next_token.choices import EngineName, NormOver, Precision, Stage
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.conflicts import unfused
from ntp_dynamics.studies.next_token.data.draw import batch_key
from ntp_dynamics.studies.next_token.groups import (
    NormalisedGradientDescent,
    Polyak,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.model.excess import WIDEST_MARGIN, equal_margin
from ntp_dynamics.studies.next_token.model.kernel_check import kernel_fault
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.engine import LOG_DOMAIN, Autograd, Engine
from ntp_dynamics.studies.next_token.optim.graphed import GraphedDescent
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.minibatches import Minibatches
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    JointObjective,
    Objective,
)
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.study import Dynamics


@dataclass(frozen=True)
class Choice:
    """The engine of a job."""

    slopes: Engine
    """What computes slopes wherever a state is asked for."""
    why: str | None
    """Why the fused kernels do not move it; None where they do."""
    asked: bool = False
    """Whether that is what was asked for."""
    device: Device = Device.cpu

    @property
    def fused(self) -> bool:
        """Whether the kernels move it."""
        return self.why is None

    @property
    def in_words(self) -> str:
        """Which engine moves it, and why not the kernels where they cannot."""
        if self.fused:
            return "numba, float64, log domain"
        where = "" if self.device is Device.cpu else f", {self.device}"
        return f"{self.slopes.name}{where}" if self.asked else f"{self.slopes.name}; {self.why}"


def choose(config: Config, shadow: bool = False) -> Choice:
    """The engine that a configuration asks for, or that of its shadow."""
    if shadow:
        return Choice(autograd(config), "it is a shadow", asked=True)
    if config.runtime.device is Device.cuda:
        return Choice(LOG_DOMAIN, "it runs on the GPU", asked=True, device=Device.cuda)
    if config.engine in (EngineName.torch, EngineName.autograd):
        naive = config.engine is EngineName.autograd
        engine = autograd(config) if naive else LOG_DOMAIN
        return Choice(engine, f"engine={config.engine}", asked=True)
    return Choice(
        LOG_DOMAIN, unfused(config) or kernel_fault(), asked=config.engine is EngineName.numba
    )


def autograd(config: Config) -> Engine:
    """Automatic differentiation in the precision of the configuration."""
    formats = {Precision.float32: torch.float32, Precision.float64: torch.float64}
    return Autograd(formats[config.precision])


def dynamics_of(
    objective: Objective, choice: Choice, config: Config, reference: Reference | None
) -> Dynamics:
    """A stage at its start, moved by the engine that was chosen.

    ``reference``: what kernels measure against on their way; None where they measure nothing.
    """
    drawn = minibatches(config, objective)
    if choice.fused and not _only_by_tensors(objective, config):
        return _kernel(objective, config, reference, drawn)
    rule, decay = make_rule(config.optimizer), config.optimizer.weight_decay
    sizes = step_sizes(objective, config)
    if choice.device is Device.cuda:
        return GraphedDescent(objective, rule, sizes, decay, torch.device(choice.device))
    return Descent(objective, rule, sizes, decay, drawn)


def _only_by_tensors(objective: Objective, config: Config) -> bool:
    """Whether a step is Polyak's, whose excess loss kernels do not know at so wide a margin."""
    if not (isinstance(config.optimizer, Polyak) and isinstance(objective, AttentionObjective)):
        return False
    return bool((equal_margin(objective.logits, objective.batch) > WIDEST_MARGIN).any())


def minibatches(config: Config, objective: Objective) -> Minibatches | None:
    """Those of a stage; None where every step takes all, as in the feed-forward stage, whose loss
    is not one of sentences."""
    if config.batch.size is None or objective.stage is Stage.feed_forward:
        return None
    stage = int(objective.stage is Stage.joint)
    keys = [batch_key(config.seed, run, stage) for run in range(config.runs)]
    return Minibatches(config.batch.size, config.batch.replacement, keys)


def _kernel(
    objective: Objective, config: Config, reference: Reference | None, drawn: Minibatches | None
) -> Dynamics:
    from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps  # takes numba along
    from ntp_dynamics.studies.next_token.model.trained import NORMALISED
    from ntp_dynamics.studies.next_token.optim.closed_form import ClosedForm, in_closed_form
    from ntp_dynamics.studies.next_token.optim.joint import JointKernel
    from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel, ColumnsKernel
    from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
    from ntp_dynamics.studies.next_token.optim.linear_dynamics import LinearKernel

    optimizer, threads = config.optimizer, config.runtime.threads
    rules = [kernel_rule(optimizer, step_size) for step_size in step_sizes(objective, config)]
    if isinstance(objective, JointObjective):
        normalised = isinstance(optimizer, NormalisedGradientDescent)
        together = normalised and optimizer.norm is not NormOver.matrix
        together = together or isinstance(optimizer, Polyak)
        scores, logits = rules
        return JointKernel(objective, JointSteps(0, scores, logits, together), threads, drawn)
    (rule,) = rules
    if isinstance(objective, LinearObjective):
        split = isinstance(optimizer, SplitNormalisedGradientDescent)
        inside = optimizer.finite_step_size if split else None
        return LinearKernel(objective, rule, inside, threads, reference)
    if isinstance(objective, AttentionObjective):
        return AttentionKernel(objective, rule, threads, reference, drawn)
    assert isinstance(objective, FeedForwardObjective)
    if in_closed_form(objective, rule):
        return ClosedForm(objective, rule.step_size, rule.kind == NORMALISED, reference)
    return ColumnsKernel(objective, rule, threads, reference)


def step_sizes(objective: Objective, config: Config) -> tuple[float, ...]:
    """One for each matrix."""
    if objective.stage is Stage.joint:
        return config.train.joint.step_size, config.train.joint.feed_forward_step_size
    return (getattr(config.train, objective.stage).step_size,)
