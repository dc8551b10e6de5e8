"""The trained matrices themselves: norms, directions, gradients.

Gradient norms are natural logarithms: their values leave the range of floats within a thousand
steps.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.observe.observable import observable
from ntp_dynamics.studies.next_token.choices import ATTENTIVE, FED_FORWARD, Stage
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import frobenius
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.quantities import (
    PAPER,
    attentive,
    direction_gap,
    fed_forward,
    log_gradient_norm,
    norm_of,
)

ROUNDING = float(np.finfo(float).eps) ** 2
"""1 - cos as half a squared distance of unit matrices is good to eps^2; every step rounds the
weights once more, in random directions, so that after t steps eps^2 t is left."""


@observable(long_name="sum of the lengths of all updates", title="path length")
def path_length(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return state.path_length


@observable(
    Stage.feed_forward,
    Stage.attention,
    long_name="||W||_F / path length: falls to 0 where the corpus is not separable",
)
def norm_ratio(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return norm_of(state.layer) / state.path_length.where(state.path_length > 0, math.nan)


@observable(
    units="log 1", long_name="log of the gradient's Frobenius norm", log=True, title="gradient norm"
)
def log_grad_norm(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return log_gradient_norm(state)


@observable(
    long_name="||column sums of the gradient|| / ||gradient||: rounding, exactly 0 in theory",
    source="derived: softmax gradients sum to zero",
    title="zero-sum residual (rounding)",
)
def zero_sum_residual(state: State, reference: Reference) -> Float[Tensor, " R"]:
    layers = [layer.slope.value for layer in (state.attention, state.feed_forward) if layer]
    residuals = [d.sum(1).square().sum(-1).sqrt() / frobenius(d) for d in layers]
    return torch.stack(residuals).nan_to_num(0.0).amax(0) if len(layers) > 1 else residuals[0]


@observable(
    *FED_FORWARD,
    long_name="||W_ov||_F",
    source=f"{PAPER}, Prop. 1",
    title="norm ‖W_ov‖",
    formula=r"$\|W_{ov}\|$",
    axis="‖W‖ (no unit)",
    rank=5,
)
def norm_ov(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return norm_of(fed_forward(state))


@observable(
    *ATTENTIVE,
    long_name="||W_kq||_F",
    source=f"{PAPER}, Thm 1",
    title="norm ‖W_kq‖",
    formula=r"$\|W_{kq}\|$",
    axis="‖W‖ (no unit)",
    rank=4,
)
def norm_kq(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return norm_of(attentive(state))


@observable(
    *FED_FORWARD,
    long_name="1 - cos(W_ov, W*_ov)",
    source=f"{PAPER}, Prop. 1",
    title="direction gap of W_ov",
    formula=r"$1-\cos(W_{ov}, W^*_{ov})$",
    axis="1 - cos(W, W*)",
    floor=ROUNDING,
    ceiling=2.0,
    rank=1,
)
def direction_gap_ov(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return direction_gap(fed_forward(state), reference.ov_coefficients, reference.ov_norm)


@observable(
    *ATTENTIVE,
    long_name="1 - cos(W_kq, W*_kq)",
    source=f"{PAPER}, Thm 1",
    title="direction gap of W_kq",
    formula=r"$1-\cos(W_{kq}, W^*_{kq})$",
    axis="1 - cos(W, W*)",
    floor=ROUNDING,
    ceiling=2.0,
    rank=1,
)
def direction_gap_kq(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return direction_gap(attentive(state), reference.kq_coefficients, reference.kq_norm)
