"""Gradients of the two stages in token space, in the log domain.

Attention (Huang, Liang, Yang 2024, eq. 6), per sentence with query q, distinct tokens k, label y:

    phi_k = copies_k e^{S[k,q]} / sum,   z = sum_k phi_k M[:,k],   p = softmax(z)
    v_k   = sum_j (p - e_y)_j M[j,k],    dLoss/dS[k,q] = pi phi_k (v_k - sum_l phi_l v_l)

Feed-forward (eq. 5):  dL0/dM[:,x] = softmax(M[:,x]) - e_{n(x)}.

Automatic differentiation forms p_y - 1 and phi - 1, which cancel: float64 is wrong from margin 35
on, and normalised descent then walks in a wrong direction.  Here neither is formed:

1. Only logits relative to the label occur, and p_y - 1 is minus the sum of the other p_j, whose
   largest factor e^m (m = max_{j != y} z_j - z_y) is kept apart.
2. The reference class holds the most attended token and all whose v is equal; differences
   d_k = v_k - v_ref are exactly 0 there.  Outside it the weights are a_k = phi_k e^{-kappa}, kappa
   the largest log phi outside.  With T = sum_out a_k d_k,

       dLoss/dS = e^kappa * (-phi_k T) in the class,   e^kappa * a_k (d_k - e^kappa T) outside.
3. The scale kappa + m + log pi of each sentence is applied relative to the run's largest and that
   one returned as `log_scale`: nothing under- or overflows, however small the gradient is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.token_space import LogScaled

EQUAL = 1e-13
"""Relative difference below which two values v_k count as equal: their difference is rounding."""


@dataclass(frozen=True)
class Forward:
    """What the attention model says about every sentence."""

    log_phi: Float[Tensor, "R N K"]
    """Log attention mass of each distinct token, copies summed."""
    log_loss: Float[Tensor, "R N"]
    """Log of the cross-entropy of each sentence."""
    wrong_margin: Float[Tensor, "R N"]
    """max_{j != y} z_j - z_y: negative where the prediction is right."""


@dataclass(frozen=True)
class FeedForwardPass:
    """What W_ov says about every token; those without a known continuation are -inf, nan."""

    log_loss: Float[Tensor, "R V"]
    """Log of -log softmax(W_ov x)_{n(x)}."""
    wrong_margin: Float[Tensor, "R V"]
    """max_{j != n(x)} M[j,x] - M[n(x),x]: negative where the prediction is right."""


def attend(scores: Float[Tensor, "R V Q"], batch: Batch) -> Float[Tensor, "R N K"]:
    """Log attention mass of each distinct token of each sentence."""
    score = batch.pairs.read(scores).view_as(batch.log_copies)
    return torch.log_softmax(score + batch.log_copies, dim=-1)


@dataclass(frozen=True)
class DenseCrossEntropy:
    """The cross-entropy of all samples as a function of the scores, for logits of any form."""

    logits: Float[Tensor, "R J V"]
    batch: Batch

    def gradient(self, scores: Float[Tensor, "R V Q"]) -> tuple[LogScaled, Forward]:
        """dLoss/dS (with its log-scale) and the forward pass it came from."""
        forward, parts = _cross_entropy(scores, self.logits, self.batch)
        by_sentence = _gradient_by_sentence(self.logits, self.batch, forward, parts)
        return _sum_over_sentences(by_sentence, scores, self.batch), forward


def gradient_by_sentence(
    scores: Float[Tensor, "R V Q"], logits: Float[Tensor, "R J V"], batch: Batch
) -> LogScaled:
    """What each token of each sentence adds to dLoss/dS: (R, N, K), with its log-scale (R,)."""
    return _gradient_by_sentence(logits, batch, *_cross_entropy(scores, logits, batch))


def joint_gradient(
    scores: Float[Tensor, "R V Q"], logits: Float[Tensor, "R J V"], batch: Batch
) -> tuple[LogScaled, LogScaled, Forward]:
    """dLoss/dS and dLoss/dM of the cross-entropy, and the forward pass they came from.

    dLoss/dM[:,k] = sum over sentences of pi phi_k (p - e_y).
    """
    forward, parts = _cross_entropy(scores, logits, batch)
    log_sentence = parts.log_residual + batch.log_pi
    log_scale = log_sentence.amax(dim=1)
    weight = (log_sentence - _finite(log_scale)[:, None]).exp()
    by_class = (parts.residual * weight[..., None]).transpose(1, 2)  # (R, class, N)
    logit_gradient = LogScaled(torch.bmm(by_class, parts.mixture), log_scale)
    by_sentence = _gradient_by_sentence(logits, batch, forward, parts)
    return _sum_over_sentences(by_sentence, scores, batch), logit_gradient, forward


class _Parts(NamedTuple):
    """Intermediate results that both gradients share."""

    phi: Float[Tensor, "R N K"]
    mixture: Float[Tensor, "R N V"]
    """Attention mass by token of the vocabulary."""
    residual: Float[Tensor, "R N V"]
    """p - e_y, short of e^log_residual."""
    log_residual: Float[Tensor, "R N"]


def _cross_entropy(
    scores: Float[Tensor, "R V Q"], logits: Float[Tensor, "R J V"], batch: Batch
) -> tuple[Forward, _Parts]:
    log_phi = attend(scores, batch)
    phi = log_phi.exp()
    mixture = phi.new_zeros(*phi.shape[:2], batch.vocab_size).scatter_add_(2, batch.token, phi)
    mixed = torch.bmm(mixture, logits.transpose(1, 2))  # z: (R, N, class)
    label = batch.next_token[..., None]
    odds, largest = _wrong_odds(mixed - torch.gather(mixed, 2, label), label, batch)
    wrong = odds.sum(-1)
    log_wrong = largest + wrong.log()  # log sum_{j != y} e^{z_j - z_y}
    residual = odds.scatter_(2, label, -wrong[..., None])
    forward = Forward(log_phi, log_softplus(log_wrong), largest)
    return forward, _Parts(phi, mixture, residual, largest - softplus(log_wrong))


def _gradient_by_sentence(
    logits: Float[Tensor, "R J V"], batch: Batch, forward: Forward, parts: _Parts
) -> LogScaled:
    value = torch.gather(torch.bmm(parts.residual, logits), 2, batch.token)  # v_k, same units
    direction, log_outside = _mean_removed(parts.phi, forward.log_phi, value, batch.present)
    log_sentence = log_outside + parts.log_residual + batch.log_pi
    log_scale = log_sentence.amax(dim=1)
    weight = (log_sentence - _finite(log_scale)[:, None]).exp()
    return LogScaled(direction * weight[..., None], log_scale)


def _sum_over_sentences(
    by_sentence: LogScaled, scores: Float[Tensor, "R V Q"], batch: Batch
) -> LogScaled:
    gradient = batch.pairs.sum(by_sentence.value.flatten()).view_as(scores)
    return LogScaled(gradient, by_sentence.log_scale)


def feed_forward_gradient(
    logits: Float[Tensor, "R J V"], batch: Batch
) -> tuple[LogScaled, FeedForwardPass]:
    """dL0/dM (with its log-scale) and the forward pass it came from."""
    label = batch.collocation.clamp_min(0)[..., None]
    columns = logits.transpose(1, 2)  # (R, token x, class j)
    relative = columns - torch.gather(columns, 2, label)
    odds, largest = _wrong_odds(relative, label, batch)
    log_wrong = largest + odds.sum(-1).log()
    log_token = (largest - softplus(log_wrong)).masked_fill(~batch.known, -math.inf)
    log_scale = log_token.amax(dim=1)
    weight = (log_token - _finite(log_scale)[:, None]).exp()
    residual = odds.scatter(2, label, -odds.sum(-1, keepdim=True)) * weight[..., None]
    log_loss = log_softplus(log_wrong).masked_fill(~batch.known, -math.inf)
    margin = largest.masked_fill(~batch.known, math.nan)
    forward = FeedForwardPass(log_loss, margin)
    return LogScaled(residual.transpose(1, 2), log_scale), forward


def softplus(x: Tensor) -> Tensor:
    """log(1 + e^x), accurate from e^-700 to e^700 and beyond (torch's own is not)."""
    return torch.logaddexp(x, x.new_zeros(()))


def log_softplus(x: Tensor) -> Tensor:
    """log log(1 + e^x): x itself once e^x is below rounding."""
    return torch.where(x < -37.0, x, softplus(x).log())


def _wrong_odds(
    relative: Float[Tensor, "R N J"], label: Int[Tensor, "R N 1"], batch: Batch
) -> tuple[Float[Tensor, "R N J"], Float[Tensor, "R N"]]:
    """e^{z_j - z_y - m} over the wrong classes (0 at the label), and the largest exponent m.

    Classes that stand together have the sum of theirs.
    """
    wrong = relative.scatter(-1, label, -math.inf)
    largest = wrong.amax(-1)
    if batch.log_multiplicity is not None:
        wrong += batch.log_multiplicity
    return (wrong - largest[..., None]).exp(), largest


def _mean_removed(
    phi: Float[Tensor, "R N K"],
    log_phi: Float[Tensor, "R N K"],
    value: Float[Tensor, "R N K"],
    present: Bool[Tensor, "R N K"],
) -> tuple[Float[Tensor, "R N K"], Float[Tensor, "R N"]]:
    """phi_k (v_k - sum_l phi_l v_l), divided by e^kappa, and kappa (-inf where all v are equal)."""
    reference = torch.gather(value, -1, log_phi.argmax(-1, keepdim=True))
    difference = value - reference
    rounding = EQUAL * value.abs().amax(-1, keepdim=True)
    outside = (difference.abs() > rounding) & present
    log_phi_outside = log_phi.masked_fill(~outside, -math.inf)
    kappa = log_phi_outside.amax(-1)
    attention = (log_phi_outside - _finite(kappa)[..., None]).exp()
    total = (attention * difference).sum(-1, keepdim=True)
    in_class = -phi * total
    beyond = attention * (difference - kappa.exp()[..., None] * total)
    return torch.where(outside, beyond, in_class), kappa


def _finite(x: Tensor) -> Tensor:
    """-inf (an empty maximum) replaced by 0, so that differences with it stay defined."""
    return x.masked_fill(x == -math.inf, 0.0)
