"""What is told of a judgement, whatever it is told in: the page, a table and the logbook read this.

All texts are plain, short and on one line; whoever writes them escapes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ntp_dynamics.judging.pages.repeat import command
from ntp_dynamics.record.plain import text
from ntp_dynamics.verdict.clock import amount, said
from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.wording import NAMES, factor, kept_of

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

LONGEST = 2000
"""Characters of a sentence."""
PRINTED = 80
"""Characters of a name."""


@dataclass(frozen=True)
class Run:
    """A run by itself.  ``exponent``, ``needs``, ``spare``, ``drift``: written numbers, empty where
    there is none; ``needs`` is the constant that would do, ``spare`` the factor between it and the
    bound."""

    number: int
    name: str
    outcome: str
    exponent: str
    needs: str
    spare: str
    drift: str

    @property
    def fails(self) -> bool:
        return self.outcome in ("broken", "contradicted")


@dataclass(frozen=True)
class Facts:
    """``kept``: how many runs of how many; ``numbers`` and ``declared``: pairs (what, how much)."""

    title: str
    law: str
    source: str
    read: str
    label: Label
    answer: str
    sentence: str
    summary: str
    kept: str
    settle: str
    command: str
    exponent_name: str
    runs: tuple[Run, ...]
    numbers: tuple[tuple[str, str], ...]
    declared: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def facts(judged: Judged) -> Facts:
    """What is told of a judgement."""
    statement, curve, verdict = judged.statement, judged.curve, judged.verdict
    law = text(statement.law)
    return Facts(
        title=text(statement.text, LONGEST) or law,
        law=law,
        source=text(statement.source, LONGEST),
        read=_read(judged),
        label=verdict.label,
        answer=judged.answer,
        sentence=text(judged.sentence, LONGEST),
        summary=text("; ".join(part for part in (verdict.summary, _to(judged)) if part), LONGEST),
        kept=kept_of(verdict.outcomes, verdict.about),
        settle=text(judged.settle or "", LONGEST),
        command=text(command(judged), LONGEST),
        exponent_name=NAMES.get(verdict.form, "exponent"),
        runs=tuple(_runs(judged)),
        numbers=tuple(_numbers(judged)),
        declared=tuple(_declared(judged)),
        notes=tuple(text(note) for note in curve.notes),
    )


def _read(judged: Judged) -> str:
    """``loss of 20 runs along step, 200 places from 1 to 100,000; read from log.csv``."""
    curve = judged.curve
    count = len(curve.runs)
    runs = "1 run" if count == 1 else f"{count:,} runs"
    told = f"{text(curve.name, PRINTED)} of {runs} along {text(curve.clock, PRINTED)}"
    if curve.t.size:
        first, last = _place(curve.t[0]), _place(curve.t[-1])
        places = f"{curve.t.size:,} places from {first} to {last}"
        told += f", {'one place, ' + first if curve.t.size == 1 else places}"
    return told + (f"; read from {text(curve.source, PRINTED)}" if curve.source else "")


def _place(t: float) -> str:
    return amount(int(t) if float(t).is_integer() else float(t))


def _runs(judged: Judged) -> Iterator[Run]:
    v = judged.verdict
    constants = getattr(judged, "log_constants", ())
    for number, name in enumerate(judged.curve.runs):
        yield Run(
            number,
            text(name, PRINTED),
            _of(v.outcomes, number, "as one sample" if v.about == "ensemble" else "left out"),
            _number(_of(v.run_exponents, number, math.nan)),
            _factor(_of(constants, number, math.nan)),
            _factor(_of(v.run_slacks, number, math.nan)),
            _number(_of(v.run_drifts, number, math.nan)),
        )


def _of(values: Sequence, number: int, otherwise):
    """The value of a run; ``otherwise`` where there is none."""
    return values[number] if number < len(values) else otherwise


def _number(value: float) -> str:
    return f"{value:.4g}" if math.isfinite(value) else ""


def _factor(log: float) -> str:
    return "" if math.isnan(log) else factor(log)


def _numbers(judged: Judged) -> Iterator[tuple[str, str]]:
    """Those of the verdict that say something."""
    v = judged.verdict
    if v.window is not None and math.isfinite(v.exponent):
        low, high = v.interval
        kind = "range over runs and half windows" if v.descriptive else "95 % interval"
        where = f"{v.clock} {amount(v.window[0])} to {amount(v.window[1], v.unit)}"
        name = f"{NAMES.get(v.form, 'exponent')}{', mean over runs' * (v.runs_rated > 1)}"
        yield name, f"{v.exponent:.4g}; {kind} {low:.4g} to {high:.4g}; over {where}"
    if math.isfinite(v.sup_constant) and v.side != "both":
        which = "smallest" if v.side == "upper" else "largest"
        at = "" if v.sup_step is None else f", decided at {said(v.sup_step, v.clock, v.unit)}"
        yield f"{which} constant that would do", f"{factor(v.sup_constant)}{at}"
    if math.isfinite(v.slack):
        at = "" if v.worst is None else f", run {v.worst[0]} at {said(v.worst[1], v.clock, v.unit)}"
        yield "factor to spare, least", f"{factor(v.slack)}{at}"
    if v.vacuity > 0:
        yield "log-time in which the bound says nothing", f"{100 * v.vacuity:.3g} %"
    if math.isfinite(v.resolvable):
        yield "an exponent wrong by less would not show", f"{v.resolvable:.2g}"
    if math.isfinite(v.most_failing) and v.most_failing < 1:
        yield (
            "share of such runs that would not keep it, at most (95 %)",
            f"{100 * v.most_failing:.2g} %",
        )
    if v.decides_at:
        yield "going on as they are, decided at", said(v.decides_at, v.clock, v.unit)
    yield "horizon", _to(judged).removeprefix("to ")


def _to(judged: Judged) -> str:
    """Up to where it was asked."""
    v = judged.verdict
    return f"to {said(v.horizon, v.clock, v.unit)}"


def _declared(judged: Judged) -> Iterator[tuple[str, str]]:
    """What the author of the statement said beside the law."""
    s, v = judged.statement, judged.verdict
    if s.constant is not None:
        yield "constant", f"{s.constant:.6g}"
    if s.start is not None:
        yield "speaks from", f"{v.clock} {_place(s.start)} on"
    if s.floor is not None:
        yield "rounding floor", f"{s.floor:.6g}"
    if s.ceiling is not None:
        yield (
            ("largest" if v.side == "upper" else "smallest") + " possible value",
            f"{s.ceiling:.6g}",
        )
    if v.form in ("equals", "limit"):
        yield "relative tolerance", f"{s.tolerance:.6g}"
    if not s.transient:
        yield "no transient", f"{v.clock} is a size, and nothing has to die out along it"
    if s.about != "run":
        yield "about", "all runs together, as one sample"


def joined(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as one line."""
    return "; ".join(f"{name} {value}" if value else name for name, value in pairs)
