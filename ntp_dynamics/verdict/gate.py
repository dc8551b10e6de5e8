"""What may be judged at all: preconditions, sound numbers, enough steps.

A comparison of numbers that are broken, or of a horizon that is too short, refutes true theorems.
So the gate comes first, and what it lets through is a ``Case``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.clock import STEPS, Clock, amount, several
from ntp_dynamics.verdict.grid import Grid, grid_of
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.series import RESIDUAL_LIMIT

EDGE = 1e-9
FLOOR_FACTOR = 100.0  # a value within this factor of the floor is mostly rounding
MIN_DECADES, MIN_POINTS = 2.0, 40  # less shows no rate
LEAST_FACTOR, LEAST_PLACES = 4.0, 6  # nor do less of a course that has no transient
ROUNDING = 16 * float(np.finfo(np.float64).eps)  # relative: a log of size L is rounded by eps L

Condition = tuple[str, Any, str]  # name, holds (bool or (S,) bool), clause to print where it fails


@dataclass(frozen=True)
class Case:
    """The runs S and recorded steps T a law is held against; logs are natural.

    ``t`` is what the law is asked about: the recorded step and the offset of the clock.  For a law
    about values ``log_y`` and ``log_f`` hold values.

    ``transient``: y/f may still be settling, so that only the last windows count; else every place
    does.

    ``counted`` are the steps from t_min to the last trustworthy one; ``readable`` is 100 times the
    floor: what lies below counts as "at most this much" and is left out of slopes.  ``sign`` is +1
    for an upper law, -1 for a lower one.
    """

    t: Float[np.ndarray, " T"]
    log_y: Float[np.ndarray, "S T"]
    law: Law
    sign: int
    counted: Bool[np.ndarray, "S T"]
    readable: Float[np.ndarray, "S 1"]
    t_min: Float[np.ndarray, " S"]
    log_constant: Float[np.ndarray, "S 1"] | None
    log_ceiling: Float[np.ndarray, "S 1"] | None
    clock: Clock = STEPS
    transient: bool = True

    def of(self, runs: Bool[np.ndarray, " S"]) -> Case:
        """The case of some of its runs."""

        def some(value: np.ndarray | None) -> np.ndarray | None:
            return value if value is None else value[runs]

        return replace(
            self,
            log_y=self.log_y[runs],
            law=self.law.for_runs(self.t, runs),
            counted=self.counted[runs],
            readable=self.readable[runs],
            t_min=self.t_min[runs],
            log_constant=some(self.log_constant),
            log_ceiling=some(self.log_ceiling),
        )

    @cached_property
    def grid(self) -> Grid:
        """That of ``t``."""
        return grid_of(self.t)

    @cached_property
    def plain(self) -> bool:
        """Whether y and f are finite everywhere, and everything that counts is visible."""
        finite = np.isfinite(self.log_y).all() and np.isfinite(self.log_f).all()
        return bool(finite) and not self.floored

    @cached_property
    def end(self) -> float:
        """The last place that counts in some run."""
        return float(self.t[np.flatnonzero(self.counted.any(axis=0))[-1]])

    @cached_property
    def visible(self) -> Bool[np.ndarray, "S T"]:
        seen = self.counted & np.isfinite(self.log_y)
        return seen & (self.log_y >= self.readable) if self.floored else seen

    @cached_property
    def shown(self) -> Float[np.ndarray, "S T"]:
        """log_y where it is visible, else 0."""
        return np.where(self.visible, self.log_y, 0.0)

    @cached_property
    def floored(self) -> bool:
        """Whether there is a floor at all."""
        return bool((self.readable > -math.inf).any())

    @cached_property
    def lawless(self) -> Bool[np.ndarray, " S"]:
        """Runs whose law is nan where it is asked: it may be made of what they recorded."""
        if not self.law.curves:
            return np.zeros(len(self.log_y), dtype=bool)
        return np.any(np.isnan(self.log_f) & self.counted, axis=1)

    @cached_property
    def log_f(self) -> Float[np.ndarray, "... T"]:
        """One row where runs have it in common."""
        return self.law.log_f(self.t)

    @cached_property
    def rounding(self) -> Float[np.ndarray, "S T"]:
        """What rounding leaves of what is shown: its last digits, and the floor relative to y."""
        left = ROUNDING * np.maximum(np.abs(self.shown), 1.0)
        if self.floored:
            left += np.exp(np.minimum(self.readable - math.log(FLOOR_FACTOR) - self.shown, 0.0))
        return left

    @cached_property
    def decades(self) -> Float[np.ndarray, " S"]:
        """Decades of steps between t_min and the last counted step."""
        return np.log10(last(self.t, self.counted) / np.maximum(self.t_min, self.t[0]))

    @cached_property
    def deep(self) -> Bool[np.ndarray, " S"]:
        """Runs long enough to show a rate."""
        points = self.counted.sum(axis=1)
        if not self.transient:
            return (self.decades >= math.log10(LEAST_FACTOR) - EDGE) & (points >= LEAST_PLACES)
        return (self.decades >= MIN_DECADES) & (points >= MIN_POINTS)


def last(t: Float[np.ndarray, " T"], mask: Bool[np.ndarray, "S T"]) -> Float[np.ndarray, " S"]:
    """The last step of each run where the mask holds; 1 where it never does."""
    if mask[:, -1].all() and grid_of(t).stuck is None:
        return np.full(len(mask), t[-1])
    return np.where(mask, t, 1.0).max(axis=1)


def shortest(case: Case) -> Float[np.ndarray, " S"]:
    """The horizon at which each run would show a rate."""
    horizon = 10**MIN_DECADES * np.maximum(case.t_min, case.t[0])
    return np.ceil(horizon) if case.clock.whole else horizon


def waiting(case: Case) -> Float[np.ndarray, " S"]:
    """The same, where a run shows none yet; else nan."""
    if case.deep.all():
        return np.full(len(case.deep), np.nan)
    return np.where(case.deep, np.nan, shortest(case))


def admit(
    preconditions: Sequence[Condition], runs: int
) -> tuple[Bool[np.ndarray, " S"], tuple[tuple[str, int], ...]]:
    """Which runs meet every precondition, and why how many of the others do not.

    A run that fails several counts under the first.
    """
    kept, reasons = np.ones(runs, dtype=bool), {}
    for _, holds, failure in preconditions:
        fails = kept & ~np.broadcast_to(np.asarray(holds, dtype=bool), runs)
        if fails.any():
            reasons[failure] = reasons.get(failure, 0) + int(fails.sum())
        kept = kept & ~fails
    return kept, tuple(reasons.items())


def broken_grid(t: Float[np.ndarray, " T"], schedule: Any, clock: Clock) -> str | None:
    """Why the recorded steps are not the promised ones; None if they are."""
    stuck = grid_of(t).stuck
    if stuck is not None:
        place = clock.said(float(t[stuck]))
        return f"{place} is recorded twice or out of order"
    if schedule is not None:
        promised = np.asarray(schedule, dtype=np.float64)
        missing = np.setdiff1d(promised[promised > clock.offset], t)
        if missing.size:
            first = amount(clock.place(missing[0]), clock.unit)
            return (
                f"{missing.size} promised {several(clock.name)} are missing, the first is {first}"
            )
    return None


def broken_runs(
    case: Case, sound: Bool[np.ndarray, "S T"]
) -> tuple[Bool[np.ndarray, " S"], tuple[str, ...]]:
    """Which runs cannot be judged, and why: a clause for each kind of reason."""
    shallow = ~sound.all(axis=1) & ~case.deep
    unknown = np.isnan(case.log_y) & (not case.law.asks_some)
    wild = case.counted & (unknown | (case.log_y == np.inf))
    if not case.law.reads_logs:
        wild |= case.counted & np.isinf(case.log_y)
    bad, runs, reasons = wild.any(axis=1) & ~shallow, len(sound), []
    if shallow.any():
        step = case.clock.said(float(case.t[np.argmin(sound[shallow], axis=1)].min()))
        reasons.append(
            f"the numerical residual passes {RESIDUAL_LIMIT:g} at {step}, which "
            f"leaves too little in {shallow.sum()} of {runs} runs"
        )
    if bad.any():
        step = case.clock.said(float(case.t[np.flatnonzero(wild[bad].any(axis=0))[0]]))
        reasons.append(f"{bad.sum()} of {runs} runs are not finite, first at {step}")
    lawless = case.lawless & ~(shallow | bad)
    if lawless.any():
        reasons.append(f"the law is nan in {lawless.sum()} of {runs} runs")
    return shallow | bad | lawless, tuple(reasons)
