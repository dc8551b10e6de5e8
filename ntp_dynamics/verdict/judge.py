"""Judging: a law held against every run of a record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.bound import Bound, hold
from ntp_dynamics.verdict.clock import STEPS, Clock
from ntp_dynamics.verdict.curved import Envelope
from ntp_dynamics.verdict.decay import hold_decay
from ntp_dynamics.verdict.ensemble import jackknifed, mean_case
from ntp_dynamics.verdict.found import Found
from ntp_dynamics.verdict.frequency import hold_frequency
from ntp_dynamics.verdict.gate import (
    FLOOR_FACTOR,
    Case,
    Condition,
    admit,
    broken_grid,
    broken_runs,
    trusted,
)
from ntp_dynamics.verdict.law import Exponential, Law, LinearGrowth, Monotone, Power
from ntp_dynamics.verdict.mean import hold_mean
from ntp_dynamics.verdict.mean_value import hold_mean_value
from ntp_dynamics.verdict.rate import Rate, measure_rate
from ntp_dynamics.verdict.sample import Decay, Frequency, MeanEquals, MeanValue, Scaling
from ntp_dynamics.verdict.scaling import hold_scaling
from ntp_dynamics.verdict.verdict import Verdict
from ntp_dynamics.verdict.wording import beyond

OF_A_SAMPLE: dict[type[Law], Callable[[Case], Found]] = {
    MeanEquals: hold_mean,
    MeanValue: hold_mean_value,
    Frequency: hold_frequency,
    Scaling: hold_scaling,
    Decay: hold_decay,
}
"""What judges the laws about all runs together."""


def judge(
    t: Any,
    log_y: Any,
    law: Law,
    *,
    log_constant: Any = None,
    log_ceiling: Any = None,
    side: str = "upper",
    t_min: Any = None,
    log_floor: Any = None,
    residual: Any = None,
    preconditions: Sequence[Condition] = (),
    schedule: Any = None,
    about: str = "run",
    values: Any = None,
    clock: str = "step",
    unit: str = "",
    timeless: bool = False,
    offset: float = 0.0,
) -> Verdict:
    """Hold the law y <= C f (side "upper") or y >= C f ("lower") against S runs.

    ``t`` (T,) recorded steps, positive and increasing (integers, where they are called steps);
    ``log_y`` (S, T), or (T,) for one run: natural logs, -inf for exactly zero.  ``values``, of the
    same shape: y itself, for laws about values of either sign, which ask for no ``log_y``.
    ``log_constant`` is ln C, None for "some constant";
    ``log_ceiling`` the log of the largest value y can take (the smallest, for a lower law): a bound
    beyond it says nothing.  ``t_min``: the claim starts there (None: with the first positive t).
    ``clock``, ``unit``: what t counts, for sentences; ``timeless``: nothing evolves along it, it is
    a mode number or a swept value.  ``offset``: the law is asked about t + offset, while everything
    that is told is told of t.  (A rate may be off by half a power of log t, whatever the unit.)
    ``log_floor``: log of the rounding floor; values below 100 times it
    satisfy any upper bound and show no slope.  Constant, ceiling, start and floor are one number or
    one a run.  ``residual`` (S, T): a run counts up to the first step where it passes 1e-3, or is
    nan; a run that this leaves too little of, or whose values are no numbers, is invalid and leaves
    the others as they are.  ``preconditions``: (name, holds in which runs,
    failure as a clause).  ``schedule``: the steps that were to be recorded.  ``about``: "run", each
    run is to keep the claim; "ensemble", it speaks of an expectation or a probability, of which the
    S runs are one sample.  Laws that are two-sided by nature ignore ``side`` and take no
    ``log_constant``.

    Raises ValueError for arguments that fit neither the grid nor the runs, for steps that are not
    positive integers, for a constant where the law takes none, for an ensemble where the law speaks
    of every run and for every run where it speaks of an ensemble.  Broken *data* is a verdict.
    """
    given = log_y if law.reads_logs else values
    if given is None:
        name = "log_y" if law.reads_logs else "values"
        raise ValueError(f"the law {law.describe()} asks for {name}")
    t, log_y = _grid(t, given, clock, zero=isinstance(law, Monotone))
    ticks = Clock(clock, unit, timeless, offset, whole=bool((t == np.floor(t)).all()))
    t = t + offset
    one_sided = isinstance(law, (Power, Exponential, Envelope))
    _check(law, side, about, one_sided, log_constant)
    runs = len(log_y)
    kept, excluded = admit(preconditions, runs)
    if not kept.any():
        return inapplicable(runs, excluded, about)
    horizon = ticks.place(t.max())
    blank = Verdict(
        gate="ok",
        about=about,
        law=law.describe(),
        form=law.form,
        side=side if one_sided else "both",
        horizon=horizon,
        runs_given=runs,
        excluded=excluded,
        outcomes=_outcomes(kept, "invalid"),
        clock=clock,
        unit=unit,
        timeless=timeless,
    )
    if broken := broken_grid(
        t, schedule if schedule is None else np.asarray(schedule) + offset, ticks
    ):
        return replace(blank, gate="invalid", reason=broken, runs_judged=int(kept.sum()))

    first = t[t > offset].min(initial=np.inf) if t_min is None else np.asarray(t_min) + offset
    t_min = np.where(kept, _each("t_min", first, runs), np.nan)
    start = np.maximum(t_min, law.start)
    if (late := start > t.max()).any():
        why = beyond(float(start[late].min()) - offset, horizon, clock, unit)
        if late[kept].all():
            reason = f"{why}, so neither bound nor rate can be judged"
            outcomes = _outcomes(kept, "undecided")
            return replace(blank, gate="insufficient", reason=reason, outcomes=outcomes)
        blank = replace(blank, excluded=(*excluded, (why, int(late.sum()))))
        kept = kept & ~late

    def column(name: str, value: Any) -> Float[np.ndarray, "S 1"] | None:
        return None if value is None else _column(name, value, kept)

    sound = trusted(log_y, residual)[kept]
    floor = _column("log_floor", -math.inf if log_floor is None else log_floor, kept)
    case = Case(
        t=t,
        log_y=log_y[kept],
        law=law.for_runs(t, kept),
        sign=-1 if one_sided and side == "lower" else 1,
        counted=sound & (t >= start[kept, None]),
        readable=floor + math.log(FLOOR_FACTOR),
        t_min=_column("t_min", t_min, kept)[:, 0],
        log_constant=column("log_constant", log_constant),
        log_ceiling=column("log_ceiling", log_ceiling),
        clock=ticks,
    )
    if law.curves and len(case.law.log_f(t)) == 1 and np.isnan(case.log_f[case.counted]).any():
        raise ValueError("the law is nan at a step to be judged")
    bad, reasons = broken_runs(case, sound)
    blank = replace(blank, reason="; ".join(reasons), outcomes=_outcomes(kept, "invalid"))
    if bad.all() or (bad.any() and about == "ensemble"):
        return replace(blank, gate="invalid", runs_judged=len(case.log_y))
    return _verdict(case if not bad.any() else case.of(~bad), blank, np.flatnonzero(kept)[~bad])


def inapplicable(runs: int, excluded: tuple[tuple[str, int], ...], about: str = "run") -> Verdict:
    """The verdict on a claim whose hypotheses no run meets."""
    return Verdict(
        gate="inapplicable",
        reason="no run meets the preconditions",
        about=about,
        runs_given=runs,
        excluded=excluded,
        outcomes=("left out",) * runs,
    )


def _verdict(case: Case, blank: Verdict, numbers: np.ndarray) -> Verdict:
    """``numbers``: the runs of the case as they were given."""
    ensemble = blank.about == "ensemble"
    if case.law.of_a_sample:
        return OF_A_SAMPLE[type(case.law)](case).verdict(case, blank, numbers)
    rate, reason = measure_rate(jackknifed(case) if ensemble else case, ensemble)
    bound = hold(mean_case(case) if ensemble else case)
    worst = bound.worst
    outcomes = list(blank.outcomes)
    for run, outcome in zip(numbers, _words(case, bound, rate, ensemble), strict=True):
        outcomes[run] = outcome
    undecided = np.array([outcomes[run] == "undecided" for run in numbers])
    waits = rate.decides_at[undecided] if rate.decides_at.size else np.empty(0)
    waits = waits[np.isfinite(waits) & (waits > case.t[-1])]
    place = case.clock.place
    reasons = [text for text in (blank.reason, reason) if text]
    return replace(
        blank,
        law=case.law.describe(),
        gate="ok" if reason is None else "insufficient",
        reason="; ".join(reasons),
        bound=bound.status,
        outcomes=tuple(outcomes),
        joint=rate.joint,
        decides_at=case.clock.after(waits.max()) if waits.size else None,
        run_exponents=_spread(rate.exponents, numbers, len(outcomes)),
        run_drifts=_spread(rate.drifts, numbers, len(outcomes)),
        run_slacks=_spread(None if ensemble else bound.slacks, numbers, len(outcomes)),
        slack=bound.slack,
        worst=None if worst is None or ensemble else (int(numbers[worst[0]]), place(worst[1])),
        vacuity=bound.vacuity,
        sup_constant=bound.sup_constant,
        sup_step=bound.sup_step,
        sup_growth=bound.sup_growth,
        rate=rate.status,
        tightness=rate.tightness,
        exponent=rate.exponent,
        interval=rate.interval,
        window=rate.window,
        resolvable=rate.resolvable,
        p_contradicted=0.0 if bound.status == "violated" else rate.p_contradicted,
        horizon=place(case.t[case.counted.any(axis=0)][-1]),
        runs_judged=len(case.log_y),
        runs_rated=rate.rated,
        descriptive=rate.descriptive,
        exact_to_floor=rate.exact_to_floor,
        possible=rate.possible,
    )


def _words(case: Case, bound: Bound, rate: Rate, ensemble: bool) -> list[str]:
    """The outcome of each run.  A bound that is kept at every recorded step is never undecided."""
    runs = len(case.log_y)
    if ensemble:
        broken = bound.status == "violated" or rate.status == "contradicted"
        kept = bound.status.startswith("holds") or rate.status == "consistent"
        return ["contradicted" if broken else "kept" if kept else "undecided"] * runs
    words = np.full(runs, "kept" if bound.slacks is not None else "undecided", dtype="<U12")
    if rate.runs.size:
        decided = rate.runs != "undecided"
        words[decided] = rate.runs[decided]
    if bound.broken is not None:
        words[bound.broken] = "broken"
    return words.tolist()


def _outcomes(kept: Bool[np.ndarray, " S"], word: str) -> tuple[str, ...]:
    return tuple(word if yes else "left out" for yes in kept)


def _spread(
    values: Float[np.ndarray, " S"] | None, numbers: np.ndarray, runs: int
) -> tuple[float, ...]:
    """Values of the judged runs, one for each run given; nan for the others."""
    full = np.full(runs, np.nan)
    if values is not None and values.size:
        full[numbers] = values
    return tuple(full.tolist())


def _grid(
    t: Any, log_y: Any, clock: str, zero: bool
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "S T"]]:
    t, log_y = np.asarray(t, dtype=np.float64), np.atleast_2d(np.asarray(log_y, dtype=np.float64))
    if t.ndim != 1 or not t.size or log_y.ndim != 2 or log_y.shape[1] != t.size or not len(log_y):
        raise ValueError(f"t {t.shape} and log_y {log_y.shape} are not (T,) and (S, T)")
    whole = (t == np.floor(t)) | (clock != STEPS.name)
    if not (((t >= 0) if zero else (t > 0)) & whole & np.isfinite(t)).all():
        kind = "positive integer" if clock == STEPS.name else "positive number"
        raise ValueError(f"t holds a {clock} that is not a {kind} (0 only if monotone)")
    return t, log_y


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


def _column(name: str, value: Any, kept: Bool[np.ndarray, " S"]) -> Float[np.ndarray, "S 1"]:
    """One number for each run to be judged.  Raises ValueError where it is nan."""
    chosen = _each(name, value, len(kept))[kept]
    if np.isnan(chosen).any():
        raise ValueError(f"{name} is nan in a run to be judged")
    return chosen[:, None]


def _each(name: str, value: Any, runs: int) -> Float[np.ndarray, " S"]:
    """One number a run."""
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in ((), (1,), (runs,)):
        raise ValueError(f"{name} has shape {array.shape}, neither () nor ({runs},)")
    return np.broadcast_to(array, runs)
