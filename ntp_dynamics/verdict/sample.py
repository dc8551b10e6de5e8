"""Laws about all runs together: a mean, a frequency, or how either changes.

Their runs are one sample, of which no run is named.  Constructors stand on `Law`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.parameters import CurveLike, curve_of, in_short, on_grid


class _OfASample(Law):
    """What these laws have in common."""

    of_a_sample: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class MeanEquals(_OfASample, form="mean_equals"):
    """The mean of y over runs = f."""

    curves: ClassVar[tuple[str, ...]] = ("curve",)
    curve: CurveLike

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return on_grid(self.curve, t)

    def describe(self) -> str:
        return "the mean = the stated curve"


@dataclass(frozen=True, eq=False)
class MeanValue(_OfASample, form="mean_value"):
    """The mean of y over runs = value, of either sign: ``log_f`` is the value itself."""

    reads_logs: ClassVar[bool] = False
    curves: ClassVar[tuple[str, ...]] = ("curve",)
    plain: ClassVar[tuple[str, ...]] = ("within",)
    curve: CurveLike
    tolerance: CurveLike
    absolute: CurveLike
    within: float

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return on_grid(self.curve, t)

    def allowed(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        """What the mean may be off by beside its sampling error."""
        tolerance, absolute = (on_grid(curve_of(x), t) for x in (self.tolerance, self.absolute))
        return absolute + tolerance * np.abs(self.log_f(t))

    def describe(self) -> str:
        return "the mean = the stated value"


class _OfEvents(_OfASample):
    """About what happens in a run or does not."""

    reads_logs: ClassVar[bool] = False
    asks_some: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class Frequency(_OfEvents, form="frequency"):
    """low <= P(y = 1) <= high; ``log_f`` is the side that is claimed, low where both are."""

    curves: ClassVar[tuple[str, ...]] = ("low", "high")
    low: CurveLike
    high: CurveLike

    def sides(self, t: Float[np.ndarray, " T"]) -> tuple[np.ndarray, np.ndarray]:
        """Both limits (1, T) or (S, T)."""
        return on_grid(self.low, t), on_grid(self.high, t)

    @property
    def claimed(self) -> tuple[bool, bool]:
        """Which of both limits says something; of two equal ones the first."""
        low, high = self.low, self.high
        above = callable(high) or bool((np.asarray(high) < 1).any())
        below = callable(low) or bool((np.asarray(low) > 0).any())
        same = not (callable(low) or callable(high)) and np.array_equal(low, high)
        return below, above and not (same and below)

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return self.sides(t)[0 if self.claimed[0] else 1]

    def describe(self) -> str:
        ends = [x for x in (self.low, self.high) if not callable(x)]
        if len(ends) < 2:
            return "P = the stated curve"
        low, high = (in_short(x) for x in ends)
        if low == high:
            return f"P = {low}"
        parts = [f"{low} <= "] * (low != "0") + ["P"] + [f" <= {high}"] * (high != "1")
        return "".join(parts)


@dataclass(frozen=True, eq=False)
class Scaling(_OfASample, form="scaling"):
    """low <= d ln E y / d ln x <= high."""

    plain: ClassVar[tuple[str, ...]] = ("low", "high")
    low: float
    high: float

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return np.full((1, t.size), np.nan)

    def describe(self) -> str:
        return _range("power of the mean", self.low, self.high)


@dataclass(frozen=True, eq=False)
class Decay(_OfEvents, form="decay"):
    """P(y = 1) = C f(t) e^(-rate t), low <= rate <= high; ``log_f`` is ln f."""

    curves: ClassVar[tuple[str, ...]] = ("log_shape",)
    plain: ClassVar[tuple[str, ...]] = ("low", "high")
    low: float
    high: float
    log_shape: CurveLike

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return on_grid(self.log_shape, t)

    def describe(self) -> str:
        return _range("decay rate of P", self.low, self.high)


def _range(name: str, low: float, high: float) -> str:
    """``1 <= name <= 2``, ``name = 1``, ``name >= 1``."""
    if low == high:
        return f"{name} = {low:.4g}"
    if math.isinf(high):
        return f"{name} >= {low:.4g}"
    return f"{name} <= {high:.4g}" if math.isinf(low) else f"{low:.4g} <= {name} <= {high:.4g}"
