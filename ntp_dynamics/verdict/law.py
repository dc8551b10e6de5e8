"""Laws: the form a claim predicts for a positive quantity y(t), t = 1, 2, 3, ...

Everything is in natural logarithms, because the quantities and their bounds leave the range of
floats (e^-700 is an ordinary loss).  A parameter is one number, or an (S,) array with one value a
run, since the runs of a job may have different data and hence different constants.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.grid import grid_of
from ntp_dynamics.verdict.parameters import (
    CurveLike,
    Parameter,
    allowance,
    curve_of,
    in_short,
    one_a_run,
    ordered,
    power_formula,
    told,
)

FORMS: dict[str, type[Law]] = {}
"""Laws by the names of their forms."""


@dataclass(frozen=True, eq=False)
class Law(ABC):
    """The form of a prediction, without the constant in front of it.

    Its constructors make all forms: those with parameters are below, those that are curves in
    `verdict.curved`, those about all runs together in `verdict.sample`.
    """

    name: ClassVar[str] = ""
    reads_logs: ClassVar[bool] = True
    """Whether y is handed over as its natural log."""
    of_a_sample: ClassVar[bool] = False
    """Whether it speaks of all runs together only."""
    asks_some: ClassVar[bool] = False
    """Whether nan says that a run was not asked, rather than that its value is broken."""
    curves: ClassVar[tuple[str, ...]] = ()
    """Parameters that are curves in t."""
    plain: ClassVar[tuple[str, ...]] = ()
    """Parameters that are one number for all runs."""

    def __init_subclass__(cls, form: str = "") -> None:
        if form:
            cls.name = form
            FORMS[form] = cls

    @staticmethod
    def power(p: Parameter, log_power: Parameter = 0) -> Power:
        """f(t) = t^-p (log t)^q with q = ``log_power``; says nothing at t = 1 unless q = 0."""
        return Power(one_a_run(p), one_a_run(log_power))

    @staticmethod
    def exponential(rate: Parameter | None = None) -> Exponential:
        """f(t) = e^(-rate t).  Without a rate: some exponential decay, however slow."""
        if rate is not None and np.any(np.asarray(rate) <= 0):
            raise ValueError("a decay rate is positive")
        return Exponential(None if rate is None else one_a_run(rate))

    @staticmethod
    def linear_growth(
        low: Parameter | None, high: Parameter | None, *, asymptotic: bool = False
    ) -> LinearGrowth:
        """low t <= y(t) <= high t.

        None is an unspecified positive constant (y grows at least, at most, linearly); ``low=0``
        and ``high=inf`` make no claim on that side.  ``asymptotic``: only dy/dt in the last windows
        lies in [low, high], as for eta t - O(1).  Raises ValueError where nothing is claimed.
        """
        sides = [None if side is None else one_a_run(side) for side in (low, high)]
        if any(side is not None and (side < 0).any() for side in sides):
            raise ValueError("low and high are not negative")
        law = LinearGrowth(sides[0], sides[1], asymptotic)
        if asymptotic and (low is None or high is None):
            raise ValueError("an asymptotic slope needs numbers; low=0 or high=inf claims nothing")
        if not law.claims(+1) and not law.claims(-1):
            raise ValueError("low=0 and high=inf together claim nothing")
        return law

    @staticmethod
    def equals(
        log_value: CurveLike, tolerance: CurveLike = 1e-9, *, absolute: CurveLike = 0.0
    ) -> Law:
        """|y - value| <= absolute + tolerance * value, with ln value given: -inf is exactly zero.

        ``log_value`` is a number, a (T,), (S, T) or (S, 1) array, or a function of t that returns
        one of these, and so is either tolerance.
        """
        return _made("equals", curve_of(log_value), allowance(tolerance), allowance(absolute))

    @staticmethod
    def limit(log_value: CurveLike, tolerance: CurveLike, *, constant: Parameter) -> Law:
        """As ``equals``, in the limit: ``constant``, a factor of the value, is told as measured."""
        return _made("limit", curve_of(log_value), allowance(tolerance), 0.0, one_a_run(constant))

    @staticmethod
    def value(value: CurveLike, tolerance: CurveLike = 0.0, *, absolute: CurveLike = 0.0) -> Law:
        """|y - value| <= absolute + tolerance * |value| for a y of either sign: what is judged is y
        itself and not its log.  Arguments as in ``equals``.  Raises ValueError without a tolerance.
        """
        granted = allowance(tolerance), allowance(absolute)
        if all(isinstance(x, float) and x == 0 for x in granted):
            raise ValueError("a value is met to a tolerance, relative or absolute")
        return _made("value", curve_of(value), *granted)

    @staticmethod
    def mean_equals(log_f: CurveLike) -> Law:
        """The arithmetic mean over the runs is f, up to its sampling error (`verdict.mean`); ln f
        given as in ``equals``.  For claims about an ensemble."""
        return _made("mean_equals", curve_of(log_f))

    @staticmethod
    def mean_value(
        value: CurveLike,
        *,
        tolerance: CurveLike = 0.0,
        absolute: CurveLike = 0.0,
        within: float = 0.2,
    ) -> Law:
        """The mean over the runs of y itself, of either sign, is ``value`` up to absolute +
        tolerance * |value| and its sampling error (`verdict.mean_value`).

        Tight needs the 95 % limits of the mean within ``within`` * |value| of that as well.
        """
        curve = curve_of(value)
        return _made("mean_value", curve, allowance(tolerance), allowance(absolute), float(within))

    @staticmethod
    def frequency(low: CurveLike = 0.0, high: CurveLike = 1.0) -> Law:
        """y is 1 where it happens in a run, 0 where it does not, nan where the run is not asked:
        its probability lies in [low, high], numbers or curves of t (`verdict.frequency`)."""
        return _made("frequency", curve_of(low), curve_of(high))

    @staticmethod
    def scaling(low: float, high: float) -> Law:
        """Along an axis x of positive values the exponent d ln E y / d ln x lies in [low, high],
        of which one may be infinite (`verdict.scaling`)."""
        return _made("scaling", *ordered(low, high))

    @staticmethod
    def decay(low: float, high: float, *, log_shape: CurveLike = 0.0) -> Law:
        """P(y = 1) = C f(t) e^(-rate t) with a rate in [low, high], one of which may be infinite;
        y as in ``frequency``, ln f given as in ``equals``.  No count is ever logged, so that zeros
        count as what they are (`verdict.decay`)."""
        return _made("decay", *ordered(low, high), curve_of(log_shape))

    @staticmethod
    def monotone(sign: int) -> Monotone:
        """y never falls (sign = +1) or never rises (-1), up to rounding."""
        if sign not in (-1, 1):
            raise ValueError(f"sign is +1 or -1, not {sign!r}")
        return Monotone(sign)

    @staticmethod
    def envelope(log_f: CurveLike) -> Law:
        """Any f, by its natural log, given as in ``equals``."""
        return _made("envelope", curve_of(log_f))

    @property
    def form(self) -> str:
        """The constructor's name, and asymptotic_growth for a linear growth of that kind."""
        return self.name

    @property
    def start(self) -> Float[np.ndarray, " S"]:
        """Where the law starts to speak, one value or one a run; 0: wherever t starts."""
        return np.zeros(1)

    @abstractmethod
    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        """ln f on the grid, (1, T) or (S, T); nan where the law draws no curve."""

    @abstractmethod
    def describe(self) -> str:
        """The law in one short formula; ``a..b`` where runs differ."""

    def to_json(self) -> dict[str, Any]:
        """Form, formula and parameters (a list where runs differ; numbers that are not finite by
        name; curves that are no single number are left out).  Read by `written.law_from_json`."""
        numbers = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray) and (value.ndim == 1 or value.size == 1):
                value = told(value.ravel())
            elif field.name in self.plain:
                value = told(np.array([value]))
            if not (callable(value) or isinstance(value, np.ndarray)):
                numbers[field.name] = value
        return {"form": self.form, "formula": self.describe(), **numbers}

    def for_runs(self, t: Float[np.ndarray, " T"], runs: Bool[np.ndarray, " S"]) -> Law:
        """The law of the chosen runs only, functions of t evaluated on the grid.

        Raises ValueError for a parameter that fits neither one run nor all of them.
        """
        chosen = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if callable(value):
                value = curve_of(value(t))
            if isinstance(value, np.ndarray):
                fits = value.shape[0] in (1, runs.size) and value.shape[1:] in ((), (1,), t.shape)
                if not fits:
                    raise ValueError(f"{field.name} has shape {value.shape}, not ({runs.size}, T)")
                value = value[runs] if value.shape[0] == runs.size else value
                if value.ndim == 1 and np.isnan(value).any():
                    raise ValueError(f"{field.name} of the law is nan in a run to be judged")
            chosen[field.name] = value
        return replace(self, **chosen)


