"""How a judgement is made again: a line for a shell, or for Python where no file was read."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from ntp_dynamics.judging.statement import Statement

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

OPTIONS = {
    "constant": "--constant",
    "start": "--start",
    "ceiling": "--ceiling",
    "floor": "--floor",
    "tolerance": "--tolerance",
    "about": "--about",
    "unit": "--unit",
    "text": "--text",
    "source": "--source",
}
"""Fields of a statement that are given by an option with a value."""


def command(judged: Judged) -> str:
    """``ntp-judge log.csv --law ... --column loss``, or the call of ``ntp.judge_curve``."""
    told = _told(judged.statement)
    if not judged.curve.reading:
        given = {"law": judged.statement.law, **told, "clock": judged.curve.clock}
        return f"ntp.judge_curve(t, y, {', '.join(f'{k}={v!r}' for k, v in given.items())})"
    words = ["ntp-judge", *judged.curve.reading, "--law", judged.statement.law]
    for field, value in told.items():
        if field == "transient":
            words.append("--no-transient")
        else:
            words += [OPTIONS[field], value if isinstance(value, str) else _number(value)]
    return shlex.join(words)


def _number(value: float) -> str:
    """A number so that it is read back as it was."""
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(float(value))


def _told(statement: Statement) -> dict[str, Any]:
    """The fields that are not as they are by default."""
    usual = Statement(statement.law)
    fields = (*OPTIONS, "transient")
    said = {name: getattr(statement, name) for name in fields}
    return {name: value for name, value in said.items() if value != getattr(usual, name)}
