"""An answer in a terminal: a sentence, a small picture, a line a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ntp_dynamics.judging.judged import Judged
from ntp_dynamics.system.errors import escaped, short
from ntp_dynamics.verdict.law import Exponential, Law, LinearGrowth

WIDTH, HEIGHT, LEAST = 64, 12, 30
"""Characters of the picture: at most, and the width below which there is none."""
MARGIN = 9
MOST = 20
"""Runs that get a line of their own; failing ones come first."""
Y, LAW, BOTH = "●", "·", "◉"


def lines(judged: Judged, width: int, picture: bool) -> Iterator[str]:
    """What the command prints about one claim."""
    if judged.statement.text:
        yield escaped(judged.statement.text)
    yield f"{judged.answer.upper()}  {escaped(judged.sentence)}"
    if picture and width >= LEAST:
        yield from drawn(judged, min(width, WIDTH))
    yield from runs(judged)
    for note in judged.curve.notes:
        yield f"note: {escaped(note)}"
    if not judged.statement.transient:
        yield "declared: no transient"
    if judged.settle:
        kind = "settles" if judged.answer == "undecided" else "basis"
        yield f"{kind}: {escaped(judged.settle)}"


def runs(judged: Judged) -> Iterator[str]:
    """A line for every run: its outcome, its exponent, the constant it needs, what it has to
    spare."""
    verdict, names = judged.verdict, judged.curve.runs
    order = [*verdict.failing, *(i for i in range(len(names)) if i not in verdict.failing)]
    named = [_named(names[i], i) if len(names) > 1 else short(names[i]) for i in order[:MOST]]
    room = max(map(len, named))
    words = max(map(len, verdict.outcomes), default=0)
    for i, name in zip(order, named, strict=False):
        said = [name.ljust(room), verdict.outcomes[i].ljust(words)]
        if exponent := _number(verdict.run_exponents, i):
            said.append(_exponent(judged.made.law, exponent))
        if constant := _number(judged.log_constants, i, math.exp):
            said.append(f"needs C {'>=' if judged.made.side == 'upper' else '<='} {constant}")
        if drift := _number(verdict.run_drifts, i):
            said.append(f"drift {drift} of what is allowed")
        yield "  ".join(said).rstrip()
    if len(order) > MOST:
        left = [verdict.outcomes[i] for i in order[MOST:]]
        counts = ", ".join(f"{left.count(word)} {word}" for word in dict.fromkeys(left))
        yield f"and {len(left)} more runs: {counts}"


def _named(name: str, number: int) -> str:
    """With its number, by which the sentence calls it."""
    return name if name == f"run {number}" else f"run {number}: {short(name)}"


def _exponent(law: Law, number: str) -> str:
    if isinstance(law, Exponential):
        return f"rate {number}"
    if isinstance(law, LinearGrowth):
        return f"slope {number}" if law.asymptotic else f"~ t^{number}"
    return f"~ t^{number[1:]}" if number[0] == "-" else f"~ t^-{number}"


def _number(
    values: Sequence[float] | np.ndarray, run: int, made: Callable[[float], float] = float
) -> str:
    """A finite number in short; empty for nan and for a run without one."""
    if run >= len(values) or not math.isfinite(values[run]):
        return ""
    try:
        return f"{made(float(values[run])):.3g}"
    except OverflowError:
        return "1e308"


def drawn(judged: Judged, width: int) -> Iterator[str]:
    """y of every run and the law, in log-log (an exponential along t itself)."""
    t, columns = judged.curve.t, width - MARGIN
    with np.errstate(divide="ignore"):
        log_y = np.log10(judged.curve.y)
    x = t if isinstance(judged.made.law, Exponential) else np.log10(t)
    law = _law(judged, log_y)
    seen = log_y[np.isfinite(log_y)]
    if not seen.size or x[-1] == x[0]:
        return
    low, high = float(seen.min()), float(seen.max())
    high += (high == low) * 1.0
    column = np.round((x - x[0]) / (x[-1] - x[0]) * (columns - 1)).astype(int)
    grid = [[" "] * columns for _ in range(HEIGHT)]
    for values, mark in ((law, LAW), *((y, Y) for y in log_y)):
        row = (high - values) / (high - low) * (HEIGHT - 1)
        for i in np.flatnonzero((row > -0.5) & (row < HEIGHT - 0.5)).tolist():
            cell = grid[round(float(row[i]))]
            here = cell[column[i]]
            cell[column[i]] = BOTH if mark == Y and here in (LAW, BOTH) else mark
    for i, cells in enumerate(grid):
        label = {0: f"{10**high:.2g}", HEIGHT - 1: f"{10**low:.2g}"}.get(i, "")
        yield f"{label:>{MARGIN - 2}} ┤{''.join(cells)}".rstrip()
    ends = f"{t[0]:,.6g}", f"{t[-1]:,.6g}"
    yield f"{'':>{MARGIN - 2}} └{'─' * columns}"
    clock = short(judged.curve.clock)
    yield f"{'':>{MARGIN}}{ends[0]}{clock:^{max(columns - len(''.join(ends)), 0)}}{ends[1]}"
    what = "the bound" if judged.log_bound is not None else "the law through the last y"
    yield f"{'':>{MARGIN}}{Y} {short(judged.curve.name)}" + (f"  {LAW} {what}" if law.size else "")


def _law(judged: Judged, log_y: np.ndarray) -> np.ndarray:
    """log10 of the bound; of the law through the middle of the last values, without a constant."""
    if judged.log_bound is not None:
        return judged.log_bound[0] / math.log(10)
    shape = judged.made.law.log_f(judged.curve.t)[0] / math.log(10)
    last = log_y[:, -1][np.isfinite(log_y[:, -1])]
    return shape - shape[-1] + (np.median(last) if last.size else np.nan)
