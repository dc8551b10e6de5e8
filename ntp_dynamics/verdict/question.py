"""A question put to a series: whether runs that a claim covers keep its law.

Most questions of a record are sound, cover every run, and start where the law does; what else may
be is asked only where something was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.clock import STEPS, Clock
from ntp_dynamics.verdict.curved import Envelope
from ntp_dynamics.verdict.gate import FLOOR_FACTOR, Case, broken_grid, broken_runs
from ntp_dynamics.verdict.grid import Grid, grid_of
from ntp_dynamics.verdict.law import Exponential, Law, LinearGrowth, Monotone, Power
from ntp_dynamics.verdict.series import Series
from ntp_dynamics.verdict.verdict import Verdict
from ntp_dynamics.verdict.wording import UNASKED, beyond


@dataclass(frozen=True, eq=False)
class Question:
    """The arguments of `judge.judge`, checked for what does not depend on runs.

    ``kept``: the runs that meet the hypotheses; ``excluded``: why how many of the others do not;
    ``kept_law``: the law of those that do, if it is known already (`Law.for_runs`).
    ``tight``: a stated value that is met is the claim itself; ``evaluated``, ``transient``: see
    `claim.Claim`.
    """

    series: Series
    law: Law
    kept: Bool[np.ndarray, " S"]
    excluded: tuple[tuple[str, int], ...] = ()
    log_constant: Any = None
    log_ceiling: Any = None
    side: str = "upper"
    t_min: Any = None
    log_floor: Any = None
    schedule: Any = None
    about: str = "run"
    clock: str = STEPS.name
    unit: str = ""
    timeless: bool = False
    offset: float = 0.0
    kept_law: Law | None = None
    tight: bool = False
    evaluated: bool = False
    transient: bool = True

    @property
    def one_sided(self) -> bool:
        """Whether the law is a bound, above or below."""
        return isinstance(self.law, (Power, Exponential, Envelope))

    @property
    def settled(self) -> bool:
        """Whether its rate is judged over the whole range: declared, and a bound without clock."""
        free = isinstance(self.law, Envelope) and self.log_constant is None
        return not self.transient and (free or isinstance(self.law, Power))

    @cached_property
    def t(self) -> Float[np.ndarray, " T"]:
        """What the law is asked about."""
        return self.series.t + self.offset if self.offset else self.series.t


@dataclass(frozen=True, eq=False)
class Opened:
    """A question that can be judged: its case, what is ``said`` already (fields of a verdict), and
    the ``numbers`` of the runs of the case as they were given."""

    question: Question
    case: Case
    said: dict[str, Any]
    numbers: np.ndarray


def inapplicable(
    runs: int, excluded: tuple[tuple[str, int], ...], about: str = "run", evaluated: bool = False
) -> Verdict:
    """The verdict on a claim whose hypotheses no run meets."""
    return Verdict(
        gate="inapplicable",
        reason="no run meets the preconditions",
        about=about,
        runs_given=runs,
        excluded=excluded,
        outcomes=("left out",) * runs,
        evaluated=evaluated,
    )


def opened(q: Question) -> Verdict | Opened:
    """What may be judged, or the verdict that nothing may.  Raises ValueError as `judge.judge`."""
    law, series, kept = q.law, q.series, q.kept
    _check(law, q.side, q.about, q.one_sided, q.log_constant)
    _check_places(series.grid, q.clock, isinstance(law, Monotone))
    runs, every = len(series.y), bool(kept.all())
    if not (every or kept.any()):
        return inapplicable(runs, q.excluded, q.about)
    t, end = q.t, series.grid.end + q.offset
    clock = Clock(q.clock, q.unit, q.timeless, q.offset, whole=series.grid.whole)
    horizon = clock.place(end)
    said: dict[str, Any] = {
        "gate": "ok",
        "about": q.about,
        "form": law.form,
        "side": q.side if q.one_sided else "both",
        "horizon": horizon,
        "runs_given": runs,
        "excluded": q.excluded,
        "clock": q.clock,
        "unit": q.unit,
        "timeless": q.timeless,
        "evaluated": q.evaluated,
        "transient": not q.settled,
    }

    def ended(gate: str, word: str, **found: Any) -> Verdict:
        found |= {"gate": gate, "law": law.describe(), "outcomes": _outcomes(kept, word)}
        return Verdict(**said | found)

    schedule = None if q.schedule is None else np.asarray(q.schedule) + q.offset
    if broken := broken_grid(t, schedule, clock):
        return ended("invalid", "invalid", reason=broken, runs_judged=int(kept.sum()))
    t_min = _started(q, runs)
    start = np.maximum(t_min, law.start)
    if (late := start > end).any():
        late &= kept
        why = beyond(float(start[late].min()) - q.offset, horizon, q.clock, q.unit)
        if late[kept].all():
            reason = f"{why}{UNASKED}"
            return ended("insufficient", "undecided", reason=reason)
        said["excluded"] = (*q.excluded, (why, int(late.sum())))
        kept, every = kept & ~late, False
    case = _case(q, kept if not every else None, t_min, start, clock)
    if law.curves and len(case.log_f) == 1 and case.lawless.any():
        raise ValueError("the law is nan at a step to be judged")
    said["outcomes"] = _outcomes(kept, "invalid")
    numbers = np.flatnonzero(kept)
    sound = series.sound if every else series.sound[kept]
    known = series.known if law.reads_logs else series.finite
    if known and series.all_sound and not (law.curves and case.lawless.any()):
        return Opened(q, case, said, numbers)
    bad, reasons = broken_runs(case, sound)
    said["reason"] = "; ".join(reasons)
    if bad.all() or (bad.any() and q.about == "ensemble"):
        more = {"gate": "invalid", "law": law.describe(), "runs_judged": len(case.log_y)}
        return Verdict(**said | more)
    return Opened(q, case.of(~bad) if bad.any() else case, said, numbers[~bad])


def _started(q: Question, runs: int) -> Float[np.ndarray, " S"]:
    """Where the claim starts in each run that is kept."""
    if q.t_min is None:
        return np.full(runs, grid_of(q.t).after(q.offset))
    starts = _each("t_min", q.t_min, runs)
    return starts + q.offset if q.offset else starts


def _case(
    q: Question,
    kept: Bool[np.ndarray, " S"] | None,
    t_min: Float[np.ndarray, " S"],
    start: Float[np.ndarray, " S"],
    clock: Clock,
) -> Case:
    """The case of the runs that are kept (None: all)."""
    t, series, law = q.t, q.series, q.law
    runs = len(series.y)

    def of_kept(values: np.ndarray) -> np.ndarray:
        return values if kept is None else values[kept]

    def column(name: str, value: Any) -> Float[np.ndarray, "S 1"]:
        chosen = of_kept(_each(name, value, runs))
        if np.isnan(chosen).any():
            raise ValueError(f"{name} is nan in a run to be judged")
        return chosen[:, None]

    counted = t >= of_kept(start)[:, None]
    floor = column("log_floor", -math.inf if q.log_floor is None else q.log_floor)
    known = q.kept_law if kept is None or np.array_equal(kept, q.kept) else None
    return Case(
        t=t,
        log_y=of_kept(series.y),
        law=known or law.for_runs(t, q.kept if kept is None else kept),
        sign=-1 if q.one_sided and q.side == "lower" else 1,
        counted=counted if series.all_sound else of_kept(series.sound) & counted,
        readable=floor + math.log(FLOOR_FACTOR),
        t_min=column("t_min", t_min)[:, 0],
        log_constant=None if q.log_constant is None else column("log_constant", q.log_constant),
        log_ceiling=None if q.log_ceiling is None else column("log_ceiling", q.log_ceiling),
        clock=clock,
        transient=not q.settled,
    )


def _outcomes(kept: Bool[np.ndarray, " S"], word: str) -> tuple[str, ...]:
    return tuple([word if yes else "left out" for yes in kept.tolist()])


def _check_places(grid: Grid, clock: str, zero: bool) -> None:
    steps = clock == STEPS.name
    low = grid.start >= 0 if zero else grid.start > 0
    if not (low and grid.finite and (grid.whole or not steps)):
        kind = "positive integer" if steps else "positive number"
        raise ValueError(f"t holds a {clock} that is not a {kind} (0 only if monotone)")


def _check(law: Law, side: str, about: str, one_sided: bool, log_constant: Any) -> None:
    if side not in ("upper", "lower"):
        raise ValueError(f"side is 'upper' or 'lower', not {side!r}")
    if about not in ("run", "ensemble"):
        raise ValueError(f"about is 'run' or 'ensemble', not {about!r}")
    growth = isinstance(law, LinearGrowth) and law.asymptotic
    if law.of_a_sample and about != "ensemble":
        raise ValueError(f"the law {law.describe()} speaks of an ensemble, not of every run")
    if about == "ensemble" and not (one_sided or growth or law.of_a_sample):
        raise ValueError(f"the law {law.describe()} speaks of every run, not of an ensemble")
    rateless = isinstance(law, Exponential) and law.rate is None
    if log_constant is not None and (rateless or not one_sided):
        raise ValueError(f"the law {law.describe()} takes no constant")


def _each(name: str, value: Any, runs: int) -> Float[np.ndarray, " S"]:
    """One number a run."""
    if isinstance(value, (int, float)):
        return np.full(runs, float(value))
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in ((), (1,), (runs,)):
        raise ValueError(f"{name} has shape {array.shape}, neither () nor ({runs},)")
    return array if array.shape == (runs,) else np.full(runs, array)
