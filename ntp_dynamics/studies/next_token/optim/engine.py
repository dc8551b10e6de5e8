"""Engines: how slopes are computed.  What a state says is always computed in the log domain."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.cross_entropy import CrossEntropy, cross_entropy
from ntp_dynamics.studies.next_token.model.gradient import (
    FeedForwardPass,
    Forward,
    feed_forward_gradient,
    joint_gradient,
)
from ntp_dynamics.studies.next_token.model.naive import (
    naive_collocation_loss,
    naive_cross_entropy,
    naive_softmax_linear,
)
from ntp_dynamics.studies.next_token.model.softmax_linear import Parts, SoftmaxLinear
from ntp_dynamics.studies.next_token.model.token_space import LogScaled


class Engine:
    """The log-domain gradients: right however small they are."""

    @property
    def name(self) -> str:
        return "torch, float64, log domain"

    def feed_forward(self, logits: Tensor, batch: Batch) -> tuple[LogScaled, FeedForwardPass]:
        return feed_forward_gradient(logits, batch)

    def attention(self, logits: Tensor, batch: Batch) -> CrossEntropy:
        """The loss of the attention stage, the logits frozen."""
        return cross_entropy(logits, batch)

    def joint(
        self, scores: Tensor, logits: Tensor, batch: Batch
    ) -> tuple[LogScaled, LogScaled, Forward]:
        return joint_gradient(scores, logits, batch)

    def linear(self, loss: SoftmaxLinear, matrix: Tensor) -> Parts:
        """The two parts of the slope of a softmax-linear loss."""
        return loss.gradient(matrix)


LOG_DOMAIN = Engine()


@dataclass(frozen=True)
class Autograd(Engine):
    """The slopes of automatic differentiation in a floating-point format, as in a notebook."""

    dtype: torch.dtype

    @property
    def name(self) -> str:
        return f"automatic differentiation, {self.dtype}".replace("torch.", "")

    def feed_forward(self, logits: Tensor, batch: Batch) -> tuple[LogScaled, FeedForwardPass]:
        slope = naive_collocation_loss(logits, batch, self.dtype)
        return slope, super().feed_forward(logits, batch)[1]

    def attention(self, logits: Tensor, batch: Batch) -> CrossEntropy:
        return Differentiated(super().attention(logits, batch), logits, batch, self.dtype)

    def joint(
        self, scores: Tensor, logits: Tensor, batch: Batch
    ) -> tuple[LogScaled, LogScaled, Forward]:
        slopes = naive_cross_entropy(scores, logits, batch, self.dtype)
        return *slopes, super().joint(scores, logits, batch)[2]

    def linear(self, loss: SoftmaxLinear, matrix: Tensor) -> Parts:
        slope = naive_softmax_linear(loss, matrix, self.dtype)
        inside = loss.spread_out(loss.centred(slope.value))
        return Parts(
            LogScaled(inside, slope.log_scale),
            LogScaled(loss.levelled(slope.value), slope.log_scale),
        )


@dataclass(frozen=True)
class Differentiated:
    """The cross-entropy with the slope of automatic differentiation."""

    exact: CrossEntropy
    logits: Tensor
    batch: Batch
    dtype: torch.dtype

    def gradient(self, scores: Tensor) -> tuple[LogScaled, Forward]:
        by_score, _ = naive_cross_entropy(scores, self.logits, self.batch, self.dtype)
        return by_score, self.exact.gradient(scores)[1]
