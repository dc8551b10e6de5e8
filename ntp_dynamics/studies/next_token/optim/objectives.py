"""What a stage minimises, as a function of the matrices it trains."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.cross_entropy import CrossEntropy
from ntp_dynamics.studies.next_token.model.excess import log_excess
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.growth import growth_before
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, TokenMatrix
from ntp_dynamics.studies.next_token.optim.engine import LOG_DOMAIN, Engine
from ntp_dynamics.studies.next_token.optim.state import Layer, Position, State
from ntp_dynamics.study import NonFinite

Matrix = TokenMatrix | FullMatrix


class Objective(Protocol):
    """A loss of some matrices; an engine computes its slopes."""

    @property
    def batch(self) -> Batch:
        """The corpora, a run each."""
        ...

    @property
    def stage(self) -> Stage:
        """Which one minimises it."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Of the matrices, for a message."""
        ...

    @property
    def matrices(self) -> tuple[Matrix, ...]:
        """What is trained."""
        ...

    @property
    def start(self) -> Position:
        """Before the first step."""
        ...

    def weighed(self, batch: Batch) -> Objective:
        """The same loss of sentences with other weights."""
        ...

    def to(self, device: torch.device) -> Objective:
        """The same on another device."""
        ...

    def evaluated(self, at: Position) -> State:
        """Value, slope and forward pass, whatever the values are."""
        ...

    def state(self, at: Position) -> State:
        """The same.  Raises NonFinite where a matrix is no number."""
        ...

    def log_gap(self, state: State) -> Float[Tensor, " R"]:
        """The log of the loss above its infimum."""
        ...


class Checked(ABC):
    """What all objectives have."""

    names: tuple[str, ...]

    @abstractmethod
    def evaluated(self, at: Position) -> State:
        """As `Objective.evaluated`."""

    def state(self, at: Position) -> State:
        """As `Objective.state`."""
        state = self.evaluated(at)
        check_finite(at.step, self.names, [layer.value for layer in state.layers])
        return state


class FeedForwardObjective(Checked):
    """Stage 1: W_ov on the collocation loss L0, attention absent."""

    stage, names = Stage.feed_forward, ("W_ov",)

    def __init__(self, batch: Batch, matrix: Matrix, engine: Engine = LOG_DOMAIN):
        self.batch, self.matrix, self.engine = batch, matrix, engine
        self.matrices = (matrix,)

    @property
    def start(self) -> Position:
        """As `Objective.start`."""
        return start(self.matrices)

    def weighed(self, batch: Batch) -> FeedForwardObjective:
        """As `Objective.weighed`; the collocation loss has no sentences."""
        return self

    def to(self, device: torch.device) -> FeedForwardObjective:
        """As `Objective.to`."""
        return FeedForwardObjective(self.batch.to(device), self.matrix.to(device), self.engine)

    def evaluated(self, at: Position) -> State:
        """As `Objective.evaluated`."""
        (logits,) = values(self, at)
        slope, forward = self.engine.feed_forward(logits, self.batch)
        (layer,) = layers(self.matrices, at, [logits], [slope])
        return State(self.stage, at.step, self.batch, None, layer, logits, forward, at.path_length)

    def log_gap(self, state: State) -> Float[Tensor, " R"]:
        """The infimum of L0 is 0."""
        return state.forward.log_loss.logsumexp(-1)


