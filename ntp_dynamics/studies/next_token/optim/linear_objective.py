"""A stage whose loss is softmax-linear: soft labels, or the log of attention."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.linear_excess import log_linear_excess
from ntp_dynamics.studies.next_token.model.linear_pass import LinearPass
from ntp_dynamics.studies.next_token.model.softmax_linear import Parts, SoftmaxLinear
from ntp_dynamics.studies.next_token.optim.engine import LOG_DOMAIN, Engine
from ntp_dynamics.studies.next_token.optim.objectives import (
    Checked,
    Matrix,
    layers,
    start,
    values,
)
from ntp_dynamics.studies.next_token.optim.state import Position, State


@dataclass(frozen=True)
class LinearObjective(Checked):
    """One matrix on a softmax-linear loss: W_ov with soft labels, W_kq with the log head."""

    stage: Stage
    batch: Batch
    matrix: Matrix
    loss: SoftmaxLinear
    logits: Float[Tensor, "R J V"]
    """M = W_ov E of the attention stage, which the log head does not use."""
    engine: Engine = LOG_DOMAIN
    keeps_least: bool = False
    """Whether every step knows the least excess loss so far."""

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """As `Objective.matrices`."""
        return (self.matrix,)

    @property
    def names(self) -> tuple[str, ...]:
        """As `Objective.names`."""
        return ("W_ov" if self.stage is Stage.feed_forward else "W_kq",)

    @property
    def start(self) -> Position:
        """As `Objective.start`."""
        at = start(self.matrices)
        if not self.keeps_least:
            return at
        return at._replace(least=torch.full_like(at.path_length, torch.inf))

    def weighed(self, batch: Batch) -> LinearObjective:
        """As `Objective.weighed`; soft labels have no sentences."""
        if self.stage is Stage.feed_forward:
            return self
        return replace(self, batch=batch, loss=self.loss.weighed(batch.log_pi))

    def to(self, device: torch.device) -> LinearObjective:
        """As `Objective.to`."""
        return replace(
            self,
            batch=self.batch.to(device),
            matrix=self.matrix.to(device),
            loss=self.loss.to(device),
            logits=self.logits.to(device),
        )

    def evaluated(self, at: Position) -> State:
        """As `Objective.evaluated`."""
        (found,) = values(self, at)
        parts = self.engine.linear(self.loss, found)
        (layer,) = layers(self.matrices, at, [found], [parts.together])
        layer = replace(layer, parts=Parts(*map(self.matrix.lift, parts)))
        fed = self.stage is Stage.feed_forward
        least = at.least
        if least is not None:
            least = torch.minimum(least, log_linear_excess(self.loss, found))
        return State(
            self.stage,
            at.step,
            self.batch,
            attention=None if fed else layer,
            feed_forward=layer if fed else None,
            logits=found if fed else self.logits,
            forward=LinearPass(self.loss, found),
            path_length=at.path_length,
            linear=self.loss,
            least=least,
        )

    def log_gap(self, state: State) -> Float[Tensor, " R"]:
        """As `Objective.log_gap`; every such loss has a known infimum."""
        return log_linear_excess(self.loss, state.layer.value)
