"""What a picture of a judgement shows: curves, the law beside them, and y divided by the law."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.judging.pages.thinned import thinned
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Monotone

if TYPE_CHECKING:
    from ntp_dynamics.judging.judged import Judged

MOST = 900
"""Places of a curve that a picture shows."""
ROUNDED = 1e-9
"""A value that is larger than the floor by less than this (relative) lies on it."""
SHAPE, STATED = "shape", "stated"
"""A law without its constant, laid through the curves; a bound or value with all its numbers."""


@dataclass(frozen=True, eq=False)
class Line:
    """A law to be drawn over the curves, by its natural log."""

    label: str
    log_y: Float[np.ndarray, " T"]
    kind: str


@dataclass(frozen=True, eq=False)
class Scene:
    """Natural logs; nan where there is no value.

    ``log_t``: the clock is drawn in decades.  ``log_f``: what y is divided by in the lower panel,
    one for all runs or one for each; None where a law draws no curve.  ``room``: ln y / f, nan
    below a declared floor; ``quotient``: what it is called.  ``window``: where the rate was
    measured.
    """

    t: Float[np.ndarray, " T"]
    log_y: Float[np.ndarray, "S T"]
    log_t: bool
    lines: tuple[Line, ...] = ()
    log_f: Float[np.ndarray, "F T"] | None = None
    room: Float[np.ndarray, "S T"] | None = None
    quotient: str = ""
    window: tuple[float, float] | None = None


def scene(judged: Judged) -> Scene:
    """The picture of a judgement, its long curves thinned."""
    curve, law = judged.curve, judged.made.law
    with np.errstate(divide="ignore", invalid="ignore"):
        log_y = np.log(curve.y)
    log_y[~np.isfinite(log_y)] = np.nan
    floor = judged.statement.floor
    log_t = not (isinstance(law, Exponential) or _exponential(judged))
    kept = thinned(curve.t, log_y, MOST, log_t=log_t)
    log_f, quotient = _divisor(judged, curve.t)
    t, log_y, window = curve.t[kept], log_y[:, kept], judged.verdict.window
    if log_f is None:
        return Scene(t, log_y, log_t, window=window)
    log_f = log_f[:, kept]
    seen = log_y if floor is None else np.where(log_y > np.log(floor) + ROUNDED, log_y, np.nan)
    lines = tuple(_lines(judged, t, middle(log_f), seen - log_f))
    return Scene(t, log_y, log_t, lines, log_f, seen - log_f, quotient, window)


def middle(log_f: Float[np.ndarray, "F T"]) -> Float[np.ndarray, " T"]:
    """One law for all runs."""
    return log_f[0] if len(log_f) == 1 else np.median(log_f, axis=0)


def _exponential(judged: Judged) -> bool:
    """Whether another law falls as an exponential does: a stated value or envelope in e^-t."""
    law, t = judged.made.law, judged.curve.t
    if t.size < 3 or isinstance(law, (LinearGrowth, Monotone)) or law.form == "power":
        return False
    log_f = law.log_f(t)[0]
    if not np.isfinite(log_f[[t.size // 2, -1]]).all():
        return False
    fallen = log_f[t.size // 2] - log_f[-1]
    return bool(fallen > 3 * np.log(t[-1] / t[t.size // 2]) + 10)


def _divisor(
    judged: Judged, t: Float[np.ndarray, " T"]
) -> tuple[Float[np.ndarray, "F T"] | None, str]:
    """ln f, one for all runs or one for each, and what y / f is called; None without an f."""
    law, verdict = judged.made.law, judged.verdict
    if isinstance(law, Monotone):
        return None, ""
    if isinstance(law, Exponential) and law.rate is None:
        if not np.isfinite(verdict.exponent) or verdict.exponent <= 0:
            return None, ""
        return -verdict.exponent * t[None], f"y / exp(-{verdict.exponent:.4g} t)"
    if isinstance(law, LinearGrowth):
        return np.log(t)[None], "y / t"
    with np.errstate(divide="ignore", invalid="ignore"):
        log_f = np.asarray(law.log_f(t), dtype=np.float64)
    names = {"equals": "y / stated value", "limit": "y / stated value", "envelope": "y / f"}
    quotient = names.get(law.form, f"y / ({law.describe()})")
    return np.where(np.isfinite(log_f), log_f, np.nan), quotient


def _lines(
    judged: Judged,
    t: Float[np.ndarray, " T"],
    log_f: Float[np.ndarray, " T"],
    room: Float[np.ndarray, "S T"],
) -> Iterator[Line]:
    """The laws that are drawn; ``room`` is ln y / f."""
    made, law = judged.made, judged.made.law
    if law.form in ("equals", "limit"):
        yield Line("stated value", log_f, STATED)
    elif isinstance(law, LinearGrowth):
        sides = {sign: law.limit(sign) for sign in law.sides}
        for sign, constant in sides.items():
            if constant is not None:
                mark = "≤" if sign > 0 else "≥"
                yield Line(f"y {mark} {constant[0]:.4g} t", log_f + np.log(constant[0]), STATED)
        if any(constant is None for constant in sides.values()):
            yield from _through(judged, t, log_f, room, "t")
    elif made.log_constant is not None:
        constant = judged.statement.constant
        said = "the bound" if constant is None else f"the bound, C = {constant:.4g}"
        yield Line(said, log_f + made.log_constant, STATED)
    else:
        yield from _through(judged, t, log_f, room, _formula(judged))


def _formula(judged: Judged) -> str:
    """Of f."""
    law, exponent = judged.made.law, judged.verdict.exponent
    if isinstance(law, Exponential) and law.rate is None:
        return f"exp(-{exponent:.4g} t), as measured"
    return "f" if law.form == "envelope" else law.describe()


def _through(
    judged: Judged,
    t: Float[np.ndarray, " T"],
    log_f: Float[np.ndarray, " T"],
    room: Float[np.ndarray, "S T"],
    formula: str,
) -> Iterator[Line]:
    """The law through the middle of the curves where its rate was measured, or else over the last
    decade."""
    low, high = judged.verdict.window or (t[-1] / 10, t[-1])
    there = room[:, (t >= low) & (t <= high)]
    there = there[np.isfinite(there)]
    if there.size:
        shift = float(np.median(there))
        where = "last window" if judged.verdict.window else "last decade"
        yield Line(f"{formula}, through the {where}", log_f + shift, SHAPE)


def speaks(judged: Judged, t: Float[np.ndarray, " T"]) -> Bool[np.ndarray, " T"]:
    """Where the statement speaks."""
    start = judged.statement.start
    return np.ones(t.shape, dtype=bool) if start is None else t >= start
