"""Quantities of a state that observables are made of."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix, product
from ntp_dynamics.studies.next_token.optim.state import Layer, State

PAPER = "Huang, Liang, Yang 2024"


def attentive(state: State) -> Layer:
    """The attention layer of a stage that trains it."""
    assert state.attention is not None
    return state.attention


def fed_forward(state: State) -> Layer:
    """The feed-forward layer of a stage that trains it."""
    assert state.feed_forward is not None
    return state.feed_forward


def norm_of(layer: Layer) -> Float[Tensor, " R"]:
    """||W||_F of the whole matrix."""
    return layer.matrix.norm(layer.coefficients, layer.kept)


def log_gradient_norm(state: State) -> Float[Tensor, " R"]:
    """log ||grad||_F over the trained layers."""
    layers = [layer for layer in (state.attention, state.feed_forward) if layer]
    norms = [
        layer.matrix.gradient_norm(layer.gradient.value).log() + layer.gradient.log_scale
        for layer in layers
    ]
    return torch.stack([2 * norm for norm in norms]).logsumexp(0) / 2 if norms[1:] else norms[0]


def direction_gap(
    layer: Layer, target: Float[Tensor, "R A B"], target_norm: Float[Tensor, " R"]
) -> Float[Tensor, " R"]:
    """1 - cos as half the squared distance of unit matrices: right down to 1e-30.

    ``target`` are the coefficients B* of W*.  Where token vectors are orthonormal it is a sum of
    squares over X/|W| - B*/|W*|; else over the entries of W/|W| - W*/|W*|.
    """
    matrix, norm = layer.matrix.shrunk(layer.kept), norm_of(layer)
    unit_target = target / target_norm[:, None, None]
    if isinstance(matrix, FullMatrix):
        unit = (matrix.weight + layer.coefficients) / norm[:, None, None]
        inside = (unit - product(matrix.left, unit_target, matrix.right.mT)).square().sum((1, 2))
        return 0.5 * (inside + (matrix.outside_norm / norm).square())
    unit = layer.value / norm[:, None, None]
    if matrix.many is not None:  # along the unit vectors of rows that stand for several classes
        unit, unit_target = unit * matrix.many.sqrt(), unit_target / matrix.many.sqrt()
    inside = (unit - unit_target).square().sum((1, 2))
    return 0.5 * (inside + (matrix.outside_norm / norm).square())


def is_right(wrong_margin: Float[Tensor, "R N"], logits: Float[Tensor, "R J V"]) -> Tensor:
    """Whether the right class leads by more than rounding; a tie is not right."""
    return wrong_margin < -1e-12 * logits.abs().amax((1, 2))[:, None]


def class_margins(state: State, absent: float) -> Float[Tensor, "R J V"]:
    """M_n(x)x - M_vx of class v (row) and token x (column); ``absent`` at v = n(x), and where that
    is not known."""
    label = state.batch.collocation.clamp_min(0)[:, None]
    margin = torch.gather(state.logits, 1, label) - state.logits
    return margin.scatter(1, label, absent).masked_fill(~state.batch.known[:, None], absent)


def optimal_mass(state: State) -> Float[Tensor, "R N"]:
    """phi_+: attention mass on the optimal tokens of each sentence."""
    return state.forward.log_phi.exp().masked_fill(~state.batch.optimal, 0.0).sum(-1)


def wrong_mass(state: State) -> Float[Tensor, "R N"]:
    """log phi_-: log of the attention mass on the other tokens; -inf where there are none."""
    return state.forward.log_phi.masked_fill(state.batch.optimal, -math.inf).logsumexp(-1)


def of_real_sentences(
    state: State, x: Float[Tensor, "R N"], padding: float
) -> Float[Tensor, "R N"]:
    return x.masked_fill(state.batch.log_pi == -math.inf, padding)
