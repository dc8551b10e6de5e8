"""Bounds: does the law hold at every recorded step, with the constant it states?

One recorded step beyond an explicit bound is an exact counterexample, at any horizon; a bound that
exceeds the largest possible value all along is no evidence at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.clock import Place
from ntp_dynamics.verdict.curved import Equals, Limit, Value
from ntp_dynamics.verdict.gate import ROUNDING, Case
from ntp_dynamics.verdict.lasting import lasts
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Monotone
from ntp_dynamics.verdict.parameters import on_grid

TOLERANCE = 1e-9  # relative
FARTHEST = 700.0  # log of a factor between y and its limit beyond which it is as good as infinite


@dataclass(frozen=True)
class Bound:
    """The comparison at every counted step; logs are natural.

    ``status``: holds, holds_vacuous, violated, open (of an equality in the limit: not within its
    tolerance, but this may still come), or none (nothing explicit is claimed).  ``slacks``
    (S,): log of the factor each run has to spare (negative: broken by it), smallest at its
    ``steps``; ``passed`` (S, T): where a run passes the bound by more than rounding.  ``vacuity``:
    share of log-time in which the bound exceeds the ceiling; nan without one.  ``sup_constant``:
    log of the smallest constant that would do (the largest, for a lower law), decided at
    ``sup_step``; ``sup_growth``: how far the last decade of steps moved it.  ``constants`` (S,): of
    an equality in the limit, what each run has for its constant at its last counted step; nan where
    y is hidden; ``waiting`` (S,): its runs that are neither met nor broken; ``decides_at`` (S,):
    where runs that are not met have gone a decade, by which their gap is told from an oscillation.
    """

    status: str = "none"
    slacks: Float[np.ndarray, " S"] | None = None
    steps: Float[np.ndarray, " S"] | None = None
    passed: Bool[np.ndarray, "S T"] | None = None
    vacuity: float = math.nan
    sup_constant: float = math.nan
    sup_step: Place | None = None
    sup_growth: float = math.nan
    constants: Float[np.ndarray, " S"] | None = None
    waiting: Bool[np.ndarray, " S"] | None = None
    decides_at: Float[np.ndarray, " S"] | None = None

    @property
    def broken(self) -> Bool[np.ndarray, " S"] | None:
        """The runs that pass it somewhere."""
        return None if self.passed is None else np.any(self.passed, axis=1)

    @property
    def slack(self) -> float:
        """The smallest of all runs, or of those that are broken; nan where nothing explicit is
        claimed."""
        return math.nan if self.slacks is None else float(self._weighed().min())

    @property
    def worst(self) -> tuple[int, float] | None:
        """(run of the case, step as the law is asked) of the smallest slack."""
        if self.slacks is None or self.steps is None or self.slack == math.inf:
            return None
        run = int(np.argmin(self._weighed()))
        return run, float(self.steps[run])

    def _weighed(self) -> Float[np.ndarray, " S"]:
        """The slacks; of runs that wait, infinite where others are broken."""
        assert self.slacks is not None
        if self.waiting is None or self.status != "violated":
            return self.slacks
        return np.where(self.waiting, np.inf, self.slacks)


def hold(case: Case) -> Bound:
    """Step 1: the law against every counted step of every run."""
    law = case.law
    if isinstance(law, Monotone):
        return _stepwise(case, law.sign)
    if isinstance(law, Value):
        return _same(case, law)
    if isinstance(law, Equals):
        return _equal(case, law)
    if isinstance(law, Exponential) and law.rate is None:
        return Bound()
    rooms = []
    if isinstance(law, LinearGrowth):
        for sign in (+1, -1):
            limit = law.limit(sign)
            if limit is not None and law.claims(sign) and not law.asymptotic:
                rooms.append(_room(case, sign, np.log(limit)[:, None]))
    elif case.log_constant is not None:
        rooms.append(_room(case, case.sign, case.log_constant))
    bound = _supremum(case)
    return _judged(case, np.minimum.reduce(rooms), bound) if rooms else bound


def _room(case: Case, sign: int, log_limit: Float[np.ndarray, "S 1"]) -> Float[np.ndarray, "S T"]:
    """Log of the factor by which y keeps to its side (+1 below, -1 above) of limit * f.

    A hidden value is known only to be at most ``readable``: enough for any upper bound, and the
    most that can be granted for a lower one.
    """
    if case.plain:
        return np.where(case.counted, sign * (log_limit + case.log_f - case.log_y), np.inf)
    y = case.log_y if sign > 0 else np.maximum(case.log_y, case.readable)
    with np.errstate(invalid="ignore"):
        room = sign * (log_limit + case.log_f - y)
    room = np.where(np.isnan(room), 0.0, room)  # zero where zero is asked
    if sign > 0:
        room = np.where(case.visible, room, np.inf)
    return np.where(case.counted, room, np.inf)


def _supremum(case: Case) -> Bound:
    need = -_room(case, case.sign, np.zeros((1, 1))).min(axis=0)  # (T,), the worst run
    at = int(np.argmax(need))
    now = float(need[at])
    if now == -math.inf:  # nothing visible asks for any constant
        return Bound(sup_constant=case.sign * now)
    earlier = need[: np.searchsorted(case.t, case.end / 10, side="right")]
    before = float(earlier.max(initial=-math.inf))
    growth = now - before if math.isfinite(before) else math.nan
    return Bound(
        sup_constant=case.sign * now, sup_step=case.clock.place(case.t[at]), sup_growth=growth
    )


def _judged(case: Case, room: Float[np.ndarray, "S T"], bound: Bound) -> Bound:
    scale = np.abs(case.log_f)
    if not case.plain:
        scale = np.where(np.isfinite(scale), scale, 0.0)
    vacuity = _vacuity(case)
    passed = room < -(TOLERANCE + ROUNDING * scale)
    kept = "holds_vacuous" if vacuity == 1 else "holds"
    return replace(
        bound, **_tightest(case, room), status=_status(passed, kept), passed=passed, vacuity=vacuity
    )


def _status(passed: Bool[np.ndarray, "S T"], kept: str = "holds") -> str:
    return "violated" if passed.any() else kept


def _vacuity(case: Case) -> float:
    if case.log_ceiling is None or case.log_constant is None:
        return math.nan
    bound, ceiling = case.log_constant + case.log_f, case.log_ceiling
    says = case.sign * bound < case.sign * ceiling - TOLERANCE
    width = case.grid.widths
    telling = (width * (says & case.counted)).sum(axis=1) / (width * case.counted).sum(axis=1)
    return float(1 - telling.mean())


def _equal(case: Case, law: Equals) -> Bound:
    value = np.maximum(case.log_f, case.readable)
    y = np.maximum(case.log_y, case.readable)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(np.expm1(y - value))
    error = np.where(y == value, 0.0, error)
    relative, absolute = _allowed(case, law.tolerance), _allowed(case, law.absolute)
    if np.any(absolute):
        return _near(case, y, value, relative, absolute)
    bound = _within(case, error, relative, value)
    return _limited(case, law, bound, y, value) if isinstance(law, Limit) else bound


def _limited(
    case: Case,
    law: Limit,
    bound: Bound,
    y: Float[np.ndarray, "S T"],
    value: Float[np.ndarray, "S T"],
) -> Bound:
    """The same of an equality in the limit: a run that is beyond its tolerance somewhere is broken
    only where the gap lasts (`lasting`), and else waits."""
    constants, passed = _measured(case, law), bound.passed
    assert passed is not None
    beyond = passed.any(axis=1)
    if not beyond.any():
        return replace(bound, constants=constants)
    with np.errstate(invalid="ignore"):
        gap = np.where(y == value, 0.0, np.clip(y - value, -FARTHEST, FARTHEST))
    allowed = np.broadcast_to(np.log1p(_allowed(case, law.tolerance)), gap.shape)
    broken, decides = np.zeros_like(beyond), np.full(beyond.shape, np.nan)
    for run in np.flatnonzero(beyond).tolist():
        some = case.counted[run]
        broken[run] = lasts(case.grid.log[some], gap[run, some], allowed[run, some], len(gap))
        decides[run] = 10 * case.t[np.argmax(some)]
    return replace(
        bound,
        status="violated" if broken.any() else "open",
        passed=passed & broken[:, None],
        constants=constants,
        waiting=beyond & ~broken,
        decides_at=decides,
    )


def _measured(case: Case, law: Limit) -> Float[np.ndarray, " S"]:
    """The constant that y has at the last counted step, in the place of the law's."""
    runs = np.arange(len(case.log_y))
    last = case.t.size - 1 - np.argmax(case.counted[:, ::-1], axis=1)
    y = np.where(case.visible, case.log_y, np.nan)[runs, last]
    value = np.broadcast_to(case.log_f, case.log_y.shape)[runs, last]
    return np.broadcast_to(law.constant, runs.shape) * np.exp(y - value)


