"""Where a curve stops falling because its numbers stop: found, used and said.

The rule.  The last third of the log range of t is looked at.  A run has stopped there if it stays
within a factor BAND and shows no trend, while before it fell by a factor FALLEN and the law falls
by a factor ASKED over that part.  The level is then taken for rounding, and used, only where it
lies within a factor NEAR of the spacing of single or double numbers at the largest value of the
run: 1.2e-7 or 2.2e-16 times it.  Any other level may be real, in which case it speaks against the
law: it is told as a hint, and not used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.judging.statement import Made, Statement

BAND, FALLEN, ASKED, NEAR = 10.0, 1e3, 10.0, 10.0
LEAST = 8
"""Recorded places in the part that is looked at."""
SPACINGS = {
    "single": float(np.finfo(np.float32).eps),
    "double": float(np.finfo(np.float64).eps),
}


class Floor(NamedTuple):
    """``level`` of y from the place ``start`` on; ``precision``: single, double, or empty."""

    level: float
    start: float
    precision: str


def with_floor(statement: Statement, curve: Curve, asked: Made) -> tuple[Statement, Curve]:
    """The same with a floor that was found, and a note on it; as they are where one is declared or
    where none shows."""
    if statement.floor is not None or asked.side != "upper":
        return statement, curve
    log_f = asked.law.log_f(curve.t)
    found = [floor_of(curve.t, y, f) for y, f in zip(curve.y, _rows(log_f, curve), strict=True)]
    rounding = [floor for floor in found if floor and floor.precision]
    real = [floor for floor in found if floor and not floor.precision]
    notes, floor = [], None
    if rounding:
        worst = max(rounding)
        floor = worst.level
        start = min(x.start for x in rounding)
        notes.append(
            f"a floor of {worst.precision} precision at about {floor:.1e} was found from "
            f"{curve.clock} {start:,.6g} on and used: declare another with --floor"
        )
    elif real:
        level = max(real).level
        start = min(x.start for x in real)
        notes.append(
            f"y stops falling at about {level:.1e} from {curve.clock} {start:,.6g} on: if that is "
            f"rounding or a limit of the measurement, declare it with --floor {level:.1e}"
        )
    if not notes:
        return statement, curve
    return replace(statement, floor=floor), replace(curve, notes=(*curve.notes, *notes))


def _rows(log_f: np.ndarray, curve: Curve) -> np.ndarray:
    return np.broadcast_to(log_f, curve.y.shape)


def floor_of(
    t: Float[np.ndarray, " T"], y: Float[np.ndarray, " T"], log_f: Float[np.ndarray, " T"]
) -> Floor | None:
    """The floor of one run, by the rule above."""
    shown = np.isfinite(y) & (y > 0)
    t, y, log_f = t[shown], y[shown], log_f[shown]
    if t.size < 2 * LEAST or t[-1] <= t[0]:
        return None
    end = np.log(t) >= np.log(t[-1]) - np.log(t[-1] / t[0]) / 3
    last, law = y[end], log_f[end]
    if last.size < LEAST or last.max() > BAND * last.min():
        return None
    half = last.size // 2
    level, top = float(np.median(last)), float(y.max())
    earlier, later = np.median(last[:half]), np.median(last[half:])
    spread = max(last.max() / last.min(), 1.1) ** 0.5
    stopped = 1 / spread <= later / earlier <= spread and later >= 0.8 * earlier
    fallen = top >= FALLEN * level
    asked = np.isfinite(law).all() and law[0] - law[-1] >= np.log(ASKED)
    if not (stopped and fallen and asked):
        return None
    reached = float(t[np.argmax(y <= max(last.max(), 2 * level))])
    near = [name for name, eps in SPACINGS.items() if eps / NEAR <= level / top <= eps * NEAR]
    return Floor(level, reached, near[0] if near else "")
