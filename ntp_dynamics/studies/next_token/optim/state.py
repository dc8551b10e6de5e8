"""Where the runs of a job stand, and what observables read there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.growth import Growth
from ntp_dynamics.studies.next_token.model.softmax_linear import Parts, SoftmaxLinear
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, TokenMatrix


class Position(NamedTuple):
    """Where the descent of a stage stands, a tensor for each matrix that is trained."""

    step: int
    coefficients: list[Float[Tensor, "R A B"]]
    path_length: Float[Tensor, " R"]
    """Sum of the lengths of the rule's own steps; what decay takes is no step."""
    growth: Growth | None = None
    """Of attention up to the step before; None where it is not trained alone."""
    kept: list[Float[Tensor, " R"]] | None = None
    """What decay left of each W_0, a factor; None without decay."""
    least: Float[Tensor, " R"] | None = None
    """Log of the least excess loss up to the step before; None where it is not kept."""


@dataclass(frozen=True)
class Layer:
    """One trained matrix of all runs at one step."""

    matrix: TokenMatrix | FullMatrix
    coefficients: Float[Tensor, "R A B"]
    """What training added to W_0, in token coordinates (or in full: see `matrix`)."""
    value: Float[Tensor, "R A B"]
    """Scores S (V x Q) of the attention layer, logits M (V x V) of the feed-forward layer."""
    gradient: LogScaled
    """In the coordinates of the coefficients."""
    slope: LogScaled
    """dLoss/dS or dLoss/dM, in token coordinates."""
    kept: Float[Tensor, " R"] | None = None
    """What decay left of W_0, a factor; None without decay."""
    parts: Parts | None = None
    """The gradient inside components and between them; None unless the loss is softmax-linear."""


@dataclass(frozen=True)
class State:
    """All runs of a job at one step of one stage, before the update of that step."""

    stage: Stage
    step: int
    batch: Batch
    attention: Layer | None
    """None where the attention layer is not trained."""
    feed_forward: Layer | None
    logits: Float[Tensor, "R J V"]
    """M = W_ov E, frozen in the attention stage."""
    forward: Any
    """`Forward`, or `FeedForwardPass` in the feed-forward stage; `LinearPass` stands for both."""
    path_length: Float[Tensor, " R"]
    growth: Growth | None = None
    """Of attention up to this step, in the attention stage."""
    linear: SoftmaxLinear | None = None
    """The loss, where it is softmax-linear."""
    least: Float[Tensor, " R"] | None = None
    """Log of the least excess loss up to this step; None where it is not kept."""

    @property
    def layers(self) -> list[Layer]:
        """Those that are trained, attention first."""
        return [layer for layer in (self.attention, self.feed_forward) if layer]

    @property
    def layer(self) -> Layer:
        """The layer that is trained; in the joint stage the attention layer."""
        return self.layers[0]
