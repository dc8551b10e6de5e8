"""Verdicts: a law held against recorded trajectories.

Three questions are answered apart: does the stated bound hold at every recorded step, does y keep
up with the stated rate whatever the constant, and is that rate tight.  Faster than claimed is never
a failure; a law without a constant cannot be refuted by a finite run, so "contradicted" is always
"to this horizon".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.lab.bound import hold
from ntp_dynamics.lab.gate import (
    FLOOR_FACTOR,
    Case,
    Condition,
    admit,
    broken_grid,
    broken_numbers,
    trusted,
)
from ntp_dynamics.lab.law import Envelope, Equals, Exponential, Law, Monotone, Power
from ntp_dynamics.lab.rate import measure
from ntp_dynamics.lab.wording import beyond, sentence, summary

INFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.  Logs are natural; nan = does not apply, None = no such step.

    gate            ok | invalid | inapplicable | insufficient (too short for a rate)
    reason          why the gate is not ok
    bound           holds | holds_vacuous | violated | none: at every step from t_min to the horizon
    rate            consistent | contradicted | inconclusive | none: over the last windows
    tightness       tight | faster | slower | unresolved | none
    law, form, side what was claimed; side is upper, lower or both
    exponent        p of t^-p log^q t at the law's q; the decay rate of an exponential; the power of
                    t in linear growth, or dy/dt of an asymptotic one; a mean over runs
    interval        its 95 % interval; if ``descriptive``, the range over runs and half windows
    sup_constant    log of the smallest constant that would do (a lower law: the largest), decided
    sup_step        at this step; ``sup_growth``: how far the last decade of steps moved it
    slack           log of the factor the bound (or a tolerance) has to spare, smallest at
    worst           (run, step), the run counted as given
    vacuity         share of log-time in which the bound exceeds the ceiling, averaged over runs
    window          first and last step of the last window
    horizon         last step that counts
    resolvable      smallest error of an exponent that would show at this horizon, without noise
    p_contradicted  nan where no contradiction was looked for; 0 for a broken bound
    runs_given, runs_judged, runs_rated, excluded: how many, and (why, how many) were left out
    descriptive     fewer than five runs: no limits, never contradicted by its rate
    exact_to_floor  y is below the floor where the rate would be measured
    possible        power laws (p, q) that the last window does not exclude
    """

    gate: str
    reason: str = ""
    bound: str = "none"
    rate: str = "none"
    tightness: str = "none"
    law: str = ""
    form: str = ""
    side: str = "upper"
    exponent: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    sup_constant: float = math.nan
    sup_step: int | None = None
    sup_growth: float = math.nan
    slack: float = math.nan
    worst: tuple[int, int] | None = None
    vacuity: float = math.nan
    window: tuple[int, int] | None = None
    horizon: int = 0
    resolvable: float = math.nan
    p_contradicted: float = math.nan
    runs_given: int = 0
    runs_judged: int = 0
    runs_rated: int = 0
    excluded: tuple[tuple[str, int], ...] = ()
    descriptive: bool = False
    exact_to_floor: bool = False
    possible: tuple[tuple[float, int], ...] = ()

    @property
    def label(self) -> str:
        """The one word for tables: the first of these that is true."""
        labels = {
            "does not apply": self.gate == "inapplicable",
            "invalid": self.gate == "invalid",
            "contradicted": self.bound == "violated" or self.rate == "contradicted",
            "vacuous": self.bound == "holds_vacuous",
            "inconclusive": self.gate == "insufficient" or self.rate == "inconclusive",
            "faster": self.tightness == "faster",
            "tight": self.tightness == "tight",
        }
        return next((label for label, true in labels.items() if true), "holds")

    @property
    def sentence(self) -> str:
        """The verdict in plain words, with its numbers."""
        return sentence(self)

    @property
    def summary(self) -> str:
        """What was found, in a few words for a table."""
        return summary(self)

    def to_json(self) -> dict[str, Any]:
        """Plain finite JSON: a number that is not finite is null, and ``not_finite`` says which
        (by path, as ``interval.0``) and what it was."""
        lost: dict[str, str] = {}
        record = {name: _finite(value, name, lost) for name, value in vars(self).items()}
        words = {"summary": self.summary, "sentence": self.sentence}
        return {"label": self.label, **record, "not_finite": lost, **words}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Verdict:
        """The inverse of ``to_json``; label and sentence are derived anew."""
        lost = record["not_finite"]
        derived = ("label", "summary", "sentence", "not_finite")
        return cls(**{k: _restored(v, k, lost) for k, v in record.items() if k not in derived})


