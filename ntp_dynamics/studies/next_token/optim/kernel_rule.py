"""What a configuration asks of the fused kernels: a rule and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ntp_dynamics.studies.next_token.groups import (
    Adam,
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SignDescent,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.model.trained import (
    ADAM,
    NORMALISED,
    PLAIN,
    POLYAK,
    SIGN,
    SPLIT,
    Rule,
)

KINDS: dict[type[Optimizer], int] = {
    NormalisedGradientDescent: NORMALISED,
    GradientDescent: PLAIN,
    Polyak: POLYAK,
    SignDescent: SIGN,
    Adam: ADAM,
    SplitNormalisedGradientDescent: SPLIT,
}
NUMBERS: dict[int, Callable[[Any], dict[str, float]]] = {
    NORMALISED: lambda o: {"momentum": o.momentum},
    PLAIN: lambda o: {"momentum": o.momentum},
    SIGN: lambda o: {"momentum": o.momentum},
    POLYAK: lambda o: {},
    SPLIT: lambda o: {},
    ADAM: lambda o: {"momentum": o.beta1, "beta2": o.beta2, "epsilon": o.epsilon},
}


def kernel_rule(optimizer: Optimizer, step_size: float) -> Rule:
    """The rule that moves one matrix."""
    kind = next(KINDS[one] for one in type(optimizer).__mro__ if one in KINDS)
    numbers = {name: float(x) for name, x in NUMBERS[kind](optimizer).items()}
    return Rule(kind, float(step_size), decay=float(optimizer.weight_decay), **numbers)
