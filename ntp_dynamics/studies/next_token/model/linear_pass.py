"""What a softmax-linear loss says about every sample, worked out where it is asked for."""

from __future__ import annotations

import math
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.gradient import log_softplus, softplus
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear


class LinearPass:
    """The forward pass of R runs, as `Forward` and `FeedForwardPass` have it."""

    def __init__(self, loss: SoftmaxLinear, matrix: Float[Tensor, "R A B"]):
        self._loss, self._matrix = loss, matrix

    @cached_property
    def _logits(self) -> Float[Tensor, "R N K"]:
        return self._loss.reader.read(self._matrix) + self._loss.log_copies

    @cached_property
    def log_phi(self) -> Float[Tensor, "R N K"]:
        """Log softmax of each token, copies summed: attention mass, with the log head."""
        return self._logits.log_softmax(-1)

    @cached_property
    def log_loss(self) -> Float[Tensor, "R N"]:
        """Log of the cross-entropy of each sample, without its weight.

        Where one token takes nearly all of the softmax, 1 - s is the sum of the others.
        """
        a, target = self._logits, self._loss.target
        top = a.argmax(-1, keepdim=True)
        odds = a.scatter(-1, top, -math.inf).logsumexp(-1) - a.gather(-1, top)[..., 0]
        p_top = target.gather(-1, top)[..., 0]
        beside = self.log_phi * target.scatter(-1, top, 0.0)
        rest = -beside.masked_fill(target == 0, 0.0).sum(-1)
        alone = p_top.log() + log_softplus(odds)
        return torch.where(rest == 0, alone, (p_top * softplus(odds) + rest).log())

    @cached_property
    def weighted_log_loss(self) -> Float[Tensor, "R N"]:
        """The same with its weight."""
        return self.log_loss + self._loss.log_weight

    @cached_property
    def wrong_margin(self) -> Float[Tensor, "R N"]:
        """The largest logit but that of what is taught most, less that one: negative where the
        prediction is right.  nan at padding."""
        right: Int[Tensor, "R N 1"] = self._loss.target.argmax(-1, keepdim=True)
        others = self._logits.scatter(-1, right, -math.inf).amax(-1)
        margin = others - self._logits.gather(-1, right)[..., 0]
        return margin.masked_fill(self._loss.log_weight == -math.inf, math.nan)