def judge(
    t: Any,
    log_y: Any,
    law: Law,
    *,
    log_constant: Any = None,
    log_ceiling: Any = None,
    side: str = "upper",
    t_min: Any = 1,
    log_floor: Any = None,
    residual: Any = None,
    preconditions: Sequence[Condition] = (),
    schedule: Any = None,
) -> Verdict:
    """Hold the law y <= C f (side "upper") or y >= C f ("lower") against S runs.

    ``t`` (T,) recorded steps, positive integers; ``log_y`` (S, T), or (T,) for one run: natural
    logs, -inf for exactly zero.  ``log_constant`` is ln C, None for "some constant";
    ``log_ceiling`` the log of the largest value y can take (the smallest, for a lower law): a bound
    beyond it says nothing.  ``t_min``: the claim starts there.  ``log_floor``: log of the rounding
    floor; values below 100 times it satisfy any upper bound and show no slope.  These four are one
    number or one a run.  ``residual`` (S, T): a run counts up to the first step where it passes
    1e-3, or is nan.  ``preconditions``: (name, holds in which runs, failure as a clause).
    ``schedule``: the steps that were to be recorded.  Laws that are two-sided by nature ignore
    ``side`` and take no ``log_constant``.

    Raises ValueError for arguments that fit neither the grid nor the runs, for steps that are not
    positive integers, and for a constant where the law takes none.  Broken *data* is a verdict.
    """
    t, log_y = _grid(t, log_y, first=0 if isinstance(law, Monotone) else 1)
    one_sided = isinstance(law, (Power, Exponential, Envelope))
    _check(law, side, one_sided, log_constant)
    runs = len(log_y)
    kept, excluded = admit(preconditions, runs)
    horizon = int(t.max())
    blank = Verdict(
        gate="ok",
        law=law.describe(),
        form=law.form,
        side=side if one_sided else "both",
        horizon=horizon,
        runs_given=runs,
        excluded=excluded,
    )
    if not kept.any():
        return inapplicable(runs, excluded)
    if broken := broken_grid(t, schedule):
        return replace(blank, gate="invalid", reason=broken, runs_judged=int(kept.sum()))

    t_min = np.where(kept, _each("t_min", t_min, runs), np.nan)
    start = np.maximum(t_min, law.start)
    if (late := start > horizon).any():
        why = beyond(float(start[late].min()), horizon)
        if late[kept].all():
            reason = f"{why}, so neither bound nor rate can be judged"
            return replace(blank, gate="insufficient", reason=reason)
        blank = replace(blank, excluded=(*excluded, (why, int(late.sum()))))
        kept = kept & ~late

    def column(name: str, value: Any) -> Float[np.ndarray, "S 1"]:
        chosen = _each(name, value, runs)[kept]
        if np.isnan(chosen).any():
            raise ValueError(f"{name} is nan in a run to be judged")
        return chosen[:, None]

    sound = trusted(log_y, residual)[kept]
    case = Case(
        t=t,
        log_y=log_y[kept],
        law=law.for_runs(t, kept),
        sign=-1 if one_sided and side == "lower" else 1,
        counted=sound & (t >= start[kept, None]),
        readable=column("log_floor", -math.inf if log_floor is None else log_floor)
        + math.log(FLOOR_FACTOR),
        t_min=column("t_min", t_min)[:, 0],
        log_constant=None if log_constant is None else column("log_constant", log_constant),
        log_ceiling=None if log_ceiling is None else column("log_ceiling", log_ceiling),
    )
    if broken := broken_numbers(case, sound):
        return replace(blank, gate="invalid", reason=broken, runs_judged=len(case.log_y))
    if isinstance(law, (Envelope, Equals)) and np.isnan(case.log_f[case.counted]).any():
        raise ValueError("the law is nan at a step to be judged")
    return _verdict(case, blank, np.flatnonzero(kept))


def inapplicable(runs: int, excluded: tuple[tuple[str, int], ...]) -> Verdict:
    """The verdict on a claim whose hypotheses no run meets."""
    reason = "no run meets the preconditions"
    return Verdict(gate="inapplicable", reason=reason, runs_given=runs, excluded=excluded)


def _verdict(case: Case, blank: Verdict, numbers: np.ndarray) -> Verdict:
    rate, reason = measure(case)
    bound = hold(case)
    worst = bound.worst
    return replace(
        blank,
        law=case.law.describe(),
        gate="ok" if reason is None else "insufficient",
        reason=reason or "",
        bound=bound.status,
        slack=bound.slack,
        worst=None if worst is None else (int(numbers[worst[0]]), worst[1]),
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
        horizon=int(case.t[case.counted.any(axis=0)][-1]),
        runs_judged=len(case.log_y),
        runs_rated=rate.runs,
        descriptive=rate.descriptive,
        exact_to_floor=rate.exact_to_floor,
        possible=rate.possible,
    )


def _grid(
    t: Any, log_y: Any, first: int
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "S T"]]:
    t, log_y = np.asarray(t, dtype=np.float64), np.atleast_2d(np.asarray(log_y, dtype=np.float64))
    if t.ndim != 1 or not t.size or log_y.ndim != 2 or log_y.shape[1] != t.size or not len(log_y):
        raise ValueError(f"t {t.shape} and log_y {log_y.shape} are not (T,) and (S, T)")
    if not ((t >= first) & (t == np.floor(t)) & np.isfinite(t)).all():
        raise ValueError("t holds a step that is not a positive integer (0 only if monotone)")
    return t, log_y


def _check(law: Law, side: str, one_sided: bool, log_constant: Any) -> None:
    if side not in ("upper", "lower"):
        raise ValueError(f"side is 'upper' or 'lower', not {side!r}")
    rateless = isinstance(law, Exponential) and law.rate is None
    if log_constant is not None and (rateless or not one_sided):
        raise ValueError(f"the law {law.describe()} takes no constant")


def _each(name: str, value: Any, runs: int) -> Float[np.ndarray, " S"]:
    """One number a run."""
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in ((), (1,), (runs,)):
        raise ValueError(f"{name} has shape {array.shape}, neither () nor ({runs},)")
    return np.broadcast_to(array, runs)


def _finite(value: Any, path: str, lost: dict[str, str]) -> Any:
    if isinstance(value, (tuple, list)):
        return [_finite(item, f"{path}.{i}", lost) for i, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        lost[path] = str(value)
        return None
    return value


def _restored(value: Any, path: str, lost: Mapping[str, str]) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(_restored(item, f"{path}.{i}", lost) for i, item in enumerate(value))
    return INFINITE[lost[path]] if path in lost else value
