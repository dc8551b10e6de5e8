"""Update rules: pure pairs (init, update) on the coefficients of the trained matrices.

A rule turns the slopes of all layers of a stage into changes.  Gradient descent, its normalised
form and Polyak's are rotation covariant, hence exact in token space for any token vectors; Adam and
sign descent act on the entries of W and are given whole matrices (`COVARIANT` says which is which).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import NormOver
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SignDescent,
)
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, TokenMatrix

Gap = Callable[[], Float[Tensor, " R"]]


class Slope(NamedTuple):
    """What a rule is told about one layer."""

    matrix: TokenMatrix | FullMatrix
    gradient: LogScaled
    """In the coordinates of the coefficients."""
    step_size: float

    @property
    def log_norm(self) -> Float[Tensor, " R"]:
        """log ||dLoss/dW||_F."""
        return self.matrix.gradient_norm(self.gradient.value).log() + self.gradient.log_scale


class Rule(NamedTuple):
    """`init(shapes)` gives a memory; `update(slopes, log_gap, memory)` changes and a new memory.

    ``log_gap`` measures the log of the loss above its infimum, a value a run.
    """

    init: Callable[[Sequence[Tensor]], Any]
    update: Callable[[Sequence[Slope], Gap, Any], tuple[list[Tensor], Any]]


def _forget(coefficients: Sequence[Tensor]) -> None:
    return None


def normalised_gradient_descent(over: NormOver = NormOver.matrix) -> Rule:
    """W <- W - eta grad / ||grad||_F (Algorithm 1), the norm of each matrix or of all together.

    A gradient of exactly zero moves nothing; the scale of a gradient never leaves the log.
    """

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        if over is NormOver.matrix:
            factors = [_inverse(s.matrix.gradient_norm(s.gradient.value)) for s in slopes]
        else:
            both = torch.stack([2 * s.log_norm for s in slopes]).logsumexp(0) / 2
            factors = [_exp(s.gradient.log_scale - both) for s in slopes]
        return [
            _scaled(s, s.step_size * factor) for s, factor in zip(slopes, factors, strict=True)
        ], None

    return Rule(_forget, update)


def gradient_descent() -> Rule:
    """W <- W - eta grad."""

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        return [_scaled(s, s.step_size * s.gradient.log_scale.exp()) for s in slopes], None

    return Rule(_forget, update)


def polyak() -> Rule:
    """W <- W - eta (L - inf L) grad / ||grad||^2, the norm over all layers; eta = 1 is Polyak's.

    Raises ValueError where inf L is unknown.
    """

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        gap = log_gap()
        if gap.isnan().any():
            raise ValueError(
                "Polyak's step needs inf L: equal margins and an injective collocation"
            )
        log_square = torch.stack([2 * s.log_norm for s in slopes]).logsumexp(0)
        return [
            _scaled(s, s.step_size * _exp(gap - log_square + s.gradient.log_scale)) for s in slopes
        ], None

    return Rule(_forget, update)


def sign_descent() -> Rule:
    """W <- W - eta sign(grad), entry by entry."""

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        return [-s.step_size * s.gradient.value.sign() for s in slopes], None

    return Rule(_forget, update)


def adam(beta1: float, beta2: float, epsilon: float) -> Rule:
    """Kingma and Ba (2015), Algorithm 1, entry by entry."""

    def init(coefficients: Sequence[Tensor]) -> tuple[int, list[Tensor], list[Tensor]]:
        nothing = [torch.zeros_like(c) for c in coefficients]
        return 0, nothing, nothing

    def update(
        slopes: Sequence[Slope], log_gap: Gap, memory: tuple[int, list[Tensor], list[Tensor]]
    ) -> tuple[list[Tensor], tuple[int, list[Tensor], list[Tensor]]]:
        step, first, second = memory
        step += 1
        changes, firsts, seconds = [], [], []
        for slope, m, v in zip(slopes, first, second, strict=True):
            g = slope.gradient.value * slope.gradient.log_scale.exp()[:, None, None]
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g.square()
            corrected = (v / (1 - beta2**step)).sqrt() + epsilon
            changes.append(-slope.step_size * m / (1 - beta1**step) / corrected)
            firsts.append(m)
            seconds.append(v)
        return changes, (step, firsts, seconds)

    return Rule(init, update)


def make_rule(optimizer: Optimizer) -> Rule:
    """The rule a configuration asks for."""
    return RULES[type(optimizer)](optimizer)


RULES: dict[type[Optimizer], Callable[[Any], Rule]] = {
    NormalisedGradientDescent: lambda o: normalised_gradient_descent(o.norm),
    GradientDescent: lambda o: gradient_descent(),
    Polyak: lambda o: polyak(),
    SignDescent: lambda o: sign_descent(),
    Adam: lambda o: adam(o.beta1, o.beta2, o.epsilon),
}

COVARIANT = {NormalisedGradientDescent, GradientDescent, Polyak}
"""Rules whose steps do not depend on the basis."""


def _scaled(slope: Slope, factor: Float[Tensor, " R"]) -> Tensor:
    return slope.gradient.value * -factor[:, None, None]


def _inverse(norm: Float[Tensor, " R"]) -> Float[Tensor, " R"]:
    return (1 / norm).where(norm > 0, 0.0)


def _exp(log_factor: Float[Tensor, " R"]) -> Float[Tensor, " R"]:
    """e^x; nan, from a gradient of exactly zero, moves nothing."""
    return log_factor.exp().nan_to_num(0.0, posinf=0.0)
