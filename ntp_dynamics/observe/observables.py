"""Observables: functions of a state.  What is measured, with units and source.

An observable takes (state, reference) and returns a value a run (R,) or an array a run (R, ...).
Loss, leak and gradient norm are natural logarithms: their values leave the range of floats within a
thousand steps.  Values that do not exist are nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import Stage
from ntp_dynamics.model.excess import log_excess
from ntp_dynamics.model.reference import Reference
from ntp_dynamics.model.token_space import frobenius, inner
from ntp_dynamics.observe.quantities import (
    attentive,
    class_margins,
    direction_gap,
    fed_forward,
    is_right,
    log_gradient_norm,
    norm_of,
    of_real_sentences,
    optimal_mass,
    wrong_mass,
)
from ntp_dynamics.optim.state import State

Measure = Callable[[Any, Reference], Tensor]
PAPER = "Huang, Liang, Yang 2024"
ATTENTIVE = (Stage.attention, Stage.joint)
"""Stages that train attention on the cross-entropy."""
FED_FORWARD = (Stage.feed_forward, Stage.joint)
"""Stages that train the feed-forward layer."""


@dataclass(frozen=True)
class Observable:
    """A named measurement of some stages; calling it measures.

    ``dims`` are its axes after `run`, none for a scalar.  ``schedule`` (step -> bool) says when it
    is measured; None leaves that to the configuration.
    """

    name: str
    stages: tuple[Stage, ...]
    measure: Measure
    units: str
    long_name: str
    source: str
    dims: tuple[str, ...] = ()
    schedule: Callable[[int], bool] | None = None

    def __call__(self, state: State, reference: Reference) -> Tensor:
        return self.measure(state, reference)


def observable(
    *stages: Stage | str,
    long_name: str,
    units: str = "1",
    source: str = "ntp-dynamics",
    dims: tuple[str, ...] = (),
    schedule: Callable[[int], bool] | None = None,
    name: str | None = None,
) -> Callable[[Measure], Observable]:
    """Make an observable of a function of (state, reference), named after the function."""

    def make(measure: Measure) -> Observable:
        label = name or getattr(measure, "__name__", "observable")
        named = tuple(Stage(stage) for stage in stages) or tuple(Stage)
        return Observable(label, named, measure, units, long_name, source, dims, schedule)

    return make


@observable(long_name="sum of the lengths of all updates")
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
    units="log 1",
    long_name="log of the gradient's Frobenius norm",
)
def log_grad_norm(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return log_gradient_norm(state)


@observable(
    long_name="||column sums of the gradient|| / ||gradient||: rounding, exactly 0 in theory",
    source="derived: softmax gradients sum to zero",
)
def zero_sum_residual(state: State, reference: Reference) -> Float[Tensor, " R"]:
    layers = [layer.slope.value for layer in (state.attention, state.feed_forward) if layer]
    residuals = [d.sum(1).square().sum(-1).sqrt() / frobenius(d) for d in layers]
    return torch.stack(residuals).nan_to_num(0.0).amax(0) if len(layers) > 1 else residuals[0]


@observable(
    Stage.feed_forward,
    name="log_loss",
    units="log nat",
    long_name="log L0, a sum over tokens",
    source=f"{PAPER}, Algorithm 1",
)
def log_collocation_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return state.forward.log_loss.logsumexp(-1)


@observable(Stage.feed_forward, name="accuracy", long_name="share of tokens continued correctly")
def collocation_accuracy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    right = is_right(state.forward.wrong_margin, state.logits).double()
    return right.sum(-1) / state.batch.known.sum(-1)


@observable(*FED_FORWARD, long_name="||W_ov||_F", source=f"{PAPER}, Prop. 1")
def norm_ov(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return norm_of(fed_forward(state))


@observable(*ATTENTIVE, long_name="||W_kq||_F", source=f"{PAPER}, Thm 1")
def norm_kq(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return norm_of(attentive(state))


@observable(*FED_FORWARD, long_name="1 - cos(W_ov, W*_ov)", source=f"{PAPER}, Prop. 1")
def direction_gap_ov(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return direction_gap(fed_forward(state), reference.ov_coefficients, reference.ov_norm)


@observable(*ATTENTIVE, long_name="1 - cos(W_kq, W*_kq)", source=f"{PAPER}, Thm 1")
def direction_gap_kq(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return direction_gap(attentive(state), reference.kq_coefficients, reference.kq_norm)


@observable(
    *FED_FORWARD,
    long_name="smallest margin M_n(x)x - M_vx over tokens x and classes v != n(x)",
    source=f"{PAPER}, Corollary 1",
)
def margin_min(state: State, reference: Reference) -> Float[Tensor, " R"]:
    least = class_margins(state, math.inf).amin((1, 2))
    return least.where(least < math.inf, math.nan)


@observable(
    *FED_FORWARD,
    long_name="largest margin M_n(x)x - M_vx over tokens x and classes v != n(x)",
    source=f"{PAPER}, Corollary 1",
)
def margin_max(state: State, reference: Reference) -> Float[Tensor, " R"]:
    largest = class_margins(state, -math.inf).amax((1, 2))
    return largest.where(largest > -math.inf, math.nan)


@observable(
    *ATTENTIVE,
    name="log_loss",
    units="log nat",
    long_name="log L, the cross-entropy of all samples",
    source=f"{PAPER}, eq. 1",
)
def log_cross_entropy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return (state.forward.log_loss + state.batch.log_pi).logsumexp(-1)


@observable(
    Stage.attention,
    units="log nat",
    long_name="log (L - L_min), L_min the loss of perfect attention at these margins",
    source="derived; equal margins and injective n only",
)
def log_excess_loss(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return log_excess(state.forward, state.logits, state.batch)


@observable(*ATTENTIVE, long_name="cos(-grad, W*_kq)", source=f"{PAPER}, Lemma 6")
def gradient_alignment_kq(state: State, reference: Reference) -> Float[Tensor, " R"]:
    layer = attentive(state)
    norm = layer.matrix.gradient_norm(layer.gradient.value)
    return -inner(layer.slope.value, reference.kq) / (norm * reference.kq_norm)


@observable(*ATTENTIVE, long_name="smallest S_a - S_b over the relations a > b")
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
    *ATTENTIVE, units="log 1", long_name="log phi_-, worst sentence", source=f"{PAPER}, Thm 2"
)
def log_leak(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return of_real_sentences(state, wrong_mass(state), -math.inf).amax(-1)


@observable(*ATTENTIVE, long_name="phi_+, worst sentence", source=f"{PAPER}, Lemma 5")
def attention_mass_min(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return of_real_sentences(state, optimal_mass(state), 1.0).amin(-1)


@observable(
    Stage.attention,
    units="log 1",
    long_name="least change of log(phi_+ / phi_-) of any sentence in one step, over all so far",
    source=f"{PAPER}, Lemma 5",
)
def log_attention_growth(state: State, reference: Reference) -> Float[Tensor, " R"]:
    assert state.growth is not None
    least = state.growth.least
    return least.where(least < math.inf, math.nan)


@observable(*ATTENTIVE, long_name="phi_+, mean weighted by relative frequency")
def attention_mass_mean(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return einsum(optimal_mass(state), state.batch.log_pi.exp(), "r n, r n -> r")


@observable(*ATTENTIVE, long_name="weighted share of sentences continued correctly")
def accuracy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    wrong = ~is_right(state.forward.wrong_margin, state.logits)
    # 1 - wrong share: exactly 1 where all are right, however the weights round
    return 1 - einsum(wrong.double(), state.batch.log_pi.exp(), "r n, r n -> r")


@observable(*ATTENTIVE, long_name="share of distinct sentences continued correctly")
def accuracy_unweighted(state: State, reference: Reference) -> Float[Tensor, " R"]:
    real = state.batch.log_pi > -math.inf
    right = is_right(state.forward.wrong_margin, state.logits) & real
    return right.double().sum(-1) / real.sum(-1)


@observable(*ATTENTIVE, dims=("sentence", "token"), long_name="attention mass, copies summed")
def attention(state: State, reference: Reference) -> Float[Tensor, "R N K"]:
    real = state.batch.present & (state.batch.log_pi > -math.inf)[..., None]
    return state.forward.log_phi.exp().masked_fill(~real, math.nan)


@observable(*ATTENTIVE, dims=("key", "query"), long_name="scores S = E^T W_kq E_Q")
def scores(state: State, reference: Reference) -> Float[Tensor, "R V Q"]:
    return attentive(state).value.masked_fill(state.batch.query_id[:, None] < 0, math.nan)


@observable(*FED_FORWARD, dims=("next", "key"), long_name="logits M = W_ov E")
def logits(state: State, reference: Reference) -> Float[Tensor, "R V V"]:
    return state.logits


BUILT_IN: tuple[Observable, ...] = tuple(x for x in globals().values() if isinstance(x, Observable))
"""Every observable of this module."""
