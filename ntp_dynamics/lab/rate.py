"""Rates: does y keep up with the law over the last windows, whatever its constant?

Deterministic training has no sampling noise within a run, so the replicates are the only
independent units: every limit is a t-limit over one number a run.  Those numbers are slopes of the
compensated quantity r = y / f; an upper law fails when r keeps growing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.lab.drift import HALF_LOG, Drift, drifts
from ntp_dynamics.lab.gate import MIN_DECADES, MIN_POINTS, Case
from ntp_dynamics.lab.law import Envelope, Exponential, LinearGrowth, Power
from ntp_dynamics.lab.windows import LEAST_POINTS, Reach, Windows, limits, p_above, survey

ALPHA = 0.05  # of a contradiction, and of the intervals that are printed
ALPHA_CONSISTENT = 0.01  # share of laws just beyond the allowance that may pass as consistent
PERSISTENCE = 0.6  # a drift that shrinks faster than this from window to window is a transient
CONTRADICTION_DECADES, CONTRADICTION_RUNS = 3.5, 5
CANDIDATES = tuple((p, q) for p in (0.5, 1.0, 1.5, 2.0, 3.0) for q in (0, 1, 2, 3))


@dataclass(frozen=True)
class Rate:
    """The comparison over the last windows.

    ``status``: consistent, contradicted, inconclusive, none.  ``tightness``: tight, faster, slower,
    unresolved, none.  ``exponent``: p of t^-p log^q t with the law's q; the decay rate of an
    exponential; the power of t of linear growth, the final dy/dt of an asymptotic one; a mean over
    runs, with its 95 % ``interval``.  ``resolvable``: the smallest error of the exponent that would
    show at this horizon.  ``p_contradicted``: nan where no contradiction was looked for.
    ``possible``: the laws (p, q) not excluded.  ``descriptive``: too few runs for limits, intervals
    are ranges over runs and half windows.
    """

    status: str = "none"
    tightness: str = "none"
    exponent: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    window: tuple[int, int] | None = None
    resolvable: float = math.nan
    p_contradicted: float = math.nan
    runs: int = 0
    descriptive: bool = False
    exact_to_floor: bool = False
    possible: tuple[tuple[float, int], ...] = ()


def has_rate(case: Case) -> bool:
    """Whether the law says how fast.

    An envelope with a constant is a pointwise statement: that its slack shrinks proves nothing,
    since its course beyond the horizon is arbitrary.
    """
    if isinstance(case.law, Envelope):
        return case.log_constant is None
    return isinstance(case.law, (Power, Exponential, LinearGrowth))


def measure(case: Case) -> tuple[Rate, str | None]:
    """Steps 2 to 4: the rate of a case, or the reason why there is none to see."""
    law = case.law
    if not has_rate(case):
        return Rate(), None
    if not case.deep.any():
        best = int(np.argmax(case.decades))
        return Rate(), (
            f"{max(case.decades[best], 0):.1f} decades and {case.counted[best].sum()} recorded "
            f"steps after the claim's start; a rate needs {MIN_DECADES:g} and {MIN_POINTS}"
        )
    upper, octaves = case.sign > 0, isinstance(law, Exponential)
    if isinstance(law, LinearGrowth):
        upper, octaves = not law.claims(-1), law.asymptotic
    windows, reach = survey(case, 2 if octaves else 10, upper=upper)
    if reach.lost.any():
        return Rate("inconclusive", "unresolved", runs=int(case.deep.sum())), None
    if reach.thin.any():
        return Rate(), "too few recorded steps in the last windows"
    if not reach.seen.any():
        return Rate("consistent", "unresolved", runs=len(reach.seen), exact_to_floor=True), None
    seen = reach.seen
    few = int(seen.sum()) < CONTRADICTION_RUNS
    # Runs that fell below the floor speak for the law; leaving them out must not turn the rest
    # into a contradiction.
    testable = not (few or reach.fallen.any()) and bool(confident(windows, reach)[seen].all())
    return _compare(case, windows, seen, few, testable), None


def confident(windows: Windows, reach: Reach) -> Bool[np.ndarray, " S"]:
    """Runs long enough, and with steps enough in all windows, to contradict a rate."""
    full = (windows.points >= LEAST_POINTS[windows.ratio]).all(axis=(0, 1))
    return full & (reach.decades > CONTRADICTION_DECADES)


def _compare(
    case: Case, windows: Windows, seen: Bool[np.ndarray, " S"], few: bool, testable: bool
) -> Rate:
    sides, exponent = drifts(case, windows)
    sides = [side.of(seen) for side in sides]
    results = [decide(side, few, testable) for side in sides]
    statuses = [str(status) for status, _ in results]
    low, high = interval(exponent[:, seen], few)
    end = windows.end[seen]
    return Rate(
        status=next((s for s in ("contradicted", "inconclusive") if s in statuses), "consistent"),
        tightness=_tightness(case, sides, few),
        exponent=float(exponent[0, seen].mean()),
        interval=(float(low), float(high)),
        window=(math.ceil(end.min() / windows.ratio), int(end.max())),
        resolvable=_resolvable(case, windows, seen),
        p_contradicted=min(float(p) for _, p in results),
        runs=int(case.deep.sum()),
        descriptive=few,
        possible=_possible(case, windows, seen, few) if isinstance(case.law, Power) else (),
    )


def decide(
    drift: Drift, few: bool, testable: Bool[np.ndarray, " ..."] | bool
) -> tuple[np.ndarray, np.ndarray]:
    """The status of one side, and the p-value of its contradiction.

    Runs are the last axis of a drift; axes before it are experiments of their own.

    Consistent: the upper limit of the last window's drift is within what is allowed.  Too few runs
    have no limits; their windows of all pairs and the halves of the last one stand in: the largest
    drift among them, and for a single run as much again as they differ.

    Contradicted: every window of three successive pairs drifts beyond what is allowed, and in the
    last pair the drift does not fade (p = 1 if it does: a time shift, say, dies out).  To ask the
    earlier pairs for persistence too costs a third of the power against log^2 t / t with five runs
    and spares no transient more: the last pair is the latest.
    """
    p = np.asarray(math.nan)
    if np.any(testable):
        p = p_above(drift.moved.pairs / drift.allowed, 1.0).max(axis=(0, 1))
        movement = drift.moved.pairs[0].mean(axis=-1)  # (W, ...)
        p = np.where(movement[0] < PERSISTENCE * movement[-1], 1.0, p)
        p = np.where(testable, p, math.nan)
    status = np.where(_most(drift, few) < 1, "consistent", "inconclusive")
    return np.where(p < ALPHA, "contradicted", status), p


def _most(drift: Drift, few: bool) -> np.ndarray:
    """The largest drift that the runs leave possible, in units of what is allowed."""
    if not few:
        return limits(drift.last[0], 1 - ALPHA_CONSISTENT)[1]
    later = (drift.moved.pairs / drift.allowed)[1:, 0]
    seen = np.concatenate([drift.last, later])  # (N, ..., S)
    top = seen.max(axis=(0, -1))
    return top + (top - seen.min(axis=(0, -1)) if seen.shape[-1] == 1 else 0.0)


def interval(values: Float[np.ndarray, "3 ... S"], few: bool) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the mean over runs of the first row, or the range of everything."""
    if few:
        return values.min(axis=(0, -1)), values.max(axis=(0, -1))
    return limits(values[0], 1 - ALPHA / 2)


def _tightness(case: Case, sides: list[Drift], few: bool) -> str:
    law = case.law
    if isinstance(law, LinearGrowth) and not law.asymptotic:
        return "none"  # to keep between two lines is all it asks
    if isinstance(law, Exponential) and law.rate is None:
        return "none"
    intervals = [interval(side.last, few) for side in sides]
    if all(low > -1 and high < 1 for low, high in intervals):
        return "tight"
    if isinstance(law, LinearGrowth):
        return "unresolved"
    low, high = intervals[0]
    return "faster" if high < -1 else "slower" if low > 1 else "unresolved"


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
    p_0 = -windows.log_slopes(log_y).last[:, seen]  # the exponent if q were 0
    shift = windows.log_slopes(log_log_t).last[:, seen]
    allowed = HALF_LOG / np.log(windows.middle[0, 0, seen])
    p, q = np.array(CANDIDATES).T[:, :, None]  # (C, 1)
    low, high = interval((p_0[:, None] + q * shift[:, None] - p) / allowed, few)
    return tuple(CANDIDATES[i] for i in np.flatnonzero((high > -1) & (low < 1)))
