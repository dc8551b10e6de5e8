"""Softmax-linear stages: loss above its infimum in two parts, and the finite part of the weights.

What is measured of soft labels and of the log head only; logs are natural.
"""

from __future__ import annotations

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.observe.observable import Observable, Scale, observable
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.model import linear_excess
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear
from ntp_dynamics.studies.next_token.model.token_space import frobenius
from ntp_dynamics.studies.next_token.observables.attention import (
    log_attention_growth,
    log_cross_entropy,
)
from ntp_dynamics.studies.next_token.observables.attention import (
    log_excess_loss as frozen_log_excess_loss,
)
from ntp_dynamics.studies.next_token.observables.feed_forward import log_collocation_loss
from ntp_dynamics.studies.next_token.optim.state import State

DERIVED = "derived; any corpus, orthonormal token vectors"


def loss_of(state: State) -> SoftmaxLinear:
    """The loss of a stage that is softmax-linear."""
    assert state.linear is not None
    return state.linear


@observable(
    Stage.feed_forward,
    name="log_loss",
    units="log nat",
    long_name="log L, the cross-entropy of all continuations",
    source="Thrampoulidis 2024, eq. 2",
    log=True,
    title="loss L",
    formula="$L$: loss of soft labels",
    axis="loss (nat)",
    scale=Scale.semi_log,
    rank=2,
)
def soft_log_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return state.forward.weighted_log_loss.logsumexp(-1)


log_head_loss = replace(
    log_cross_entropy,
    long_name="log L, L the mean of -log phi_+",
    source="Li et al. 2024",
)


@observable(
    Stage.feed_forward,
    Stage.attention,
    units="log nat",
    long_name="log (L - L_inf), without subtraction",
    source=DERIVED,
    log=True,
    title="excess loss L - L_inf",
    formula=r"$L-L_{\inf}$: excess loss",
    axis="L - L_inf (nat)",
    rank=2,
    instead="log_loss",
)
def log_excess_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return linear_excess.log_linear_excess(loss_of(state), state.layer.value)


@observable(
    Stage.feed_forward,
    Stage.attention,
    units="log nat",
    long_name="log of what the loss owes to softmax mass outside components",
    source=DERIVED,
    log=True,
    title="leak of the loss",
    axis="leak (nat)",
    rank=3,
)
def log_leak_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return linear_excess.log_leak_loss(loss_of(state), state.layer.value)


@observable(
    Stage.feed_forward,
    Stage.attention,
    units="log nat",
    long_name="log of what the loss owes to P_F W - W_fin",
    source=DERIVED,
    log=True,
    title="fluctuation of the loss",
    axis="fluctuation (nat)",
    rank=3,
)
def log_fluctuation(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return linear_excess.log_fluctuation(loss_of(state), state.layer.value)


@observable(
    Stage.feed_forward,
    Stage.attention,
    long_name="||P_F W - W_fin||_F",
    source=DERIVED,
    title="distance of the finite part",
    axis="‖P_F W - W_fin‖",
    rank=3,
)
def finite_distance(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return frobenius(linear_excess.distance(loss_of(state), state.layer.value))


@observable(
    Stage.feed_forward,
    Stage.attention,
    units="log nat",
    long_name="log of the least L - L_inf of all steps so far",
    source=DERIVED,
    log=True,
    title="least excess loss so far",
    axis="L - L_inf (nat)",
)
def log_least_excess(state: State, reference: Reference) -> Float[Tensor, " R"]:
    assert state.least is not None
    return state.least


LINEAR: tuple[Observable, ...] = (
    soft_log_loss,
    log_head_loss,
    log_excess_loss,
    log_leak_loss,
    log_fluctuation,
    finite_distance,
    log_least_excess,
)
"""Measured in softmax-linear stages only."""
REPLACED: tuple[Observable, ...] = (
    log_collocation_loss,
    log_cross_entropy,
    frozen_log_excess_loss,
    log_attention_growth,
)
"""Not measured there: others stand for them, or they speak of the frozen head."""
