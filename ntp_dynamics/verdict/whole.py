"""Rates over the whole range, of claims that are declared to have no transient.

Where t is a size (arms, dimension, modes) nothing settles along it: every place counts, and ln(y/f)
either keeps growing from the first to the last or it does not.  An upper law is contradicted by a
run whose y/f grows over all places by more than noise may do (`course`), and in both halves of
their log-range, in the later by a quarter of what it does in the earlier: what has all but stopped
is a transient after all.  The mean of all runs is asked the same question with two errors, of its
own course, since runs may share their noise, and over runs; both are to reject.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict import company
from ntp_dynamics.verdict.clock import several
from ntp_dynamics.verdict.compared import ranges_of, tightness_of
from ntp_dynamics.verdict.course import Course
from ntp_dynamics.verdict.decision import weighed, weighed_ensemble
from ntp_dynamics.verdict.drift import HALF_LOG, Drift
from ntp_dynamics.verdict.found_rate import NONE, Rate
from ntp_dynamics.verdict.gate import EDGE, LEAST_FACTOR, LEAST_PLACES, Case, last
from ntp_dynamics.verdict.law import Power
from ntp_dynamics.verdict.limits import p_above
from ntp_dynamics.verdict.windows import Slopes

GOES_ON = 0.25
"""Growth in the later half of the range over that in the earlier, below which it stops."""


def whole_rate(case: Case, ensemble: bool) -> tuple[Rate, str | None]:
    """The rate over all places where y shows, or why there is none to see."""
    shown = case.visible & np.isfinite(case.log_f)
    end, first = last(case.t, shown), np.where(shown, case.t, np.inf).min(axis=1)
    wide = end >= LEAST_FACTOR * first * (1 - EDGE)
    lost = (case.counted & ~case.visible).any(axis=1) & (case.sign < 0)
    seen = wide & (shown.sum(axis=1) >= LEAST_PLACES) & ~lost
    fallen = case.deep & ~seen & ~lost & (end < last(case.t, case.counted))
    if not (seen | fallen | lost).any():
        return Rate(), too_few(case)
    runs = np.where(fallen, "kept", "undecided").astype("<U12")
    unknown = np.full(len(seen), np.nan)
    if not seen.any():
        below = bool(fallen.all())
        return Rate(
            "consistent" if below else "inconclusive",
            NONE if ensemble else runs,
            tightness="unresolved",
            exponents=unknown,
            drifts=unknown,
            rated=int(case.deep.sum()),
            decides_at=unknown,
            exact_to_floor=below,
        ), None
    log_r = np.where(shown, case.sign * (case.shown - np.where(shown, case.log_f, 0.0)), 0.0)
    drift, p_run = _drift(case, log_r, shown, seen, end, first)
    p_mean = 1.0 if fallen.any() else _p_mean(case, log_r[seen], shown[seen], drift)
    if ensemble:
        found = weighed_ensemble(drift, np.array(p_mean))
    else:
        found = weighed(drift, p_run, np.array(p_mean), np.array(True))
        runs[seen] = found.runs
    few = company.is_few(int(seen.sum()))
    undecided = (runs == "undecided").any() and not ensemble
    status = str(found.status)
    exponents = _exponents(case, case.sign * drift.moved.last, seen, shown)
    spread = company.interval(exponents, few)
    return Rate(
        status="inconclusive" if undecided and status == "consistent" else status,
        runs=NONE if ensemble else runs,
        joint=bool(found.joint),
        tightness=tightness_of(case, [ranges_of(drift, few, ensemble)]),
        exponents=_each(exponents[0], seen),
        drifts=_each(drift.last[0], seen),
        interval=(float(spread[0]), float(spread[1])),
        window=(case.clock.place(first[seen].min()), case.clock.place(end[seen].max())),
        resolvable=float(drift.allowed.max()),
        p_contradicted=float(found.p),
        rated=int(case.deep.sum()),
        decides_at=unknown,
        descriptive=few,
    ), None


def too_few(case: Case) -> str:
    """Why a record shows no rate, with the numbers that decided it."""
    best = int(np.argmax(case.counted.sum(axis=1)))
    places = case.t[case.counted[best]]
    factor = places[-1] / places[0] if places.size else 1.0
    return (
        f"{places.size} recorded {several(case.clock.name)} over a factor {factor:.3g}; without a "
        f"transient a rate needs {LEAST_PLACES} over a factor {LEAST_FACTOR:g}"
    )


def goes_on(slopes: Float[np.ndarray, "3 ..."]) -> Bool[np.ndarray, " ..."]:
    """Whether growth (of the whole, the earlier and the later half) does not stop."""
    return (slopes[1:] > 0).all(axis=0) & (slopes[2] >= GOES_ON * slopes[1])


def _drift(
    case: Case,
    log_r: Float[np.ndarray, "S T"],
    shown: Bool[np.ndarray, "S T"],
    seen: Bool[np.ndarray, " S"],
    end: Float[np.ndarray, " S"],
    first: Float[np.ndarray, " S"],
) -> tuple[Drift, Float[np.ndarray, " K"]]:
    """Of the K runs that are seen, one window and its halves; and the p-value of each."""
    slopes, errors = np.empty((2, 3, len(seen)))
    p = np.ones(len(seen))
    for places in np.unique(shown[seen], axis=0):
        mine = seen & (shown == places).all(axis=1)
        course, y = Course(np.log(case.t[places])), log_r[mine][:, places]
        rounding = np.abs(course.weights[0]) @ case.rounding[mine][:, places].T
        slopes[:, mine] = course.slopes(y)
        errors[:, mine] = course.errors(y)
        over = np.where(goes_on(slopes[:, mine]), slopes[0, mine] - rounding, -np.inf)
        p[mine] = course.p_grows(over, errors[0, mine])
    moved = Slopes(slopes[None, :1, seen], slopes[None, None, 1:, seen], errors[None, :1, seen])
    middle = np.sqrt(first * end)[seen]
    allowed = HALF_LOG / np.log(np.maximum(middle, 2.0))
    return Drift(moved, allowed[None, None]), p[seen]


def _p_mean(
    case: Case, log_r: Float[np.ndarray, "K T"], shown: Bool[np.ndarray, "K T"], drift: Drift
) -> float:
    """p-value of "the mean over runs does not grow"; 1 for one run and where it stops."""
    places = shown.all(axis=0)
    x = np.log(case.t[places])
    if len(log_r) < 2 or x.size < LEAST_PLACES or x[-1] - x[0] < math.log(LEAST_FACTOR) - EDGE:
        return 1.0
    course, mean = Course(x), log_r[:, places].mean(axis=0, keepdims=True)
    slopes = course.slopes(mean)
    if not goes_on(slopes[:, 0]):
        return 1.0
    rounding = float(np.abs(course.weights[0]) @ case.rounding[:, places].max(axis=0))
    own = float(course.p_grows(slopes[0] - rounding, course.errors(mean)[0])[0])
    return max(own, float(p_above(drift.moved.pairs[0, 0], rounding)))


def _exponents(
    case: Case,
    slopes: Float[np.ndarray, "3 K"],
    seen: Bool[np.ndarray, " S"],
    shown: Bool[np.ndarray, "S T"],
) -> Float[np.ndarray, "3 K"]:
    """p of t^-p log^q t with the law's q; of a curve the power of t that y falls by."""
    if isinstance(case.law, Power):
        p = np.broadcast_to(case.law.p, seen.shape)
        return p[seen] - slopes
    found = np.empty_like(slopes)
    for i, run in enumerate(np.flatnonzero(seen)):
        places = shown[run]
        found[:, i] = -Course(np.log(case.t[places])).slopes(case.shown[run : run + 1, places])[
            :, 0
        ]
    return found


def _each(values: Float[np.ndarray, " K"], seen: Bool[np.ndarray, " S"]) -> np.ndarray:
    """One value a run; nan for those that are not seen."""
    full = np.full(len(seen), np.nan)
    full[seen] = values
    return full
