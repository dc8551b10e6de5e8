"""Update rules: pure pairs (init, update) on the coefficients of the trained matrices.

A rule turns the slopes of all layers of a stage into changes.  Gradient descent, its normalised
form and Polyak's are rotation covariant, hence exact in token space for any token vectors; Adam and
sign descent act on the entries of W and are given whole matrices (`COVARIANT` says which is which).
Momentum goes around a rule and decay around its step (`Descent`): neither depends on the basis.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import NormOver
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    AdamW,
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SignDescent,
    SplitNormalisedGradientDescent,
    WithMomentum,
)
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.softmax_linear import Parts
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, TokenMatrix
from ntp_dynamics.studies.next_token.optim.running import nothing, running, squared

Gap = Callable[[], Float[Tensor, " R"]]


class Slope(NamedTuple):
    """What a rule is told about one layer."""

    matrix: TokenMatrix | FullMatrix
    gradient: LogScaled
    """In the coordinates of the coefficients."""
    step_size: float
    parts: Parts | None = None
    """Of the gradient, inside components and between them, where the loss has such."""
    smoothness: Float[Tensor, " R"] | None = None
    """An upper bound of every Hessian, of the same losses."""

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


def split_descent(finite_step_size: float | None = None) -> Rule:
    """W <- W - eta_F P_F grad - eta P grad / ||P grad||: gradient descent inside components, where
    a minimum is, and normalised descent between them, where none is.

    ``finite_step_size`` None is 1 / beta, the loss being beta-smooth.
    """

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        changes = []
        for slope in slopes:
            assert slope.parts is not None
            assert slope.smoothness is not None
            finite, other = slope.parts
            size = 1 / slope.smoothness if finite_step_size is None else finite_step_size
            inside = finite.value * -(size * finite.log_scale.exp())[:, None, None]
            per_norm = _inverse(slope.matrix.gradient_norm(other.value))
            between = other.value * (-slope.step_size * per_norm)[:, None, None]
            changes.append(inside + between)
        return changes, None

    return Rule(_forget, update)


def polyak() -> Rule:
    """W <- W - eta (L - inf L) grad / ||grad||^2, the norm over all layers; eta = 1 is Polyak's.

    Where inf L is unknown (nan) the step is nan.
    """

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        gap = log_gap()
        log_square = torch.stack([2 * s.log_norm for s in slopes]).logsumexp(0)
        factors = [_exp(gap - log_square + s.gradient.log_scale) for s in slopes]
        return [
            _scaled(s, s.step_size * factor.where(~gap.isnan(), math.nan))
            for s, factor in zip(slopes, factors, strict=True)
        ], None

    return Rule(_forget, update)


def known(log_gap: Float[Tensor, " R"]) -> Float[Tensor, " R"]:
    """The same.  Raises ValueError where it is nan: inf L is unknown."""
    if log_gap.isnan().any():
        raise ValueError("Polyak's step needs inf L: equal margins and an injective collocation")
    return log_gap


def sign_descent() -> Rule:
    """W <- W - eta sign(grad), entry by entry."""

    def update(slopes: Sequence[Slope], log_gap: Gap, memory: None) -> tuple[list[Tensor], None]:
        return [-s.step_size * s.gradient.value.sign() for s in slopes], None

    return Rule(_forget, update)


def adam(beta1: float, beta2: float, epsilon: float) -> Rule:
    """Kingma and Ba (2015), Algorithm 1, entry by entry: with m and v decaying means of g and g^2,

        W <- W - eta (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).

    Of m = m' e^a and v = v' e^b only the scale e^(a - b/2) of the ratio is formed, so that epsilon
    may be 0 however small gradients are.  An entry with v' = 0 does not move.
    """

    def init(coefficients: Sequence[Tensor]) -> tuple[int, list[LogScaled], list[LogScaled]]:
        means = [nothing(c) for c in coefficients]
        return 0, means, means

    def update(
        slopes: Sequence[Slope], log_gap: Gap, memory: tuple[int, list[LogScaled], list[LogScaled]]
    ) -> tuple[list[Tensor], tuple[int, list[LogScaled], list[LogScaled]]]:
        step, first, second = memory[0] + 1, [], []
        changes = []
        for slope, m, v in zip(slopes, *memory[1:], strict=True):
            m = running(m, beta1, slope.gradient, 1 - beta1)
            v = running(v, beta2, squared(slope.gradient), 1 - beta2)
            root = (v.value / (1 - beta2**step)).sqrt()
            if epsilon:
                root = root + (epsilon * (-v.log_scale / 2).exp())[:, None, None]
            ratio = (m.log_scale - v.log_scale / 2).exp() / (1 - beta1**step)
            change = m.value * (-slope.step_size * ratio)[:, None, None] / root
            changes.append(change.masked_fill(v.value == 0, 0.0))
            first.append(m)
            second.append(v)
        return changes, (step, first, second)

    return Rule(init, update)


def with_momentum(rule: Rule, beta: float) -> Rule:
    """The rule, given B <- beta B + grad in place of the gradient."""

    def init(coefficients: Sequence[Tensor]) -> tuple[list[LogScaled], Any]:
        return [nothing(c) for c in coefficients], rule.init(coefficients)

    def update(
        slopes: Sequence[Slope], log_gap: Gap, memory: tuple[list[LogScaled], Any]
    ) -> tuple[list[Tensor], tuple[list[LogScaled], Any]]:
        before, of_rule = memory
        sums = [running(b, beta, s.gradient) for b, s in zip(before, slopes, strict=True)]
        given = [s._replace(gradient=b) for s, b in zip(slopes, sums, strict=True)]
        changes, of_rule = rule.update(given, log_gap, of_rule)
        return changes, (sums, of_rule)

    return Rule(init, update)


def make_rule(optimizer: Optimizer) -> Rule:
    """The rule a configuration asks for; its decay is the descent's."""
    rule = RULES[type(optimizer)](optimizer)
    if isinstance(optimizer, WithMomentum) and optimizer.momentum:
        return with_momentum(rule, optimizer.momentum)
    return rule


RULES: dict[type[Optimizer], Callable[[Any], Rule]] = {
    NormalisedGradientDescent: lambda o: normalised_gradient_descent(o.norm),
    GradientDescent: lambda o: gradient_descent(),
    SplitNormalisedGradientDescent: lambda o: split_descent(o.finite_step_size),
    Polyak: lambda o: polyak(),
    SignDescent: lambda o: sign_descent(),
    Adam: lambda o: adam(o.beta1, o.beta2, o.epsilon),
    AdamW: lambda o: adam(o.beta1, o.beta2, o.epsilon),
}

COVARIANT = {
    NormalisedGradientDescent,
    GradientDescent,
    SplitNormalisedGradientDescent,
    Polyak,
}
"""Rules whose steps do not depend on the basis."""


def _scaled(slope: Slope, factor: Float[Tensor, " R"]) -> Tensor:
    return slope.gradient.value * -factor[:, None, None]


def _inverse(norm: Float[Tensor, " R"]) -> Float[Tensor, " R"]:
    return (1 / norm).where(norm > 0, 0.0)


def _exp(log_factor: Float[Tensor, " R"]) -> Float[Tensor, " R"]:
    """e^x; nan, from a gradient of exactly zero, moves nothing."""
    return log_factor.exp().nan_to_num(0.0, posinf=0.0)
