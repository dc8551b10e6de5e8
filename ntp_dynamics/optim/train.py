"""The training loop: an iterator of states, one a step, that knows nothing of what is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import Stage
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.gradient import (
    FeedForwardPass,
    Forward,
    attention_gradient,
    feed_forward_gradient,
)
from ntp_dynamics.model.token_space import LogScaled, TokenMatrix
from ntp_dynamics.optim.rules import Rule

Pass = TypeVar("Pass")


@dataclass(frozen=True)
class State(Generic[Pass]):
    """All runs of a job at one step of one stage, before the update of that step."""

    stage: Stage
    step: int
    batch: Batch
    matrix: TokenMatrix
    """The trained matrix; W = matrix.start + what the coefficients say."""
    coefficients: Float[Tensor, "R A B"]
    value: Float[Tensor, "R A B"]
    """Scores S (V x Q) in the attention stage, logits M (V x V) in the feed-forward stage."""
    logits: Float[Tensor, "R V V"]
    """M = W_ov E, frozen in the attention stage."""
    gradient: LogScaled
    forward: Pass
    path_length: Float[Tensor, " R"]


AttentionState = State[Forward]
FeedForwardState = State[FeedForwardPass]


def train_feed_forward(
    batch: Batch, matrix: TokenMatrix, rule: Rule, steps: int
) -> Iterator[FeedForwardState]:
    """Stage 1: W_ov on the collocation loss L0, attention absent."""

    def evaluate(walk: _Walk) -> FeedForwardState:
        gradient, forward = feed_forward_gradient(walk.value, batch)
        return State(
            Stage.feed_forward, walk.step, batch, matrix, walk.coefficients, walk.value,
            walk.value, gradient, forward, walk.path_length,
        )  # fmt: skip

    return _descend(matrix, evaluate, rule, steps)


def train_attention(
    batch: Batch, matrix: TokenMatrix, logits: Float[Tensor, "R V V"], rule: Rule, steps: int
) -> Iterator[AttentionState]:
    """Stage 2: W_kq on the cross-entropy of all samples, W_ov frozen."""

    def evaluate(walk: _Walk) -> AttentionState:
        gradient, forward = attention_gradient(walk.value, logits, batch)
        return State(
            Stage.attention, walk.step, batch, matrix, walk.coefficients, walk.value,
            logits, gradient, forward, walk.path_length,
        )  # fmt: skip

    return _descend(matrix, evaluate, rule, steps)


class _Walk(NamedTuple):
    """Where the descent stands."""

    step: int
    coefficients: Float[Tensor, "R A B"]
    value: Float[Tensor, "R A B"]
    path_length: Float[Tensor, " R"]


def _descend(
    matrix: TokenMatrix, evaluate: Callable[[_Walk], State[Pass]], rule: Rule, steps: int
) -> Iterator[State[Pass]]:
    """The states at steps 0 .. steps."""
    coefficients, lost = torch.zeros_like(matrix.start), torch.zeros_like(matrix.start)
    path_length, lost_length = (torch.zeros_like(matrix.start_norm) for _ in range(2))
    memory = rule.init(matrix)
    for step in range(steps + 1):
        state = evaluate(_Walk(step, coefficients, matrix.value(coefficients), path_length))
        yield state
        if step < steps:
            change, length, memory = rule.update(state.gradient, matrix, memory)
            coefficients, lost = _add(coefficients, change, lost)
            path_length, lost_length = _add(path_length, length, lost_length)


def _add(total: Tensor, change: Tensor, lost: Tensor) -> tuple[Tensor, Tensor]:
    """total + change and the rounding lost so far (Kahan): the error of t steps does not grow with
    t, so that an identity still holds after 1e6 of them."""
    wanted = change - lost
    larger = total + wanted
    return larger, (larger - total) - wanted
