"""A statement about a curve, as its author wrote it, and the law that it makes.

O(t^-1 log t),  t^-1 log t      y is at most C f for some constant C
Omega(log t)                    y is at least C f for some constant C
y <= 3 t^-1,  y >= 0.5 log t    with the constant as it is written
0.2 t <= y <= 0.4 t             linear growth; a t <= y <= b t where no numbers are claimed
y = 2 exp(-t)                   a value, met to ``tolerance``
y -> 3 / t                      an equality in the limit, met to ``tolerance`` from ``start`` on
y <= column NAME                a bound that was logged beside y
never rises,  never falls       up to rounding
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.judging.expression import Expression, Monomial
from ntp_dynamics.judging.notation import parse
from ntp_dynamics.system.errors import UserError, short
from ntp_dynamics.verdict.law import Law

BIG = re.compile(r"^\s*(O|Omega|Ω)\s*\((.*)\)\s*$", re.DOTALL)
SIDED = re.compile(r"^\s*y\s*(<=|≤|>=|≥|=|->|→)(.*)$", re.DOTALL)
GROWS = re.compile(r"^(.*?)(?:<=|≤)\s*y\s*(?:<=|≤)(.*)$", re.DOTALL)
COLUMN = re.compile(r"^\s*column\s+(.+?)\s*$")
THETA = re.compile(r"^\s*(Theta|Θ|o|omega|ω)\s*\(")
WORDS = {"never rises": -1, "never falls": +1}
TOLERANCE = 0.05


@dataclass(frozen=True)
class Statement:
    """What is claimed of a curve.

    ``law``: in the notation above; ``constant``: C, where the law has none written.  ``start``: it
    speaks from there on; ``ceiling``: the largest value that y can take (the smallest, for a lower
    bound); ``floor``: what lies below is rounding; ``tolerance``: relative, of equalities.
    ``transient``: False declares that it is about a size and not about a clock.  ``about``: run or
    ensemble.  ``text`` and ``source``: the statement in words, and where it was made.
    """

    law: str
    constant: float | None = None
    start: float | None = None
    ceiling: float | None = None
    floor: float | None = None
    tolerance: float = TOLERANCE
    transient: bool = True
    about: str = "run"
    unit: str = ""
    text: str = ""
    source: str = ""


@dataclass(frozen=True)
class Made:
    """What `verdict.judge` is asked of a statement."""

    law: Law
    side: str = "upper"
    log_constant: float | None = None


def bound_column(law: str) -> str | None:
    """The column that a law holds y against; None where it holds it against a formula."""
    found = SIDED.match(law.strip())
    column = found and COLUMN.match(found[2])
    return column[1] if column else None


def made(
    statement: Statement,
    clock: str = "t",
    where: str = "--law",
    bounds: Mapping[str, Float[np.ndarray, "S T"]] | None = None,
) -> Made:
    """The law of a statement.  ``clock``: what t is called beside t; ``bounds``: columns that it
    may name.  Raises UserError."""
    _check(statement)
    text = statement.law.strip()
    names = {"t", clock} if clock.isidentifier() else {"t"}

    def read(part: str) -> Expression:
        return parse(part, where, names)

    if text in WORDS:
        return Made(Law.monotone(WORDS[text]))
    if found := GROWS.match(text):
        return Made(_growth(found[1], found[2], names, read, where))
    if found := SIDED.match(text):
        mark = found[1]
        side = "upper" if mark in ("<=", "≤") else "lower"
        if column := COLUMN.match(found[2]):
            return Made(_logged(column[1], mark, bounds or {}, where), side, _log(statement))
        expression = read(found[2])
        if mark in ("=", "->", "→"):
            return Made(_value(mark, expression, statement))
        if statement.constant is not None:
            cure = "leave one of them out, or write O(...) and the constant beside it"
            raise UserError("constant", f"{where} states its own constant", cure)
        return _bound(expression, side, 1.0, True, where)
    if THETA.match(text):
        raise UserError(where, "one side is judged at a time", "judge O(...) and Omega(...)")
    side = "upper"
    if found := BIG.match(text):
        side, text = ("upper" if found[1] == "O" else "lower"), found[2]
    return _bound(read(text), side, statement.constant, False, where)


def _check(statement: Statement) -> None:
    """Numbers that a statement gives are positive.  Raises UserError."""
    for name in ("constant", "start", "ceiling", "floor", "tolerance"):
        value = getattr(statement, name)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UserError(name, f"{value:g} is not positive", "laws speak of positive y, t")
    if statement.about not in ("run", "ensemble"):
        what = f"'{short(statement.about)}' is neither run nor ensemble"
        raise UserError("about", what, "say what each run, or their mean, is to keep")


def _log(statement: Statement) -> float:
    return 0.0 if statement.constant is None else math.log(statement.constant)


def _logged(name: str, mark: str, bounds: Mapping[str, np.ndarray], where: str) -> Law:
    """A bound that was logged beside y."""
    if mark not in ("<=", "≤", ">=", "≥"):
        raise UserError(where, "a column is a bound", f"write y <= column {short(name)}")
    if name not in bounds:
        raise UserError(where, f"no column '{short(name)}' was read", "name one with --envelope")
    values = bounds[name]
    if not (values > 0).all():
        what = f"the bound {short(name)} is not positive everywhere"
        raise UserError(where, what, "bounds of logs are judged; leave such rows out")
    return Law.envelope(np.log(values))


def _bound(x: Expression, side: str, constant: float | None, written: bool, where: str) -> Made:
    """A bound by C x.  ``written``: the numbers in front of it are meant."""
    monomial = x.monomial
    log_constant = None if constant is None else math.log(constant)
    if monomial is None:
        return Made(Law.envelope(_curve(x)), side, log_constant)
    if not written and constant is None and monomial.log_constant != 0:
        number = math.exp(monomial.log_constant)
        raise UserError(
            where,
            f"is {number:.6g} claimed, or some constant",
            "write y <= ... where it is; leave the number out where it is not",
        )
    own = monomial.log_constant
    total = None if log_constant is None else log_constant + own
    law = _law(monomial)
    if law is not None:
        return Made(law, side, total)
    return Made(Law.envelope(_curve(x)), side, log_constant)


def _law(m: Monomial) -> Law | None:
    """The law without its constant; None where only a curve says it."""
    if m.rate == 0 and not m.free:
        return Law.power(-m.power, m.log_power)
    if m.power or m.log_power or m.rate > 0:
        return None
    return Law.exponential(None if m.free else -m.rate)


def _growth(low: str, high: str, names: Collection[str], read: Any, where: str) -> Law:
    """a t <= y <= b t."""
    sides = []
    for text in (low, high):
        if text.replace("*", " ").split() in [[c, t] for c in "ab" for t in names]:
            sides.append(None)
            continue
        m = read(text).monomial
        if m is None or (m.power, m.log_power, m.rate, m.free) != (1.0, 0.0, 0.0, False):
            raise UserError(where, "two sides are of the form a t", "judge one side at a time")
        sides.append(math.exp(m.log_constant))
    return Law.linear_growth(*sides)


def _value(mark: str, x: Expression, statement: Statement) -> Law:
    if mark == "=":
        return Law.equals(_curve(x), statement.tolerance)
    m = x.monomial
    constant = 1.0 if m is None else math.exp(m.log_constant)
    return Law.limit(_curve(x), statement.tolerance, constant=constant)


def _curve(x: Expression) -> Any:
    """ln f; nan where f is not positive."""

    def log_f(t: Any) -> Any:
        sign, size = x.signed(np.asarray(t, dtype=np.float64))
        return np.where(sign > 0, size, np.where(sign == 0, -np.inf, np.nan))

    return log_f
