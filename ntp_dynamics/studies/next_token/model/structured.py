"""The gradient of the attention stage where the logits have gains: nothing depends on V.

Tokens with one and the same column of M count as one.  Per sentence with label y, weight pi, the
most attended token 0, the others k, and sigma(x) = 1 / (1 + e^-x):

    a_k = softmax of the scores of the others,    kappa = log odds of the others against token 0
    phi_0 = sigma(-kappa),                        phi_k = sigma(kappa) a_k
    t_j = sum_{n(k)=j} phi_k g_k,                 the logits
    r_j = softmax of t over the wrong classes,    lambda = log odds of these against y
    p_y - 1 = -sigma(lambda),                     p_j = sigma(lambda) r_j
    v_k = g_k r_{n(k)} with r_y = -1,             d_k = v_k - v_0,    T = sum_k a_k d_k

    dLoss/dS[k,q] = pi sigma(kappa) sigma(lambda) * a_k (d_k - sigma(kappa) T),    k not 0
    dLoss/dS[0,q] = pi sigma(kappa) sigma(lambda) * -sigma(-kappa) T

Neither p_y - 1 nor phi_0 - 1 is formed, d_k is 0 where it is rounding, and
e^(kappa + min(lambda, 0)) is kept apart: as exact as `model.gradient`, which says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.gradient import EQUAL, Forward, log_softplus
from ntp_dynamics.studies.next_token.model.slots import Groups, Slots, lay_out_slots
from ntp_dynamics.studies.next_token.model.token_space import LogScaled

NEVER = -1e300
"""A score below all others, but a number: a sentence may have no other tokens."""


@dataclass(frozen=True)
class Structured:
    """The cross-entropy of some runs as a function of their scores, the logits given by gains."""

    slots: Slots

    def gradient(self, scores: Float[Tensor, "R V Q"]) -> tuple[LogScaled, Forward]:
        """dLoss/dS (with its log-scale) and the forward pass it came from."""
        slots = self.slots
        shape = slots.log_pi.shape
        attention = _attend(slots.pairs.read(scores).view_as(slots.gain), slots)
        prediction = _predict(attention, slots)
        log_phi = attention.score.add_(attention.stay.log())
        by_slot, log_scale = _pull(attention, prediction, slots)
        slope = slots.pairs.sum(by_slot.view(-1)).view_as(scores)
        forward = Forward(
            log_phi.unflatten(1, shape).movedim(0, -1),
            log_softplus(prediction.log_odds).view(shape),
            prediction.wrong_margin.view(shape),
        )
        return LogScaled(slope, log_scale), forward


def structured(batch: Batch, gain: Float[Tensor, "R V"], kind: Int[Tensor, "R V"]) -> Structured:
    """The loss of a batch whose logits have columns of these gains and kinds."""
    slots = lay_out_slots(batch.to("cpu"), gain, kind)
    return Structured(slots.each(lambda x: x.to(batch.token.device)))


class _Attention(NamedTuple):
    """What a sentence attends to, beside its most attended token."""

    reference: Int[Tensor, " S"]
    """Position of the most attended token."""
    others: Float[Tensor, "K S"]
    """a_k; zero at the reference and at followers of a kind."""
    log_odds: Float[Tensor, " S"]
    """kappa."""
    leave: Float[Tensor, " S"]
    """sigma(kappa)."""
    stay: Float[Tensor, " S"]
    """sigma(-kappa); kappa is at most log K, so that subtraction from 1 does no harm."""
    share: Float[Tensor, " J"] | None
    """What each member has of the attention of its kind."""
    score: Float[Tensor, "K S"]
    """Relative to that of the reference, members of a kind apart."""


class _Prediction(NamedTuple):
    """What a sentence predicts wrongly."""

    residual: Float[Tensor, "K S"]
    """r_{n(k)}, -1 where that is the label."""
    log_odds: Float[Tensor, " S"]
    """lambda."""
    wrong_margin: Float[Tensor, " S"]


def _attend(score: Float[Tensor, "K S"], slots: Slots) -> _Attention:
    """Writes into the scores it is given."""
    if slots.log_copies is not None:
        score += slots.log_copies
    joined = _join(score, slots.kinds)
    largest = joined.amax(0)
    is_largest = torch.eq(joined, largest, out=torch.empty_like(joined))
    reference = is_largest.mul_(slots.position).amax(0).long()
    others = joined - largest
    score -= largest
    flat, share = others.view(-1), None
    if slots.kinds.rounds:
        member, leader = slots.kinds.joined
        share = (score.view(-1)[member] - flat[leader]).exp_()
    flat.index_fill_(0, reference, NEVER)
    log_odds = _softmax(others, others.amax(0))
    leave = log_odds.sigmoid()
    return _Attention(reference, others, log_odds, leave, 1 - leave, share, score)


def _softmax(x: Float[Tensor, "K S"], largest: Float[Tensor, " S"]) -> Float[Tensor, " S"]:
    """Turns x into its softmax over slots; log sum e^x.

    torch's own takes another exponential in the last lanes of a thread, so that its bits depend on
    the number of threads.
    """
    total = x.sub_(largest).exp_().sum(0)
    x /= total
    return total.log_().add_(largest)


def _join(score: Float[Tensor, "K S"], kinds: Groups) -> Float[Tensor, "K S"]:
    """The scores of kinds at their leaders, the followers nowhere."""
    if not kinds.rounds:
        return score
    joined = score.clone()
    flat = joined.view(-1)
    for member, leader in kinds.rounds:
        flat.index_copy_(0, leader, torch.logaddexp(flat[leader], flat[member]))
        flat.index_fill_(0, member, -math.inf)
    return joined


def _predict(attention: _Attention, slots: Slots) -> _Prediction:
    width, sentences = slots.gain.shape
    logits = slots.gain.new_empty(width + 1, sentences)
    by_slot, rest, flat = logits[:-1], logits[-1], logits.view(-1)
    torch.mul(attention.others, attention.leave, out=by_slot)
    flat.index_copy_(0, attention.reference, attention.stay)
    by_slot *= slots.gain
    rest.zero_()
    for member, leader in slots.classes.rounds:
        flat.index_add_(0, leader, flat[member])  # no leader twice: deterministic
    label = flat.index_select(0, slots.label)
    flat.index_fill_(0, slots.not_wrong, -math.inf)
    largest = by_slot.amax(0).clamp_min_(0.0)
    wrong_margin = largest - label
    rest.copy_(slots.log_rest)
    log_odds = _softmax(logits, torch.maximum(largest, slots.log_rest)) - label
    if slots.classes.rounds:
        member, leader = slots.classes.joined
        flat.index_copy_(0, member, flat[leader])
    flat.index_fill_(0, slots.right, -1.0)
    return _Prediction(by_slot, log_odds, wrong_margin)


def _pull(
    attention: _Attention, prediction: _Prediction, slots: Slots
) -> tuple[Float[Tensor, "K S"], Float[Tensor, " R"]]:
    """What each slot adds to dLoss/dS, and its log-scale.  Writes into the residual."""
    reference, others, kappa, leave, stay, share, _ = attention
    value = prediction.residual.mul_(slots.gain)
    flat = value.view(-1)
    rounding = EQUAL * torch.maximum(value.amax(0), value.amin(0).neg_())
    difference = value.sub_(flat.index_select(0, reference))
    differs = torch.gt(difference.abs(), rounding, out=torch.empty_like(others))
    pull = difference.mul_(differs).mul_(others)  # a_k d_k
    total = pull.sum(0)
    still = pull.amax(0) == pull.amin(0)  # all zero, as that of the reference is
    below = prediction.log_odds.clamp_max(0.0)
    log_sentence = slots.log_pi + (kappa + below).view_as(slots.log_pi)
    log_sentence.masked_fill_(still.view_as(log_sentence), -math.inf)
    log_scale = log_sentence.amax(1)
    finite = log_scale.masked_fill(log_scale == -math.inf, 0.0)
    weight = (log_sentence - finite[:, None]).exp_().view(-1)
    weight *= stay * prediction.log_odds.abs().sigmoid_()
    pull.addcmul_(others, leave * total, value=-1.0)
    flat.index_copy_(0, reference, total.mul_(stay).neg_())
    pull *= weight
    if share is not None:
        member, leader = slots.kinds.joined
        flat.index_copy_(0, member, flat[leader] * share)
    return pull, log_scale
