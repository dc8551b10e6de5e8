"""Observables that cost more than the built-in ones, measured on request:
`hooks.modules=[ntp_dynamics.studies.next_token.diagnostics]`.
"""

from __future__ import annotations

import math

import torch
from einops import einsum, rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from ntp_dynamics.observe.observable import observable
from ntp_dynamics.studies.next_token.choices import ATTENTIVE, Stage
from ntp_dynamics.studies.next_token.model.gradient import gradient_by_sentence
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import frobenius
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.quantities import PAPER, attentive


@observable(
    Stage.attention,
    dims=("sentence",),
    long_name="what each sentence adds to the unit descent direction on its optimal tokens",
    source="derived: a dual variable of problem (3)",
)
def support(state: State, reference: Reference) -> Float[Tensor, "R N"]:
    """-sum_{k optimal} dL_n/dS[k,q] / ||dL/dS||_F.

    Normalised descent from zero is W = sum_n lambda_n (...) with lambda_n = eta times the sum of
    this over the steps; scaled by ||W*|| / ||W|| these lambda tend to multipliers of problem (3),
    which add up to ||W*||^2.
    """
    layer, batch = attentive(state), state.batch
    by_sentence = gradient_by_sentence(layer.value, state.logits, batch)
    pull = -by_sentence.value.masked_fill(~batch.optimal, 0.0).sum(-1)
    norm = frobenius(layer.slope.value) * (layer.slope.log_scale - by_sentence.log_scale).exp()
    return (pull / norm[:, None]).masked_fill(batch.log_pi == -math.inf, math.nan)


@observable(
    *ATTENTIVE,
    long_name="share of prompts with one non-comparable token continued by it",
    source=f"{PAPER}, Thm 3",
)
def order_extension_accuracy(state: State, reference: Reference) -> Float[Tensor, " R"]:
    """Over all queries q that are non-optimal and all x_0 non-comparable under q, n(x_0) known:
    whether x_0 and the non-optimal tokens of q, q last, are continued with n(x_0).  nan where there
    are none.
    """
    scores, batch = attentive(state).value, state.batch
    asked = _non_optimal_queries(state, reference)
    prompts = reference.non_comparable & asked[:, None] & batch.known[..., None]
    below = scores.masked_fill(~reference.non_optimal, -math.inf)
    most_below = below.amax(1, keepdim=True)  # (R, 1, Q)
    most = torch.maximum(most_below, scores)  # the shift of each prompt's softmax
    rest = einsum((below - most_below).exp().nan_to_num(), state.logits, "r w q, r j w -> r q j")
    mixed = einsum((scores - most).exp(), state.logits, "r v q, r j v -> r v q j")
    mixed = mixed + einsum((most_below - most).exp(), rest, "r v q, r q j -> r v q j")
    label = batch.collocation.clamp_min(0)
    target = rearrange(label, "r v -> r v 1 1").expand(-1, -1, scores.shape[-1], 1)
    wrong = mixed.scatter(-1, target, -math.inf).amax(-1)
    right = torch.gather(mixed, -1, target)[..., 0] > wrong
    return (right & prompts).sum((1, 2)) / prompts.sum((1, 2))


def _non_optimal_queries(state: State, reference: Reference) -> Bool[Tensor, "R Q"]:
    """Queries that stand below some token of their own order."""
    itself = state.batch.query_id.clamp_min(0)[:, None]
    known = torch.gather(reference.non_optimal, 1, itself)[:, 0]
    return known & (state.batch.query_id >= 0)