class AttentionObjective(Checked):
    """Stage 2: W_kq on the cross-entropy of all samples, W_ov frozen."""

    stage, names = Stage.attention, ("W_kq",)

    def __init__(
        self,
        batch: Batch,
        matrix: Matrix,
        logits: Float[Tensor, "R J V"],
        engine: Engine = LOG_DOMAIN,
    ):
        self.batch, self.matrix, self.logits, self.engine = batch, matrix, logits, engine
        self.matrices = (matrix,)

    @cached_property
    def loss(self) -> CrossEntropy:
        """Laid out once."""
        return self.engine.attention(self.logits, self.batch)

    @property
    def start(self) -> Position:
        """As `Objective.start`."""
        return start(self.matrices)._replace(growth=growth_before(self.batch, 0))

    def weighed(self, batch: Batch) -> AttentionObjective:
        """As `Objective.weighed`."""
        return AttentionObjective(batch, self.matrix, self.logits, self.engine)

    def to(self, device: torch.device) -> AttentionObjective:
        """As `Objective.to`."""
        moved = self.batch.to(device), self.matrix.to(device), self.logits.to(device)
        return AttentionObjective(*moved, self.engine)

    def evaluated(self, at: Position) -> State:
        """As `Objective.evaluated`."""
        (scores,) = values(self, at)
        slope, forward = self.loss.gradient(scores)
        (layer,) = layers(self.matrices, at, [scores], [slope])
        growth = at.growth.then(forward, self.batch) if at.growth else None
        told = layer, None, self.logits, forward, at.path_length, growth
        return State(self.stage, at.step, self.batch, *told)

    def log_gap(self, state: State) -> Float[Tensor, " R"]:
        """nan where the infimum is not known."""
        return log_excess(state.forward, self.logits, self.batch)


class JointObjective(Checked):
    """Both layers at once, on the cross-entropy of all samples."""

    stage, names = Stage.joint, ("W_kq", "W_ov")

    def __init__(
        self, batch: Batch, attention: Matrix, feed_forward: Matrix, engine: Engine = LOG_DOMAIN
    ):
        self.batch, self.engine = batch, engine
        self.matrices = (attention, feed_forward)

    @property
    def start(self) -> Position:
        """As `Objective.start`."""
        return start(self.matrices)

    def weighed(self, batch: Batch) -> JointObjective:
        """As `Objective.weighed`."""
        return JointObjective(batch, *self.matrices, self.engine)

    def to(self, device: torch.device) -> JointObjective:
        """As `Objective.to`."""
        attention, feed_forward = (matrix.to(device) for matrix in self.matrices)
        return JointObjective(self.batch.to(device), attention, feed_forward, self.engine)

    def evaluated(self, at: Position) -> State:
        """As `Objective.evaluated`."""
        scores, logits = values(self, at)
        by_score, by_logit, forward = self.engine.joint(scores, logits, self.batch)
        slopes = [by_score, by_logit]
        attention, feed_forward = layers(self.matrices, at, [scores, logits], slopes)
        told = attention, feed_forward, logits, forward, at.path_length
        return State(self.stage, at.step, self.batch, *told)

    def log_gap(self, state: State) -> Float[Tensor, " R"]:
        """The infimum of L is 0."""
        return (state.forward.log_loss + self.batch.log_pi).logsumexp(-1)


def values(objective: Objective, at: Position) -> list[Float[Tensor, "R A B"]]:
    """Scores or logits of each matrix."""
    each = zip(objective.matrices, at.coefficients, _kept(at), strict=True)
    return [matrix.value(coefficients, kept) for matrix, coefficients, kept in each]


def check_finite(step: int, names: tuple[str, ...], found: list[Tensor]) -> None:
    """Raises NonFinite for the first matrix that holds something else than numbers."""
    for name, value in zip(names, found, strict=True):
        if not value.sum().isfinite() and not value.isfinite().all():  # a sum may overflow
            raise NonFinite(step, name)


def start(matrices: tuple[Matrix, ...]) -> Position:
    """Where nothing was added to the W_0 of the matrices."""
    coefficients = [matrix.zero for matrix in matrices]
    return Position(0, coefficients, coefficients[0].new_zeros(len(coefficients[0])))


def _kept(at: Position) -> Sequence[Tensor | None]:
    return at.kept or [None] * len(at.coefficients)


def layers(
    matrices: Sequence[Matrix],
    at: Position,
    found: Sequence[Tensor],
    slopes: Sequence[LogScaled],
) -> list[Layer]:
    """The layers of matrices at values with these slopes."""
    each = zip(matrices, at.coefficients, found, slopes, _kept(at), strict=True)
    return [Layer(m, c, x, m.lift(slope), slope, kept) for m, c, x, slope, kept in each]
