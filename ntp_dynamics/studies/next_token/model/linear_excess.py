"""A softmax-linear loss above its infimum, without subtraction.

With delta = P_F W - W_fin and s the softmax of W_fin over the label's component I_n,

    L - L_inf = sum_n pi_n log1p(e^{lse_out - lse_in})                the leak
              + sum_n pi_n log1p(E_s[e^y - 1 - y]),  y = delta - E_s delta:   the fluctuation

both at least 0 (derived for this project: what is of first order in delta cancels, as W_fin is
stationary).  The leak is good to e^-1e5, the fluctuation to the square of what W_fin is good to.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.model.gradient import log_softplus
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear

NEAR = 0.5
"""Below this e^y - 1 - y is summed as a series, where the difference would cancel."""
TERMS = 14
"""Of the series: the next is below rounding."""


def log_linear_excess(loss: SoftmaxLinear, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """log (L - L_inf)."""
    return torch.logaddexp(log_leak_loss(loss, matrix), log_fluctuation(loss, matrix))


def log_leak_loss(loss: SoftmaxLinear, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """Log of what the loss owes to mass outside the components; -inf where there is no outside."""
    a = loss.reader.read(matrix) + loss.log_copies
    into = a.masked_fill(~loss.inside, -math.inf).logsumexp(-1)
    out = a.masked_fill(loss.inside, -math.inf).logsumexp(-1)
    return (log_softplus(out - into) + loss.log_weight).logsumexp(-1)


def log_fluctuation(loss: SoftmaxLinear, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, " R"]:
    """Log of what it owes to P_F W - W_fin; -inf where the components are single entries."""
    away = loss.reader.read(distance(loss, matrix))
    share = loss.finite_share
    y = away - (share * away).sum(-1, keepdim=True)
    surplus = (share * second_order(y)).sum(-1)
    return (surplus.log1p().log() + loss.log_weight).logsumexp(-1)


def distance(loss: SoftmaxLinear, matrix: Float[Tensor, "R A B"]) -> Float[Tensor, "R A B"]:
    """P_F W - W_fin."""
    return loss.spread_out(loss.centred(matrix) - loss.finite)


def second_order(y: Tensor) -> Tensor:
    """e^y - 1 - y."""
    near = y.clamp(-NEAR, NEAR)
    series = torch.ones_like(near)
    for k in range(TERMS, 2, -1):
        series = 1 + near / k * series
    return torch.where(y.abs() < NEAR, near.square() / 2 * series, y.expm1() - y)
