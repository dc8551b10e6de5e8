"""The feed-forward layer: collocation loss, margins, logits."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.observe.observable import Scale, observable
from ntp_dynamics.studies.next_token.choices import FED_FORWARD, Stage
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.quantities import (
    PAPER,
    class_margins,
    is_right,
)


@observable(
    Stage.feed_forward,
    name="log_loss",
    units="log nat",
    long_name="log L0, a sum over tokens",
    source=f"{PAPER}, Algorithm 1",
    log=True,
    title="loss L",
    formula="$L_0$: loss, stage 1 (sum over tokens)",
    axis="loss (nat)",
    scale=Scale.semi_log,
    rank=2,
)
def log_collocation_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return state.forward.log_loss.logsumexp(-1)


@observable(
    Stage.feed_forward,
    name="accuracy",
    long_name="share of tokens continued correctly",
    title="accuracy",
    axis="share correct",
    scale=Scale.linear,
    ceiling=1.0,
)
def collocation_accuracy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    right = is_right(state.forward.wrong_margin, state.logits).double()
    asked = state.linear.log_weight > -math.inf if state.linear else state.batch.known
    return right.sum(-1) / asked.sum(-1)


@observable(
    *FED_FORWARD,
    long_name="smallest margin M_n(x)x - M_vx over tokens x and classes v != n(x)",
    source=f"{PAPER}, Corollary 1",
    title="smallest margin of W_ov",
    axis="logit difference",
)
def margin_min(state: State, reference: Reference) -> Float[Tensor, " R"]:
    least = class_margins(state, math.inf).amin((1, 2))
    return least.where(least < math.inf, math.nan)


@observable(
    *FED_FORWARD,
    long_name="largest margin M_n(x)x - M_vx over tokens x and classes v != n(x)",
    source=f"{PAPER}, Corollary 1",
    title="largest margin of W_ov",
    axis="logit difference",
)
def margin_max(state: State, reference: Reference) -> Float[Tensor, " R"]:
    largest = class_margins(state, -math.inf).amax((1, 2))
    return largest.where(largest > -math.inf, math.nan)


@observable(*FED_FORWARD, dims=("next", "key"), long_name="logits M = W_ov E")
def logits(state: State, reference: Reference) -> Float[Tensor, "R J V"]:
    return state.logits