@dataclass(frozen=True, eq=False)
class Power(Law, form="power"):
    """t^-p log^q t."""

    p: Float[np.ndarray, " S"]
    log_power: Float[np.ndarray, " S"]

    @property
    def start(self) -> Float[np.ndarray, " S"]:
        return np.where(self.log_power != 0, 2.0, 0.0)

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        p, q = self.p[:, None], self.log_power[:, None]
        grid = grid_of(t)
        if not self.log_power.any():
            return 0.0 - p * grid.log
        with np.errstate(invalid="ignore"):
            return np.where(q != 0, q * grid.log_log, 0.0) - p * grid.log

    def describe(self) -> str:
        p, q = np.broadcast_arrays(self.p, self.log_power)
        pairs = {pair for pair in zip(p, q, strict=True) if not np.isnan(pair).any()}
        return " or ".join(power_formula(*pair) for pair in sorted(pairs)) or "?"


@dataclass(frozen=True, eq=False)
class Exponential(Law, form="exponential"):
    """e^(-rate t), or some exponential."""

    rate: Float[np.ndarray, " S"] | None

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return np.full((1, t.size), np.nan) if self.rate is None else -self.rate[:, None] * t

    def describe(self) -> str:
        return f"exp(-{'c' if self.rate is None else in_short(self.rate)} t)"


