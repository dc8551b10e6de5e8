"""Rates: does y keep up with the law over the last windows, whatever its constant?

An upper law fails when the compensated quantity r = y / f keeps growing.  Each run is held against
the law by itself (`single`) and is named if it fails; the pooled test (`company`) refutes "every
run" without naming one; `decision` makes one word of both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict import company, decision, single
from ntp_dynamics.verdict.clock import Place
from ntp_dynamics.verdict.curved import Envelope
from ntp_dynamics.verdict.drift import HALF_LOG, Drift, drifts
from ntp_dynamics.verdict.gate import MIN_DECADES, MIN_POINTS, Case
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Power
from ntp_dynamics.verdict.windows import Reach, Windows, survey

CANDIDATES = tuple((p, q) for p in (0.5, 1.0, 1.5, 2.0, 3.0) for q in (0, 1, 2, 3))
NONE = np.empty(0)  # a value a run where there is nothing to say


@dataclass(frozen=True)
class Rate:
    """The comparison over the last windows.

    ``status``: consistent, contradicted, inconclusive, none.  ``runs`` (S,): for each run kept,
    contradicted or undecided; empty where no rate is claimed or the runs are one datum.  ``joint``:
    only the pooled test contradicts.  ``tightness``: tight, faster, slower, unresolved, none.
    ``exponents`` (S,): p of t^-p log^q t with the law's q; the decay rate of an exponential; the
    power of t of linear growth, the final dy/dt of an asymptotic one; nan where a run shows none.
    ``drifts`` (S,): how far the last window moves against the law, in units of what is allowed.
    ``interval``: of the exponents' mean, 95 %.  ``resolvable``: the smallest error of the exponent
    that would show at this horizon.  ``p_contradicted``: nan where no contradiction was looked for.
    ``decides_at`` (S,): the horizon at which a run that is undecided would be decided, nan if none
    is in sight.  ``possible``: the laws (p, q) not excluded.  ``descriptive``: too few runs for
    limits, intervals are ranges over runs and half windows.
    """

    status: str = "none"
    runs: np.ndarray = field(default_factory=lambda: NONE)
    joint: bool = False
    tightness: str = "none"
    exponents: Float[np.ndarray, " S"] = field(default_factory=lambda: NONE)
    drifts: Float[np.ndarray, " S"] = field(default_factory=lambda: NONE)
    interval: tuple[float, float] = (math.nan, math.nan)
    window: tuple[Place, Place] | None = None
    resolvable: float = math.nan
    p_contradicted: float = math.nan
    rated: int = 0
    decides_at: Float[np.ndarray, " S"] = field(default_factory=lambda: NONE)
    descriptive: bool = False
    exact_to_floor: bool = False
    possible: tuple[tuple[float, int], ...] = ()

    @property
    def exponent(self) -> float:
        """The mean over the runs that show one; nan if none does."""
        seen = self.exponents[np.isfinite(self.exponents)]
        return float(seen.mean()) if seen.size else math.nan


def has_rate(case: Case) -> bool:
    """Whether the law says how fast.

    An envelope with a constant is a pointwise statement: that its slack shrinks proves nothing,
    since its course beyond the horizon is arbitrary.
    """
    if isinstance(case.law, Envelope):
        return case.log_constant is None
    return isinstance(case.law, (Power, Exponential, LinearGrowth))


def measure_rates(
    cases: Sequence[Case], ensembles: Sequence[bool]
) -> list[tuple[Rate, str | None]]:
    """Steps 2 to 4 for several cases."""
    return [measure_rate(case, together) for case, together in zip(cases, ensembles, strict=True)]


def measure_rate(case: Case, ensemble: bool = False) -> tuple[Rate, str | None]:
    """Steps 2 to 4: the rate of a case, or the reason why there is none to see.

    Of an ``ensemble`` only the mean speaks, at the whole error rate.
    """
    law = case.law
    if not has_rate(case):
        return Rate(), None
    if not case.deep.any():
        return Rate(decides_at=shortest(case)), too_short(case)
    upper, octaves = case.sign > 0, isinstance(law, Exponential)
    if isinstance(law, LinearGrowth):
        upper, octaves = not law.claims(-1), law.asymptotic
    windows, reach = survey(case, 2 if octaves else 10, upper=upper)
    if not (reach.seen | reach.fallen | reach.lost).any():
        return Rate(decides_at=shortest(case)), "too few recorded steps in the last windows"
    blank = Rate(
        "consistent" if reach.fallen.all() else "inconclusive",
        NONE if ensemble else np.where(reach.fallen, "kept", "undecided").astype("<U12"),
        tightness="unresolved",
        exponents=np.full(len(case.log_y), np.nan),
        drifts=np.full(len(case.log_y), np.nan),
        rated=int(case.deep.sum()),
        decides_at=np.where(case.deep, np.nan, shortest(case)),
        exact_to_floor=bool(reach.fallen.all()),
    )
    return (_compare(case, windows, reach, blank, ensemble) if reach.seen.any() else blank), None


def too_short(case: Case) -> str:
    """Why a record shows no rate, with the numbers that decided it."""
    best = int(np.argmax(case.decades))
    decades = math.floor(100 * max(float(case.decades[best]), 0.0)) / 100
    return (
        f"{decades:.2f} decades and {case.counted[best].sum()} recorded {case.clock.name}s after "
        f"the claim's start; a rate needs {MIN_DECADES:g} and {MIN_POINTS}"
    )


def shortest(case: Case) -> Float[np.ndarray, " S"]:
    """The horizon at which each run would show a rate."""
    horizon = 10**MIN_DECADES * np.maximum(case.t_min, case.t[0])
    return np.ceil(horizon) if case.clock.whole else horizon


def _compare(case: Case, windows: Windows, reach: Reach, blank: Rate, ensemble: bool) -> Rate:
    """``blank``: what is said of the runs that show no slope."""
    seen, few = reach.seen, company.is_few(int(reach.seen.sum()))
    sides, exponent = drifts(case, windows)
    shown = [side.of(seen) for side in sides]
    alone = single.testable(case, windows, reach)[seen]
    together = company.testable(windows, reach)
    found = decision.both(
        [
            decision.decide_ensemble(side, together)
            if ensemble
            else decision.decide(side, alone, together)
            for side in shown
        ]
    )
    status, runs, decides = str(found.status), blank.runs.copy(), blank.decides_at.copy()
    if not ensemble:
        runs[seen] = found.runs
        waits = [single.decisive_horizon(case, windows, side) for side in sides]
        decides = np.where(seen & (runs == "undecided"), np.fmax.reduce(waits), decides)
        if status == "consistent" and (runs == "undecided").any():
            status = "inconclusive"
    low, high = company.interval(exponent[:, seen], few)
    end = windows.end[seen]
    return Rate(
        status=status,
        runs=runs,
        joint=bool(found.joint),
        tightness=_tightness(case, shown, few, ensemble),
        exponents=np.where(seen, exponent[0], np.nan),
        drifts=np.where(seen, np.max([side.last[0] for side in sides], axis=0), np.nan),
        interval=(float(low), float(high)),
        window=(case.clock.after(end.min() / windows.ratio), case.clock.place(end.max())),
        resolvable=_resolvable(case, windows, seen),
        p_contradicted=float(found.p),
        rated=blank.rated,
        decides_at=decides,
        descriptive=few,
        possible=_possible(case, windows, seen, few) if isinstance(case.law, Power) else (),
    )


def _tightness(case: Case, sides: list[Drift], few: bool, ensemble: bool) -> str:
    """The word that is true of every run; unresolved where they differ."""
    law = case.law
    if isinstance(law, LinearGrowth) and not law.asymptotic:
        return "none"  # to keep between two lines is all it asks
    if isinstance(law, Exponential) and law.rate is None:
        return "none"
    ranges = [_ranges(side, few, ensemble) for side in sides]
    if all(((low > -1) & (high < 1)).all() for low, high in ranges):
        return "tight"
    if isinstance(law, LinearGrowth):
        return "unresolved"
    low, high = ranges[0]
    return "faster" if (high < -1).all() else "slower" if (low > 1).all() else "unresolved"


def _ranges(drift: Drift, few: bool, ensemble: bool) -> tuple[np.ndarray, np.ndarray]:
    """Where the drift of each run may lie: its own range, or that of the mean where it is like the
    others."""
    low, high = single.range_alone(drift)
    if few:
        return low, high
    alike = company.alike(drift, one_sided=False) | ensemble
    least, most = company.interval(drift.last, few)
    return np.where(alike, least, low), np.where(alike, most, high)


def _resolvable(case: Case, windows: Windows, seen: Bool[np.ndarray, " S"]) -> float:
    """(q + 1/2) / ln(middle of the last window).

    Against t^-p log^q t a plain t^-(p-D) moves by D - q / ln t only, and half a log power is
    allowed: a smaller D is consistent at this horizon.  (Asked of each run, the weakest tells.)
    """
    if windows.ratio != 10:
        return math.nan
    q = case.sign * case.law.log_power if isinstance(case.law, Power) else np.zeros(1)
    middle = windows.middle[0, 0, seen].min()
    return float((max(q.max(), 0.0) + HALF_LOG) / math.log(middle))


def _possible(
    case: Case, windows: Windows, seen: Bool[np.ndarray, " S"], few: bool
) -> tuple[tuple[float, int], ...]:
    """Step 3: candidate laws whose exponent is within half a log power of the interval."""
    log_log_t = np.where(case.visible, np.log(np.maximum(np.log(case.t), 0.1)), 0.0)
    log_y = np.where(case.visible, case.log_y, 0.0)
    p_0 = -windows.last_log_slopes(log_y)[:, seen]  # the exponent if q were 0
    shift = windows.last_log_slopes(log_log_t)[:, seen]
    allowed = HALF_LOG / np.log(windows.middle[0, 0, seen])
    p, q = np.array(CANDIDATES).T[:, :, None]  # (C, 1)
    low, high = company.interval((p_0[:, None] + q * shift[:, None] - p) / allowed, few)
    return tuple(CANDIDATES[i] for i in np.flatnonzero((high > -1) & (low < 1)))
