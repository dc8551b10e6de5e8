"""Update rules: pure pairs (init, update) on the coefficients of a `TokenMatrix`.

With W = W_0 + L B R^T and dLoss/dW = L D R^T, a rule turns D into a change of B.  Gradient descent
and its normalised form are rotation covariant, hence exact in token space for any token vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import GradientDescent, NormalisedGradientDescent, Optimizer
from ntp_dynamics.model.token_space import LogScaled, TokenMatrix


class Change(NamedTuple):
    """What one update does."""

    coefficients: Float[Tensor, "R A B"]
    length: Float[Tensor, " R"]
    """||Delta W||_F: adds up to the path length."""
    memory: Any
    """The rule's own state after the update."""


class Rule(NamedTuple):
    """An optimiser: `init(matrix)` gives memory, `update(gradient, matrix, memory)` a Change."""

    init: Callable[[TokenMatrix], Any]
    update: Callable[[LogScaled, TokenMatrix, Any], Change]


def _no_memory(matrix: TokenMatrix) -> None:
    return None


def normalised_gradient_descent(step_size: float) -> Rule:
    """W <- W - eta grad / ||grad||_F (Algorithm 1).  A gradient of exactly zero moves nothing."""

    def update(gradient: LogScaled, matrix: TokenMatrix, memory: None) -> Change:
        norm = matrix.gradient_norm(gradient.value)  # the common factor e^log_scale cancels
        length = torch.full_like(norm, step_size).where(norm > 0, 0.0)
        pace = (length / norm).where(norm > 0, 0.0)
        return Change(gradient.value * -pace[:, None, None], length, memory)

    return Rule(_no_memory, update)


def gradient_descent(step_size: float) -> Rule:
    """W <- W - eta grad."""

    def update(gradient: LogScaled, matrix: TokenMatrix, memory: None) -> Change:
        pace = step_size * gradient.log_scale.exp()
        change = gradient.value * -pace[:, None, None]
        return Change(change, pace * matrix.gradient_norm(gradient.value), memory)

    return Rule(_no_memory, update)


RULES: dict[type[Optimizer], Callable[[float], Rule]] = {
    NormalisedGradientDescent: normalised_gradient_descent,
    GradientDescent: gradient_descent,
}


def make_rule(optimizer: Optimizer, step_size: float) -> Rule:
    """The rule a configuration asks for."""
    return RULES[type(optimizer)](step_size)
