"""Claims as data: a YAML or JSON file of one claim, or of a list of them.

    - text: the loss of step t is O(log t / t)
      source: Theorem 2
      law: t^-1 log t
      constant: 3
      column: train/loss

A claim has the fields of `statement.Statement`, and says what it is held against: ``t``,
``column`` (one, or a list), ``by``, ``clock``, ``envelope`` and ``side``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ntp_dynamics.curves.gather import Asked
from ntp_dynamics.judging.statement import BIG, GROWS, SIDED, Statement, bound_column
from ntp_dynamics.system.errors import UserError, short

NUMBERS = ("constant", "start", "ceiling", "floor", "tolerance")
WORDS = ("law", "about", "unit", "text", "source")
READING = ("t", "column", "by", "clock", "envelope", "side")
FIELDS = (*(field.name for field in fields(Statement)), *READING)
CURE = "write law: t^-1 log t, and what else the claim says, a field a line"
SIDES = {"upper": "O", "lower": "Omega"}


@dataclass(frozen=True)
class Claimed:
    """A statement, what to read for it, and ``where`` it was written."""

    statement: Statement
    asked: Asked
    where: str


def claims_in(path: Path, over: Mapping[str, Any]) -> list[Claimed]:
    """The claims of a file; what the command line says, ``over``, counts more.  Raises UserError,
    which names file and field."""
    from ntp_dynamics.system.bounded import TEXT, yaml_of  # most claims are not in files

    try:
        body = path.read_bytes()[: TEXT + 1]
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise UserError(str(path), f"it cannot be read ({reason})", CURE) from error
    if len(body) > TEXT:
        raise UserError(str(path), "it is too long for claims", CURE)
    try:
        found = yaml_of(body, path)  # JSON is YAML
    except UserError as error:
        raise UserError(str(path), error.what, CURE) from error
    if isinstance(found, dict) and set(found) == {"claims"}:
        found = found["claims"]
    claims = found if isinstance(found, list) else [found]
    if not claims:
        raise UserError(str(path), "it holds no claim", CURE)
    several = len(claims) > 1
    return [
        claimed({**_fields(claim, where), **over}, where)
        for i, claim in enumerate(claims, 1)
        for where in [f"{path.name}, claim {i}" if several else path.name]
    ]


def _fields(claim: Any, where: str) -> dict[str, Any]:
    if not isinstance(claim, dict):
        raise UserError(where, "it is no claim with fields", CURE)
    for name in claim:
        if name not in FIELDS:
            near = get_close_matches(str(name), FIELDS, 1)
            cure = f"did you mean {near[0]}?" if near else f"known are {', '.join(FIELDS)}"
            raise UserError(where, f"'{short(str(name))}' is no field of a claim", cure)
    return claim


def claimed(said: Mapping[str, Any], where: str) -> Claimed:
    """What the fields of a claim say.  Raises UserError, which names the field."""
    for name in NUMBERS:
        value = said.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            cure = "write 0.001 or 1.0e-3" if isinstance(value, str) else "write a number"
            raise UserError(where, f"{name} is {short(repr(value))}, no number", cure)
        if value is not None and not math.isfinite(value):
            raise UserError(where, f"{name} is not finite", "leave it out")
    for name in (*WORDS, "t", "by", "clock", "envelope", "side"):
        if said.get(name) is not None and not isinstance(said[name], str):
            raise UserError(where, f"{name} is {short(repr(said[name]))}, no text", "quote it")
    if not isinstance(said.get("transient", True), bool):
        raise UserError(where, "transient is neither true nor false", "write transient: false")
    law = _law(said, where)
    names = (field.name for field in fields(Statement))
    own: dict[str, Any] = {name: said[name] for name in names if said.get(name) is not None}
    own["law"] = law
    statement = Statement(**own)
    columns = said.get("column") or ()
    columns = (columns,) if isinstance(columns, str) else columns
    if not (isinstance(columns, (list, tuple)) and all(isinstance(x, str) for x in columns)):
        raise UserError(where, "column is neither a name nor a list of names", "quote it")
    bound = bound_column(law)
    asked = Asked(
        said.get("t"), tuple(columns), said.get("by"), said.get("clock"), (bound,) if bound else ()
    )
    return Claimed(statement, asked, where)


def _law(said: Mapping[str, Any], where: str) -> str:
    """The law, with the side or the column that was named beside it."""
    law, side, column = said.get("law"), said.get("side"), said.get("envelope")
    if side not in (None, *SIDES):
        raise UserError(where, f"side is '{short(side)}'", "write upper or lower")
    if column is not None:
        if law is not None:
            raise UserError(where, "both a law and a column of bounds", "leave one of them out")
        return f"y {'>=' if side == 'lower' else '<='} column {column}"
    if law is None:
        raise UserError(where, "no law is given", CURE)
    if side is None:
        return law
    if any(form.match(law) for form in (BIG, SIDED, GROWS)):
        raise UserError(where, "the law says its side itself", "leave side out")
    return f"{SIDES[side]}({law})"
