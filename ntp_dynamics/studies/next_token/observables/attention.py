"""The attention layer: cross-entropy, scores, attention mass.

Losses and leaks are natural logarithms: their values leave the range of floats within a thousand
steps.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.observe.observable import Scale, observable
from ntp_dynamics.studies.next_token.choices import ATTENTIVE, Stage
from ntp_dynamics.studies.next_token.model.excess import log_excess
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import inner
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.quantities import (
    PAPER,
    attentive,
    is_right,
    of_real_sentences,
    optimal_mass,
    wrong_mass,
)


@observable(
    Stage.attention,
    name="log_loss",
    units="log nat",
    long_name="log L, the cross-entropy of all samples",
    source=f"{PAPER}, eq. 1",
    log=True,
    title="loss L",
    formula="$L$: loss",
    axis="loss (nat)",
    scale=Scale.semi_log,
)
def log_cross_entropy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return (state.forward.log_loss + state.batch.log_pi).logsumexp(-1)


joint_log_cross_entropy = replace(log_cross_entropy, phases=(Stage.joint,), rank=2)


@observable(
    Stage.attention,
    units="log nat",
    long_name="log (L - L_min), L_min the loss of perfect attention at these margins",
    source="derived; equal margins and injective n only",
    log=True,
    title="excess loss L - L_min",
    formula=r"$L-L_{\min}$: excess loss, stage 2",
    axis="L - L_min (nat)",
    scale=Scale.semi_log,
    rank=2,
    instead="log_loss",
)
def log_excess_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return log_excess(state.forward, state.logits, state.batch)


@observable(
    *ATTENTIVE,
    long_name="cos(-grad, W*_kq)",
    source=f"{PAPER}, Lemma 6",
    title="gradient alignment",
    axis="cos(-grad, W*)",
    scale=Scale.linear,
    ceiling=1.0,
)
def gradient_alignment_kq(state: State, reference: Reference) -> Float[Tensor, " R"]:
    layer = attentive(state)
    norm = layer.matrix.gradient_norm(layer.gradient.value)
    return -inner(layer.slope.value, reference.kq) / (norm * reference.kq_norm)


@observable(
    *ATTENTIVE,
    long_name="smallest S_a - S_b over the relations a > b",
    title="score margin",
    axis="smallest S_a - S_b",
)
def score_margin(state: State, reference: Reference) -> Float[Tensor, " R"]:
    flat = attentive(state).value.flatten(1)
    present = reference.above >= 0
    above = torch.gather(flat, 1, reference.above.clamp_min(0))
    below = torch.gather(flat, 1, reference.below.clamp_min(0))
    least = (above - below).masked_fill(~present, math.inf).amin(-1)
    return least.where(present.any(-1), math.nan)


@observable(
    *ATTENTIVE,
    long_name="smallest score gap optimal - non-comparable - non-optimal",
    source=f"{PAPER}, Thm 3",
    title="order margin",
)
def order_extension_margin(state: State, reference: Reference) -> Float[Tensor, " R"]:
    scores = attentive(state).value
    least_optimal = scores.masked_fill(~reference.optimal, math.inf).amin(1)
    most_between = scores.masked_fill(~reference.non_comparable, -math.inf).amax(1)
    least_between = scores.masked_fill(~reference.non_comparable, math.inf).amin(1)
    most_non_optimal = scores.masked_fill(~reference.non_optimal, -math.inf).amax(1)
    margin = torch.minimum(least_optimal - most_between, least_between - most_non_optimal).amin(-1)
    return margin.where(margin < math.inf, math.nan)


@observable(
    *ATTENTIVE,
    units="log 1",
    long_name="log phi_-, worst sentence",
    source=f"{PAPER}, Thm 2",
    log=True,
    title="leak φ₋, worst sentence",
    axis="φ₋ (share)",
    scale=Scale.semi_log,
    ceiling=1.0,
)
def log_leak(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return of_real_sentences(state, wrong_mass(state), -math.inf).amax(-1)


@observable(
    *ATTENTIVE,
    long_name="phi_+, worst sentence",
    source=f"{PAPER}, Lemma 5",
    title="attention mass φ₊, worst",
    axis="φ₊ (share)",
    scale=Scale.linear,
    ceiling=1.0,
)
def attention_mass_min(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return of_real_sentences(state, optimal_mass(state), 1.0).amin(-1)


@observable(
    Stage.attention,
    units="log 1",
    long_name="least change of log(phi_+ / phi_-) of any sentence in one step, over all so far",
    source=f"{PAPER}, Lemma 5",
    log=True,
    title="growth of φ₊ / φ₋ a step, least",
    axis="factor a step",
)
def log_attention_growth(state: State, reference: Reference) -> Float[Tensor, " R"]:
    assert state.growth is not None
    least = state.growth.least
    return least.where(least < math.inf, math.nan)


@observable(
    *ATTENTIVE,
    long_name="phi_+, mean weighted by relative frequency",
    title="attention mass φ₊, mean",
    axis="φ₊ (share)",
    scale=Scale.linear,
    ceiling=1.0,
)
def attention_mass_mean(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return einsum(optimal_mass(state), state.batch.log_pi.exp(), "r n, r n -> r")


@observable(
    *ATTENTIVE,
    long_name="weighted share of sentences continued correctly",
    title="accuracy",
    axis="share correct",
    scale=Scale.linear,
    ceiling=1.0,
)
def accuracy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    wrong = ~is_right(state.forward.wrong_margin, state.logits)
    # 1 - wrong share: exactly 1 where all are right, however the weights round
    return 1 - einsum(wrong.double(), state.batch.log_pi.exp(), "r n, r n -> r")


@observable(
    *ATTENTIVE,
    long_name="share of distinct sentences continued correctly",
    title="accuracy, samples alike",
    axis="share correct",
    scale=Scale.linear,
    ceiling=1.0,
)
def accuracy_unweighted(state: State, reference: Reference) -> Float[Tensor, " R"]:
    real = state.batch.log_pi > -math.inf
    right = is_right(state.forward.wrong_margin, state.logits) & real
    return right.double().sum(-1) / real.sum(-1)


@observable(
    *ATTENTIVE, dims=("sentence", "token"), image=True, long_name="attention mass, copies summed"
)
def attention(state: State, reference: Reference) -> Float[Tensor, "R N K"]:
    real = state.batch.present & (state.batch.log_pi > -math.inf)[..., None]
    return state.forward.log_phi.exp().masked_fill(~real, math.nan)


@observable(*ATTENTIVE, dims=("key", "query"), long_name="scores S = E^T W_kq E_Q")
def scores(state: State, reference: Reference) -> Float[Tensor, "R V Q"]:
    return attentive(state).value.masked_fill(state.batch.query_id[:, None] < 0, math.nan)