def _near(
    case: Case,
    y: Float[np.ndarray, "S T"],
    value: Float[np.ndarray, "S T"],
    relative: Any,
    absolute: Any,
) -> Bound:
    """|y - value| <= absolute + relative * value, both given by their logs."""
    size = np.where(np.isfinite(value), np.abs(value), 0.0)
    high, low = np.maximum(y, value), np.minimum(y, value)
    with np.errstate(invalid="ignore", divide="ignore"):
        log_error = high + np.log(-np.expm1(low - high))
        allowed = np.logaddexp(np.log(absolute), value + np.log(relative + ROUNDING * size))
        room = np.where(y == value, np.inf, allowed - log_error)
    return _from_room(case, room)


def _same(case: Case, law: Value) -> Bound:
    """|y - value| <= absolute + relative * |value|, values themselves."""
    y, value = case.log_y, case.log_f
    size = np.maximum(np.abs(y), np.abs(value))
    allowed = _allowed(case, law.absolute) + _allowed(case, law.tolerance) * np.abs(value)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.log(allowed + ROUNDING * size) - np.log(np.abs(y - value))
    return _from_room(case, np.where(y == value, np.inf, room))


def _allowed(case: Case, tolerance: Any) -> Any:
    """One number, or (S, T)."""
    return on_grid(tolerance, case.t) if callable(tolerance) or np.ndim(tolerance) else tolerance


