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
from ntp_dynamics.model.gradient import log_softplus
from ntp_dynamics.model.token_space import TokenMatrix, frobenius, inner
from ntp_dynamics.observe.reference import Reference
from ntp_dynamics.optim.train import AttentionState, FeedForwardState, State

Measure = Callable[[Any, Reference], Tensor]
PAPER = "Huang, Liang, Yang 2024"


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

    def __call__(self, state: State[Any], reference: Reference) -> Tensor:
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


@observable(Stage.feed_forward, Stage.attention, long_name="sum of the lengths of all updates")
def path_length(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return state.path_length


@observable(
    Stage.feed_forward,
    Stage.attention,
    units="log 1",
    long_name="log of the gradient's Frobenius norm",
)
def log_grad_norm(state: State, reference: Reference) -> Float[Tensor, " R"]:
    return state.matrix.gradient_norm(state.gradient.value).log() + state.gradient.log_scale


@observable(
    Stage.feed_forward,
    Stage.attention,
    long_name="||column sums of the gradient|| / ||gradient||: rounding, exactly 0 in theory",
    source="derived: softmax gradients sum to zero",
)
def zero_sum_residual(state: State, reference: Reference) -> Float[Tensor, " R"]:
    gradient = state.gradient.value
    return gradient.sum(1).square().sum(-1).sqrt() / frobenius(gradient)


@observable(
    Stage.feed_forward,
    name="log_loss",
    units="log nat",
    long_name="log L0, a sum over tokens",
    source=f"{PAPER}, Algorithm 1",
)
def log_collocation_loss(state: FeedForwardState, reference: Reference) -> Float[Tensor, " R"]:
    return state.forward.log_loss.logsumexp(-1)


@observable(Stage.feed_forward, name="accuracy", long_name="share of tokens continued correctly")
def collocation_accuracy(state: FeedForwardState, reference: Reference) -> Float[Tensor, " R"]:
    right = is_right(state.forward.wrong_margin, state.logits).double()
    return right.sum(-1) / state.batch.known.sum(-1)


@observable(Stage.feed_forward, long_name="||W_ov||_F", source=f"{PAPER}, Prop. 1")
def norm_ov(state: FeedForwardState, reference: Reference) -> Float[Tensor, " R"]:
    return state.matrix.norm(state.coefficients)


@observable(Stage.attention, long_name="||W_kq||_F", source=f"{PAPER}, Thm 1")
def norm_kq(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    return state.matrix.norm(state.coefficients)


@observable(Stage.feed_forward, long_name="1 - cos(W_ov, W*_ov)", source=f"{PAPER}, Prop. 1")
def direction_gap_ov(state: FeedForwardState, reference: Reference) -> Float[Tensor, " R"]:
    best, norm = reference.ov_coefficients, reference.ov_norm
    return direction_gap(state.matrix, state.coefficients, best, norm)


@observable(Stage.attention, long_name="1 - cos(W_kq, W*_kq)", source=f"{PAPER}, Thm 1")
def direction_gap_kq(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    best, norm = reference.kq_coefficients, reference.kq_norm
    return direction_gap(state.matrix, state.coefficients, best, norm)


@observable(
    Stage.attention,
    name="log_loss",
    units="log nat",
    long_name="log L, the cross-entropy of all samples",
    source=f"{PAPER}, eq. 1",
)
def log_cross_entropy(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    return (state.forward.log_loss + state.batch.log_pi).logsumexp(-1)


@observable(
    Stage.attention,
    units="log nat",
    long_name="log (L - L_min), L_min the loss of perfect attention at these margins",
    source="derived; equal margins and injective n only",
)
def log_excess_loss(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    # L_n - L_min,n = log1p(e^-D [(V-1) expm1(D leak) + e^{D leak} sum_k expm1(D phi_k)] / den),
    # den = 1 + (V-1) e^-D, k over the wrong tokens: each has a class of its own (n injective)
    batch, log_phi = state.batch, state.forward.log_phi
    margin = equal_margin(state).where(reference.injective, math.nan)[:, None]
    log_leak = wrong_mass(state)
    log_wrong = log_phi.masked_fill(batch.optimal, -math.inf)
    spread = _log_expm1(log_leak + margin.log()) + math.log(batch.vocab_size - 1)
    own = _log_expm1(log_wrong + margin.log()[..., None]).logsumexp(-1) + margin * log_leak.exp()
    log_odds = torch.logaddexp(spread, own) - margin
    log_odds = log_odds - torch.log1p((batch.vocab_size - 1) * (-margin).exp())
    return (log_softplus(log_odds) + batch.log_pi).logsumexp(-1)


@observable(Stage.attention, long_name="cos(-grad, W*_kq)", source=f"{PAPER}, Lemma 6")
def gradient_alignment_kq(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    gradient = state.gradient.value
    return -inner(gradient, reference.kq) / (
        state.matrix.gradient_norm(gradient) * reference.kq_norm
    )


@observable(Stage.attention, long_name="smallest S_a - S_b over the relations a > b")
def score_margin(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    flat = state.value.flatten(1)
    present = reference.above >= 0
    above = torch.gather(flat, 1, reference.above.clamp_min(0))
    below = torch.gather(flat, 1, reference.below.clamp_min(0))
    least = (above - below).masked_fill(~present, math.inf).amin(-1)
    return least.where(present.any(-1), math.nan)


@observable(
    Stage.attention,
    long_name="smallest score gap optimal - non-comparable - non-optimal",
    source=f"{PAPER}, Thm 3",
)
def order_extension_margin(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    scores = state.value
    least_optimal = scores.masked_fill(~reference.optimal, math.inf).amin(1)
    most_between = scores.masked_fill(~reference.non_comparable, -math.inf).amax(1)
    least_between = scores.masked_fill(~reference.non_comparable, math.inf).amin(1)
    most_non_optimal = scores.masked_fill(~reference.non_optimal, -math.inf).amax(1)
    margin = torch.minimum(least_optimal - most_between, least_between - most_non_optimal).amin(-1)
    return margin.where(margin < math.inf, math.nan)


@observable(
    Stage.attention, units="log 1", long_name="log phi_-, worst sentence", source=f"{PAPER}, Thm 2"
)
def log_leak(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    return _real(state, wrong_mass(state), -math.inf).amax(-1)


@observable(Stage.attention, long_name="phi_+, worst sentence", source=f"{PAPER}, Lemma 5")
def attention_mass_min(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    return _real(state, optimal_mass(state), 1.0).amin(-1)


@observable(Stage.attention, long_name="phi_+, mean weighted by relative frequency")
def attention_mass_mean(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    return einsum(optimal_mass(state), state.batch.log_pi.exp(), "r n, r n -> r")


@observable(Stage.attention, long_name="weighted share of sentences continued correctly")
def accuracy(state: AttentionState, reference: Reference) -> Float[Tensor, " R"]:
    wrong = ~is_right(state.forward.wrong_margin, state.logits)
    # 1 - wrong share: exactly 1 where all are right, however the weights round
    return 1 - einsum(wrong.double(), state.batch.log_pi.exp(), "r n, r n -> r")


@observable(Stage.attention, dims=("sentence", "token"), long_name="attention mass, copies summed")
def attention(state: AttentionState, reference: Reference) -> Float[Tensor, "R N K"]:
    real = state.batch.present & (state.batch.log_pi > -math.inf)[..., None]
    return state.forward.log_phi.exp().masked_fill(~real, math.nan)


@observable(Stage.attention, dims=("key", "query"), long_name="scores S = E^T W_kq E_Q")
def scores(state: AttentionState, reference: Reference) -> Float[Tensor, "R V Q"]:
    return state.value.masked_fill(state.batch.query_id[:, None] < 0, math.nan)


@observable(Stage.feed_forward, dims=("next", "key"), long_name="logits M = W_ov E")
def logits(state: FeedForwardState, reference: Reference) -> Float[Tensor, "R V V"]:
    return state.value


def direction_gap(
    matrix: TokenMatrix,
    coefficients: Float[Tensor, "R A B"],
    target: Float[Tensor, "R A B"],
    target_norm: Float[Tensor, " R"],
) -> Float[Tensor, " R"]:
    """1 - cos as half the squared distance of unit matrices: right down to 1e-30.

    ``target`` are the coefficients B* of W*.  With W = W_0 + L B R^T and C = B/|W| - B*/|W*|

        |W/|W| - W*/|W*||^2 = |W_0|^2/|W|^2 + 2 <C, X_0>/|W| + |L C R^T|^2;

    where token vectors are orthonormal it is a sum of squares over X/|W| - B*/|W*|.  With fewer
    dimensions than tokens B is not unique and cancels in the last term: then right down to 1e-15.
    """
    norm = matrix.norm(coefficients)
    if not matrix.orthonormal:
        apart = coefficients / norm[:, None, None] - target / target_norm[:, None, None]
        started = matrix.start_norm / norm
        mixed = 2 * inner(apart, matrix.start) / norm
        return 0.5 * (started.square() + mixed + matrix.gradient_norm(apart).square())
    unit = matrix.value(coefficients) / norm[:, None, None]
    inside = (unit - target / target_norm[:, None, None]).square().sum((1, 2))
    return 0.5 * (inside + (matrix.outside_norm / norm).square())


def is_right(wrong_margin: Float[Tensor, "R N"], logits: Float[Tensor, "R V V"]) -> Tensor:
    """Whether the right class leads by more than rounding; a tie is not right."""
    return wrong_margin < -1e-12 * logits.abs().amax((1, 2))[:, None]


def optimal_mass(state: AttentionState) -> Float[Tensor, "R N"]:
    """phi_+: attention mass on the optimal tokens of each sentence."""
    return state.forward.log_phi.exp().masked_fill(~state.batch.optimal, 0.0).sum(-1)


def wrong_mass(state: AttentionState) -> Float[Tensor, "R N"]:
    """log phi_-: log of the attention mass on the other tokens; -inf where there are none."""
    return state.forward.log_phi.masked_fill(state.batch.optimal, -math.inf).logsumexp(-1)


def equal_margin(state: AttentionState) -> Float[Tensor, " R"]:
    """The margin Delta if every token has it against every class, else nan."""
    batch = state.batch
    label = batch.collocation.clamp_min(0)[..., None]
    columns = state.logits.transpose(1, 2)  # (R, token, class)
    margin = torch.gather(columns, 2, label) - columns
    margin = margin.scatter(2, label, math.nan).flatten(1)
    margin = margin.masked_fill(~batch.known.repeat_interleave(batch.vocab_size, 1), math.nan)
    mean = margin.nanmean(-1)
    spread = (margin - mean[:, None]).abs().nan_to_num(0.0).amax(-1)
    return mean.where(spread <= 1e-9 * mean.abs(), math.nan)


def _real(state: AttentionState, x: Float[Tensor, "R N"], padding: float) -> Float[Tensor, "R N"]:
    return x.masked_fill(state.batch.log_pi == -math.inf, padding)


def _log_expm1(log_x: Tensor) -> Tensor:
    """log(e^x - 1) from log x: log x itself once x is below rounding, x once e^-x is."""
    x = log_x.exp()
    middle = x.clamp(1e-18, 40.0).expm1().log()
    return torch.where(x < 1e-18, log_x, torch.where(x > 40.0, x, middle))


BUILT_IN: tuple[Observable, ...] = tuple(x for x in globals().values() if isinstance(x, Observable))
"""Every observable of this module."""
