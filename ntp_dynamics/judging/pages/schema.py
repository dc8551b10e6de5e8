"""The JSON of a judgement, versioned; its written schema, its validator, and the way back.

    {"format": "ntp-judgement", "version": 1, "answer": "kept", "label": "tight", ...}

`judgement.schema.json` beside this module is the schema in JSON Schema, draft 2020-12; what it says
is what `validate` asks.  A reader takes any version that it knows; keys are added within a version
and never change their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.judged import Judged
from ntp_dynamics.judging.statement import Statement, made
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.verdict.parameters import told
from ntp_dynamics.verdict.verdict import INFINITE, Verdict

if TYPE_CHECKING:
    from ntp_dynamics.judging.pages.model import Judgement

FORMAT, VERSION = "ntp-judgement", 1
SCHEMA = Path(__file__).with_name("judgement.schema.json")


def to_json(judged: Judged, *, data: bool = True) -> dict[str, Any]:
    """Plain finite JSON.  Without ``data`` the values of the curve are left out, and it cannot be
    read back.

    A value that is not finite is null: nan, or what ``not_finite`` says by its path (``y.0.12``).
    """
    asked, constant = judged.made, judged.made.log_constant
    return {
        "format": FORMAT,
        "version": VERSION,
        "answer": judged.answer,
        "exit_code": judged.exit_code,
        "label": str(judged.verdict.label),
        "sentence": judged.sentence,
        "settle": judged.settle,
        "statement": _plain(asdict(judged.statement)),
        "asked": {**asked.law.to_json(), "side": asked.side, "log_constant": constant},
        "runs": list(_runs(judged)),
        "verdict": judged.verdict.to_json(),
        "curve": curve_json(judged.curve, data=data),
    }


def curve_json(curve: Curve, *, data: bool = True) -> dict[str, Any]:
    """What was read, with its values or without."""
    words = ("runs", "notes", "reading")
    said = {name: getattr(curve, name) for name in ("name", "clock", "source")}
    said |= {name: list(getattr(curve, name)) for name in words} | {"places": curve.t.size}
    return said | (_values(curve) if data else {})


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers that are not finite by name."""
    written = {}
    for name, value in fields.items():
        infinite = isinstance(value, float) and not math.isfinite(value)
        written[name] = told(np.array([value])) if infinite else value
    return written


def _runs(judged: Judged) -> Any:
    """Each run by name, for readers; ``verdict`` says it as well, by number."""
    outcomes = judged.verdict.outcomes
    for number, name in enumerate(judged.curve.runs):
        yield {"name": name, "outcome": outcomes[number] if number < len(outcomes) else None}


def _values(curve: Curve) -> dict[str, Any]:
    lost = {}
    for run, place in np.argwhere(np.isinf(curve.y)).tolist():
        lost[f"y.{run}.{place}"] = str(float(curve.y[run, place]))
    bounds = {name: values.tolist() for name, values in curve.bounds.items()}
    y = [[x if math.isfinite(x) else None for x in row] for row in curve.y.tolist()]
    return {"t": curve.t.tolist(), "y": y, "not_finite": lost, "bounds": bounds}


def validate(record: Any, where: str = "judgement") -> Judgement:
    """The record, checked.  Raises UserError, which names the path of the first mistake, such as
    ``judgement.curve.t.3``; ``where``: what the record is called."""
    from pydantic import ValidationError

    from ntp_dynamics.judging.pages.model import Judgement

    try:
        return Judgement.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([where, *map(str, first["loc"])])
        what = first["msg"].removeprefix("Value error, ")
        cure = f"see {SCHEMA.name}, version {VERSION}"
        raise UserError(path, what[:1].lower() + what[1:], cure) from error


def from_json(record: Any, where: str = "judgement") -> Judged:
    """The inverse of ``to_json``.  Nothing is judged anew.  Raises UserError."""
    found = validate(record, where)
    if found.curve.t is None or found.curve.y is None:
        raise UserError(
            f"{where}.curve", "the values of the curve are not there", "write with them"
        )
    statement = Statement(**{name: _heard(x) for name, x in record["statement"].items()})
    curve = Curve(
        np.array(found.curve.t),
        _restored(found.curve.y, found.curve.not_finite or {}),
        found.curve.name,
        found.curve.clock,
        tuple(found.curve.runs),
        found.curve.source,
        tuple(found.curve.notes),
        {name: np.array(rows) for name, rows in (found.curve.bounds or {}).items()},
        tuple(found.curve.reading),
    )
    try:
        verdict = Verdict.from_json(record["verdict"])
    except (TypeError, KeyError, ValueError) as error:
        raise UserError(f"{where}.verdict", "it is not one", f"see {SCHEMA.name}") from error
    asked = made(statement, curve.clock, f"{where}.statement.law", curve.bounds)
    return Judged(statement, curve, asked, verdict, settles=found.settle is not None)


def _heard(value: Any) -> Any:
    """A field of a statement; a number that is not finite is told by name."""
    return INFINITE.get(value, value) if isinstance(value, str) else value


def _restored(y: list[list[float | None]], lost: Mapping[str, str]) -> Float[np.ndarray, "S T"]:
    values = np.array([[math.nan if x is None else x for x in row] for row in y], dtype=np.float64)
    for path, value in lost.items():
        _, run, place = path.split(".")
        values[int(run), int(place)] = INFINITE[value]
    return values
