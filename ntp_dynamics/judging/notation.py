"""Laws in the field's notation, read by a small grammar and never run as code.

    sum      = product (("+" | "-") product)*
    product  = power (["*" | "/"] power)*              t^-1 log t,  log^2 t / t,  3 t
    power    = atom ["^" exponent]                     also **
    exponent = ["-"] (number | "(" number ["/" number] ")" | number "/" number)
    atom     = number | t | c | e | pi | "(" sum ")" | function ["^" exponent] power
    function = log | ln | exp | sqrt

What follows a function without brackets is its argument up to the next product: log t / t is
(log t) / t.  c is an unknown positive rate, in exp(-c t) only.  A number before "/" ends an
exponent: t^-1/2 is t^(-1/2), as people write it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from ntp_dynamics.judging.expression import (
    Exp,
    Expression,
    Log,
    Number,
    Product,
    Raised,
    Rate,
    Sum,
    Variable,
)
from ntp_dynamics.system.errors import UserError, short

TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![a-zA-Z_]))"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<mark>\*\*|[-+*/^()]))"
)
FUNCTIONS = ("log", "ln", "exp", "sqrt")
CONSTANTS = {"e": math.e, "pi": math.pi}
LONGEST = 300
DEEPEST = 40
REMEDY = "write it as t^-1 log t, exp(-0.1 t), sqrt(log t / t)"


def parse(text: str, where: str = "--law", variables: Collection[str] = ("t",)) -> Expression:
    """The expression a text says.  ``variables``: names of t.  Raises UserError, which names
    ``where`` it was written, for what is not in the grammar."""
    if len(text) > LONGEST:
        raise UserError(where, f"{len(text)} characters are no formula", REMEDY)
    reader = _Reader(_tokens(text, where), where, frozenset(variables))
    if not reader.tokens:
        raise UserError(where, "nothing is written", REMEDY)
    found = reader.sum()
    if reader.place < len(reader.tokens):
        raise reader.mistake()
    return found


def _tokens(text: str, where: str) -> list[tuple[str, str]]:
    found, place, text = [], 0, text.strip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise UserError(where, f"'{short(text[place:])}' cannot be read", REMEDY)
        found.append((match.lastgroup, match[match.lastgroup].replace("**", "^")))
        place = match.end()
    return found


@dataclass
class _Reader:
    """A reader of tokens (kind, text); ``place``: the next one."""

    tokens: list[tuple[str, str]]
    where: str
    variables: frozenset[str]
    place: int = 0
    depth: int = field(default=0, repr=False)

    def next(self) -> str:
        """The text of the next token; empty at the end."""
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def took(self, *marks: str) -> str:
        """The next token, taken, if it is one of these."""
        if self.next() not in marks:
            return ""
        self.place += 1
        return self.tokens[self.place - 1][1]

    def mistake(self) -> UserError:
        """What is wrong with the next token."""
        found = f"'{short(self.next())}'" if self.next() else "the end"
        kind = self.tokens[self.place][0] if self.place < len(self.tokens) else ""
        known = [*sorted(self.variables), "c", *CONSTANTS, *FUNCTIONS]
        if kind == "name" and self.next() not in known:
            cure = f"known are {', '.join(known)}"
            return UserError(self.where, f"{found} is not known here", cure)
        return UserError(self.where, f"{found} is not expected here", REMEDY)

    def sum(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UserError(self.where, "brackets are nested too deep", REMEDY)
        negative = self.took("-") == "-"
        found = self.product()
        if negative:
            found = Product(Number(-1.0), found)
        while mark := self.took("+", "-"):
            found = Sum(found, self.product(), 1 if mark == "+" else -1)
        self.depth -= 1
        return found

    def product(self) -> Expression:
        found = self.power()
        while True:
            if self.took("/"):
                found = Product(found, Raised(self.power(), -1.0))
            elif self.took("*") or self.next() == "(" or self.kind() in ("number", "name"):
                found = Product(found, self.power())
            else:
                return found

    def kind(self) -> str:
        """Of the next token."""
        return self.tokens[self.place][0] if self.place < len(self.tokens) else ""

    def power(self) -> Expression:
        """An atom, raised or not."""
        base = self.atom()
        return Raised(base, self.exponent()) if self.took("^") else base

    def exponent(self) -> float:
        """A number, or a quotient of two, after ``^``."""
        sign = -1.0 if self.took("-") else 1.0
        bracket = self.took("(")
        if bracket:
            sign *= -1.0 if self.took("-") else 1.0
        value = self.written()
        if self.next() == "/" and self.after_is_number():
            self.place += 1
            below = self.written()
            if below == 0:
                raise UserError(self.where, "an exponent is divided by 0", REMEDY)
            value /= below
        if bracket and not self.took(")"):
            raise self.mistake()
        return sign * value

    def after_is_number(self) -> bool:
        """Whether a number follows the next token."""
        place = self.place + 1
        return place < len(self.tokens) and self.tokens[place][0] == "number"

    def written(self) -> float:
        """A number."""
        if self.kind() != "number":
            raise self.mistake()
        self.place += 1
        return float(self.tokens[self.place - 1][1])

    def atom(self) -> Expression:
        """What stands by itself: a number, a name, a function and its argument, brackets."""
        if self.kind() == "number":
            return Number(self.written())
        if self.took("("):
            found = self.sum()
            if not self.took(")"):
                raise self.mistake()
            return found
        name = self.next()
        if self.kind() == "name" and name in FUNCTIONS:
            self.place += 1
            return self.function(name)
        if self.took(*self.variables):
            return Variable()
        if self.took("c"):
            return Rate()
        if self.took(*CONSTANTS):
            return Number(CONSTANTS[name])
        raise self.mistake()

    def function(self, name: str) -> Expression:
        exponent = self.exponent() if self.took("^") else None
        self.depth += 1
        if self.depth > DEEPEST:
            raise UserError(self.where, "functions are nested too deep", REMEDY)
        inner = self.sign_and_power()
        self.depth -= 1
        if name == "sqrt":
            found: Expression = Raised(inner, 0.5)
        else:
            found = Exp(inner) if name == "exp" else Log(inner)
        return found if exponent is None else Raised(found, exponent)

    def sign_and_power(self) -> Expression:
        """The argument of a function: log t, log(1 + t), exp -t."""
        if self.took("-"):
            return Product(Number(-1.0), self.power())
        return self.power() if self.next() != "(" else self.atom()