def _stepwise(case: Case, sign: int) -> Bound:
    y = np.maximum(case.log_y, case.readable)
    with np.errstate(invalid="ignore"):
        against = -sign * np.diff(y, axis=1, prepend=y[:, :1])
    against = np.where(np.isnan(against), 0.0, against)  # zero stays zero
    against[:, 1:][~case.counted[:, :-1]] = 0.0
    return _within(case, np.maximum(against, 0.0), ROUNDING, y)


def _within(
    case: Case, error: Float[np.ndarray, "S T"], allowed: Any, log_size: Float[np.ndarray, "S T"]
) -> Bound:
    size = np.where(np.isfinite(log_size), np.abs(log_size), 0.0)
    with np.errstate(divide="ignore"):
        room = np.log(allowed + ROUNDING * size) - np.log(error)
    return _from_room(case, room)


def _from_room(case: Case, room: Float[np.ndarray, "S T"]) -> Bound:
    """``room``: log of the factor to spare at each place."""
    room = np.where(case.counted, room, np.inf)
    passed = room < 0
    return Bound(_status(passed), passed=passed, **_tightest(case, room))


def _tightest(case: Case, room: Float[np.ndarray, "S T"]) -> dict[str, Any]:
    """The least room of each run, and where."""
    place = np.argmin(room, axis=1)
    return {"slacks": room[np.arange(len(room)), place], "steps": case.t[place]}
