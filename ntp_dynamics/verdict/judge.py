"""Judging: laws held against every run of a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.verdict.beyond import Basis, observe
from ntp_dynamics.verdict.bound import Bound, hold
from ntp_dynamics.verdict.curved import Limit
from ntp_dynamics.verdict.decay import hold_decay
from ntp_dynamics.verdict.ensemble import jackknifed, mean_case
from ntp_dynamics.verdict.found import Found
from ntp_dynamics.verdict.frequency import hold_frequency
from ntp_dynamics.verdict.gate import Case, Condition, admit
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.mean import hold_mean
from ntp_dynamics.verdict.mean_value import hold_mean_value
from ntp_dynamics.verdict.observed import Observed
from ntp_dynamics.verdict.question import Opened, Question, opened
from ntp_dynamics.verdict.rate import Rate, measure_rates
from ntp_dynamics.verdict.sample import Decay, Frequency, MeanEquals, MeanValue, Scaling
from ntp_dynamics.verdict.scaling import hold_scaling
from ntp_dynamics.verdict.series import series_of
from ntp_dynamics.verdict.verdict import Verdict
from ntp_dynamics.verdict.wording import EXACT

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
    transient: bool = True,
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
    ``transient``: False declares that the law is about a size and not about a clock, so that no
    transient dies out along t: y/f is in its asymptotic form all over.  Then the rate of a power or
    a curve without a constant is judged at every place (`verdict.whole`); other laws are judged as
    they are.
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
    series = series_of(t, given, residual)
    kept, excluded = admit(preconditions, len(series.y))
    question = Question(
        series,
        law,
        kept,
        excluded,
        log_constant,
        log_ceiling,
        side,
        t_min,
        log_floor,
        schedule,
        about,
        clock,
        unit,
        timeless,
        offset,
        transient=transient,
    )
    return judge_all([question])[0]


def judge_all(questions: Sequence[Question]) -> list[Verdict]:
    """The verdicts on several questions: what they have in common is worked out once, and each
    verdict is that of its question alone.  Raises ValueError as `judge`."""
    return [verdict for verdict, _ in _judged(questions)]


def observe_all(questions: Sequence[Question]) -> list[tuple[Observed, str] | None]:
    """What the runs of each question show where no claim covers them, by the same judge, in numbers
    and in words; None where nothing was recorded.  Raises ValueError as `judge`."""
    found = zip(questions, _judged(questions), strict=True)
    return [observe(*judged) if _recorded(q) else None for q, judged in found]


def _recorded(q: Question) -> bool:
    """Whether a run of it has a value anywhere."""
    return q.series.known or not np.isnan(q.series.y[q.kept]).all()


def _judged(questions: Sequence[Question]) -> list[tuple[Verdict, Basis | None]]:
    found = [opened(question) for question in questions]
    rated = [x for x in found if isinstance(x, Opened) and not x.case.law.of_a_sample]
    ensembles = [x.question.about == "ensemble" for x in rated]
    cases = [
        jackknifed(x.case) if together else x.case
        for x, together in zip(rated, ensembles, strict=True)
    ]
    rates = iter(measure_rates(cases, ensembles))
    return [(x, None) if isinstance(x, Verdict) else _verdict(x, rates) for x in found]


def _verdict(x: Opened, rates: Iterator[tuple[Rate, str | None]]) -> tuple[Verdict, Basis | None]:
    """The verdict and what it rests on.  ``rates``: those of the cases that can have one, its own
    the next."""
    case, said, numbers, q = x.case, x.said, x.numbers, x.question
    if case.law.of_a_sample:
        found = OF_A_SAMPLE[type(case.law)](case)
        fields = {**said, "law": q.law.describe(), **found.said(case, said, numbers)}
        return Verdict(**fields), None
    ensemble = q.about == "ensemble"
    rate, reason = next(rates)
    bound = hold(mean_case(case) if ensemble else case)
    worst = bound.worst
    outcomes = list(said["outcomes"])
    words = _words(case, bound, rate, ensemble)
    for run, outcome in zip(numbers.tolist(), words, strict=True):
        outcomes[run] = outcome
    waits = np.empty(0)
    decides = rate.decides_at if bound.decides_at is None else bound.decides_at
    if decides.size:
        undecided = np.array([word == "undecided" for word in words])
        waits = decides[undecided]
        waits = waits[np.isfinite(waits) & (waits > case.t[-1])]
    place = case.clock.place
    reasons = [text for text in (said.get("reason"), reason) if text]
    met = q.tight and said["form"] in EXACT and bound.status == "holds"
    judged = {
        "law": case.law.describe(),
        "gate": "ok" if reason is None else "insufficient",
        "reason": "; ".join(reasons),
        "bound": bound.status,
        "outcomes": tuple(outcomes),
        "joint": rate.joint,
        "decides_at": case.clock.after(waits.max()) if waits.size else None,
        "run_exponents": _spread(rate.exponents, numbers, len(outcomes)),
        "run_drifts": _spread(rate.drifts, numbers, len(outcomes)),
        "run_slacks": _spread(None if ensemble else bound.slacks, numbers, len(outcomes)),
        **_limits(case, bound, numbers, len(outcomes)),
        "slack": bound.slack,
        "worst": None if worst is None or ensemble else (int(numbers[worst[0]]), place(worst[1])),
        "vacuity": bound.vacuity,
        "sup_constant": bound.sup_constant,
        "sup_step": bound.sup_step,
        "sup_growth": bound.sup_growth,
        "rate": rate.status,
        "tightness": "tight" if met else rate.tightness,
        "exponent": rate.exponent,
        "interval": rate.interval,
        "window": rate.window,
        "resolvable": rate.resolvable,
        "p_contradicted": 0.0 if bound.status == "violated" else rate.p_contradicted,
        "horizon": place(case.end),
        "runs_judged": len(case.log_y),
        "runs_rated": rate.rated,
        "descriptive": rate.descriptive,
        "exact_to_floor": rate.exact_to_floor,
        "possible": rate.possible,
    }
    return Verdict(**said | judged), Basis(case, bound, rate)


def _limits(case: Case, bound: Bound, numbers: np.ndarray, runs: int) -> dict[str, Any]:
    """Stated and measured constants of an equality in the limit."""
    if not isinstance(case.law, Limit):
        return {}
    stated = np.broadcast_to(case.law.constant, numbers.shape)
    return {
        "run_constants": _spread(stated, numbers, runs),
        "run_measured": _spread(bound.constants, numbers, runs),
    }


def _words(case: Case, bound: Bound, rate: Rate, ensemble: bool) -> list[str]:
    """The outcome of each run.  A bound that is kept at every recorded step is never undecided."""
    runs = len(case.log_y)
    if ensemble:
        broken = bound.status == "violated" or rate.status == "contradicted"
        kept = bound.status.startswith("holds") or rate.status == "consistent"
        return ["contradicted" if broken else "kept" if kept else "undecided"] * runs
    words = ["undecided" if bound.slacks is None else "kept"] * runs
    if rate.runs.size:
        rated = rate.runs.tolist()
        words = [x if y == "undecided" else y for x, y in zip(words, rated, strict=True)]
    if bound.broken is not None and bound.broken.any():
        for run in np.flatnonzero(bound.broken).tolist():
            words[run] = "broken"
    if bound.waiting is not None:
        for run in np.flatnonzero(bound.waiting).tolist():
            words[run] = "undecided"
    return words


def _spread(
    values: Float[np.ndarray, " S"] | None, numbers: np.ndarray, runs: int
) -> tuple[float, ...]:
    """Values of the judged runs, one for each run given; nan for the others."""
    full = np.full(runs, np.nan)
    if values is not None and values.size:
        full[numbers] = values
    return tuple(full.tolist())
