"""Expressions of one positive variable t, evaluated by their logs.

A bound such as e^(-t) leaves the range of floats long before a study of it ends, so that each
expression gives its sign and the natural log of its size.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Curve = Float[np.ndarray, " T"]
Signed = tuple[Curve, Curve]
"""Signs -1, 0 or 1 and ln |value|; -inf where it is 0."""


@dataclass(frozen=True)
class Monomial:
    """C t^power (log t)^log_power e^(rate t), C > 0 given by its log; ``free``: the rate is an
    unknown negative number."""

    log_constant: float = 0.0
    power: float = 0.0
    log_power: float = 0.0
    rate: float = 0.0
    free: bool = False

    def times(self, other: Monomial) -> Monomial | None:
        """The product; None where two rates are unknown."""
        if self.free and other.free:
            return None
        return Monomial(
            self.log_constant + other.log_constant,
            self.power + other.power,
            self.log_power + other.log_power,
            self.rate + other.rate,
            self.free or other.free,
        )

    def raised(self, exponent: float) -> Monomial | None:
        """The power of it; None where an unknown rate would change its sign."""
        if self.free and exponent <= 0:
            return None
        return Monomial(
            exponent * self.log_constant,
            exponent * self.power,
            exponent * self.log_power,
            exponent * self.rate,
            self.free,
        )


class Expression(ABC):
    """A real function of t > 0."""

    @abstractmethod
    def signed(self, t: Curve) -> Signed:
        """Its sign and the log of its size at each t; nan where it has no value."""

    @property
    def monomial(self) -> Monomial | None:
        """It as a single product of powers, if it is one and positive."""
        return None

    @property
    def number(self) -> float | None:
        """Its value, if it is the same number for every t."""
        return None


@dataclass(frozen=True)
class Number(Expression):
    value: float

    def signed(self, t: Curve) -> Signed:
        size = np.log(abs(self.value)) if self.value else -np.inf
        return np.full_like(t, np.sign(self.value)), np.full_like(t, size)

    @property
    def monomial(self) -> Monomial | None:
        return Monomial(float(np.log(self.value))) if self.value > 0 else None

    @property
    def number(self) -> float | None:
        return self.value


@dataclass(frozen=True)
class Variable(Expression):
    def signed(self, t: Curve) -> Signed:
        return np.ones_like(t), np.log(t)

    @property
    def monomial(self) -> Monomial | None:
        return Monomial(power=1.0)


@dataclass(frozen=True)
class Rate(Expression):
    """An unknown positive constant in front of t in an exponent: exp(-c t)."""

    def signed(self, t: Curve) -> Signed:
        return np.full_like(t, np.nan), np.full_like(t, np.nan)


@dataclass(frozen=True)
class Sum(Expression):
    """left + sign * right."""

    left: Expression
    right: Expression
    sign: int = 1

    def signed(self, t: Curve) -> Signed:
        (s1, a), (s2, b) = self.left.signed(t), self.right.signed(t)
        s2 = self.sign * s2
        top = np.maximum(a, b)
        with np.errstate(invalid="ignore", divide="ignore"):
            unit = np.where(np.isfinite(top), top, 0.0)
            value = s1 * np.exp(a - unit) + s2 * np.exp(b - unit)
            return np.sign(value), np.log(np.abs(value)) + unit

    @property
    def number(self) -> float | None:
        left, right = self.left.number, self.right.number
        return None if left is None or right is None else left + self.sign * right

    @property
    def monomial(self) -> Monomial | None:
        value = self.number
        return None if value is None else Number(value).monomial


@dataclass(frozen=True)
class Product(Expression):
    left: Expression
    right: Expression

    def signed(self, t: Curve) -> Signed:
        (s1, a), (s2, b) = self.left.signed(t), self.right.signed(t)
        return s1 * s2, a + b

    @property
    def number(self) -> float | None:
        left, right = self.left.number, self.right.number
        return None if left is None or right is None else left * right

    @property
    def monomial(self) -> Monomial | None:
        left, right = self.left.monomial, self.right.monomial
        return None if left is None or right is None else left.times(right)


@dataclass(frozen=True)
class Raised(Expression):
    base: Expression
    exponent: float

    def signed(self, t: Curve) -> Signed:
        sign, size = self.base.signed(t)
        odd = self.exponent % 2 == 1
        kept = sign if odd else np.where(self.exponent % 1 == 0, np.abs(sign), sign)
        with np.errstate(invalid="ignore"):
            no_root = (sign < 0) & (self.exponent % 1 != 0)
            return np.where(no_root, np.nan, kept), np.where(no_root, np.nan, self.exponent * size)

    @property
    def number(self) -> float | None:
        value = self.base.number
        if value is None or (value == 0 and self.exponent < 0):
            return None
        return None if value < 0 and self.exponent % 1 else value**self.exponent

    @property
    def monomial(self) -> Monomial | None:
        base = self.base.monomial
        return None if base is None else base.raised(self.exponent)


@dataclass(frozen=True)
class Log(Expression):
    """The natural log."""

    inner: Expression

    def signed(self, t: Curve) -> Signed:
        sign, size = self.inner.signed(t)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = np.where(sign > 0, size, np.nan)
            return np.sign(value), np.log(np.abs(value))

    @property
    def number(self) -> float | None:
        value = self.inner.number
        return None if value is None or value <= 0 else float(np.log(value))

    @property
    def monomial(self) -> Monomial | None:
        if isinstance(self.inner, Variable):
            return Monomial(log_power=1.0)
        value = self.number
        return None if value is None else Number(value).monomial


@dataclass(frozen=True)
class Exp(Expression):
    inner: Expression

    def signed(self, t: Curve) -> Signed:
        sign, size = self.inner.signed(t)
        with np.errstate(over="ignore", invalid="ignore"):
            return np.ones_like(t), np.where(sign == 0, 0.0, sign * np.exp(size))

    @property
    def number(self) -> float | None:
        value = self.inner.number
        return None if value is None else float(np.exp(value))

    @property
    def monomial(self) -> Monomial | None:
        slope = slope_of(self.inner)
        if slope is not None:
            if slope.free:
                return Monomial(free=True) if slope.value < 0 else None
            return Monomial(rate=slope.value)
        value = self.inner.number
        return None if value is None else Monomial(log_constant=value)


@dataclass(frozen=True)
class Slope:
    """a of a * t; with ``free`` a * c, where c > 0 is not told."""

    value: float
    free: bool


def slope_of(x: Expression) -> Slope | None:
    """Of a * t or a * c * t; None for anything else."""
    factors, value, times, free = [x], 1.0, 0, False
    while factors:
        y = factors.pop()
        if isinstance(y, Product) and y.number is None:
            factors += [y.left, y.right]
        elif isinstance(y, Variable):
            times += 1
        elif isinstance(y, Rate) and not free:
            free = True
        elif y.number is not None:
            value *= y.number
        else:
            return None
    return Slope(value, free) if times == 1 else None
