"""Laws that are curves: what y is, or a bound of any form.  Constructors stand on `Law`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.parameters import CurveLike, in_short, on_grid


@dataclass(frozen=True, eq=False)
class Equals(Law, form="equals"):
    """y = value."""

    curves: ClassVar[tuple[str, ...]] = ("curve",)
    curve: CurveLike
    tolerance: CurveLike
    absolute: CurveLike = 0.0

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return on_grid(self.curve, t)

    def describe(self) -> str:
        parts = []
        for x, word in ((self.tolerance, ""), (self.absolute, " absolute")):
            if callable(x):
                parts.append(f"its tolerance{word}")
            elif np.ndim(x):
                parts.append(f"{in_short(x)}{word}")
            elif x:
                parts.append(f"{x:g}{word}")
        return f"y = the stated value to {' and '.join(parts) or '0'}"


@dataclass(frozen=True, eq=False)
class Value(Equals, form="value"):
    """y = value, of either sign: ``log_f`` is the value itself."""

    reads_logs: ClassVar[bool] = False


@dataclass(frozen=True, eq=False)
class Limit(Equals, form="limit"):
    """y / f -> 1, met to a tolerance from the claim's start on: an equality in the limit, with a
    constant that is told beside the one that was measured."""

    constant: Float[np.ndarray, " S"] = field(default_factory=lambda: np.ones(1))

    def describe(self) -> str:
        return f"y -> the stated value, with the constant {in_short(self.constant)}"


@dataclass(frozen=True, eq=False)
class Envelope(Law, form="envelope"):
    """A curve given by its natural log."""

    curves: ClassVar[tuple[str, ...]] = ("curve",)
    curve: CurveLike

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return on_grid(self.curve, t)

    def describe(self) -> str:
        return "the stated curve"