@dataclass(frozen=True, eq=False)
class LinearGrowth(Law, form="linear_growth"):
    """low t <= y <= high t; ``log_f`` is ln t, the form without its two constants."""

    low: Float[np.ndarray, " S"] | None
    high: Float[np.ndarray, " S"] | None
    asymptotic: bool

    @property
    def form(self) -> str:
        return "asymptotic_growth" if self.asymptotic else "linear_growth"

    def limit(self, sign: int) -> Float[np.ndarray, " S"] | None:
        """The constant of the upper (+1) or the lower (-1) side; None = unspecified."""
        return self.high if sign > 0 else self.low

    @cached_property
    def sides(self) -> tuple[int, ...]:
        """Those that are claimed at all."""
        above = self.high is None or not np.isinf(self.high).any()
        below = self.low is None or not (self.low == 0).any()
        return (+1,) * above + (-1,) * below

    def claims(self, sign: int) -> bool:
        """Whether that side is."""
        return sign in self.sides

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return grid_of(t).log[None]

    def describe(self) -> str:
        low = "a" if self.low is None else in_short(self.low)
        high = "b" if self.high is None else in_short(self.high)
        if self.asymptotic:
            return f"slope -> {low}" if low == high else f"{low} <= slope <= {high}"
        parts = [f"{low} t <= "] * self.claims(-1) + ["y"] + [f" <= {high} t"] * self.claims(+1)
        return "".join(parts)


@dataclass(frozen=True, eq=False)
class Monotone(Law, form="monotone"):
    """y never moves against ``sign``; it has no curve, so ``log_f`` is nan."""

    sign: int

    def log_f(self, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
        return np.full((1, t.size), np.nan)

    def describe(self) -> str:
        return "y never falls" if self.sign > 0 else "y never rises"


FORMS["asymptotic_growth"] = LinearGrowth


def _made(form: str, *parameters: Any) -> Law:
    """A law of a form that is registered by its own module."""
    made: Any = FORMS[form]
    return made(*parameters)
