"""Verdicts: what a comparison of a law with recorded runs found, run by run and in one word.

Three questions are answered apart: does the stated bound hold at every recorded step, does y keep
up with the stated rate whatever the constant, and is that rate tight.  Each is answered for every
run; a mean is a summary and never the verdict.  Faster than claimed is never a failure; a law
without a constant cannot be refuted by a finite run, so "contradicted" is always "to this horizon".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

from ntp_dynamics.verdict.clock import Place
from ntp_dynamics.verdict.label import Label
from ntp_dynamics.verdict.observed import Observed
from ntp_dynamics.verdict.wording import sentence, summary

FORMAT = 2
"""Of verdicts.json.  1: limits over the mean of runs; 2: every run is judged."""
EARLIER = "judged by earlier rules, over the mean of runs; ntp-show --judge judges each run"
INFINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
DERIVED = ("label", "summary", "sentence", "not_finite", "counts", "failing", "most_failing")
"""What JSON holds for readers and ``from_json`` works out anew."""
A_RUN = "run_"
"""Fields with a number for each run: null is nan unless said otherwise."""
WORKED_OUT = ("counts", "failing", "most_failing")
"""Of those the ones that may hold numbers that are not finite."""
PLAIN = (str, int, bool)
IF_TRUE = ("evaluated", "observed", "proved", "run_constants", "run_measured")
"""Fields that JSON holds only where they say something."""
IF_FALSE = ("transient",)
"""The same, of what is true of most."""
FAILING = ("broken", "contradicted")
LEAST_RUNS = 5
"""A limit on the share of failing runs needs as many."""


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.  Logs are natural; nan = does not apply, None = no such step.

    gate            ok | invalid | inapplicable | insufficient (too short for a rate)
    reason          why the gate is not ok, or what is wrong with some runs
    about           run: every run is judged; ensemble: the runs are one datum
    bound           holds | holds_vacuous | violated | none: at every step from t_min to the horizon
                    open: an equality in the limit that is not met, nor broken
    rate            consistent | contradicted | inconclusive | none: over the last windows
    tightness       tight | faster | slower | unresolved | none
    outcomes        a word for each run given: kept | broken (the bound, at a recorded step) |
                    contradicted (its rate) | undecided | invalid | left out
    joint           no run is named, but their mean contradicts the rate
    decides_at      horizon at which the undecided runs, going on as they do, would be decided
    law, form, side what was claimed; side is upper, lower or both
    exponent        p of t^-p log^q t at the law's q; the decay rate of an exponential; the power of
                    t in linear growth, or dy/dt of an asymptotic one; a mean over runs
    interval        its 95 % interval; if ``descriptive``, the range over runs and half windows
    run_exponents   the exponent of each run given; nan where it shows none
    run_drifts      how far the last window of each run given moves against the law, in units of
                    what is allowed: above 1 counts against it
    run_slacks      log of the factor that each run given has to spare; nan without a bound
    run_constants, run_measured: of an equality in the limit, the constant stated for each run given
                    and the one it has at its last step; nan for a run that was left out
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
    beyond          what the runs left out show all the same, in words; never part of the verdict
    observed        the same in numbers (`verdict.observed`); None where there is nothing to tell
    descriptive     fewer than five runs: no limits over runs
    exact_to_floor  y is below the floor where the rate would be measured
    possible        power laws (p, q) that the last window does not exclude
    clock, unit     what t counts; ``timeless``: nothing evolves along it, so there is no horizon
    z, z_at, band   of a mean against a curve (`verdict.mean`): the largest z, where, and how far
                    the 95 % limits reach below and above the curve over the last decade (logs)
    evaluated       it is about what was computed, and not observed in a run
    proved          the step from which on the claim is proved of each run given (`verdict.proved`);
                    None where it is not; empty where it is of no run
    transient       False: declared to have none along t, so the rate is over the whole range

    Of a law about all runs together ``exponent`` and ``interval`` are what it speaks of (a mean, a
    share, a power, a decay rate), at ``z_at``, from ``runs_rated`` runs (`verdict.found`).
    """

    gate: str
    reason: str = ""
    about: str = "run"
    bound: str = "none"
    rate: str = "none"
    tightness: str = "none"
    outcomes: tuple[str, ...] = ()
    joint: bool = False
    decides_at: Place | None = None
    law: str = ""
    form: str = ""
    side: str = "upper"
    exponent: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    run_exponents: tuple[float, ...] = ()
    run_drifts: tuple[float, ...] = ()
    run_slacks: tuple[float, ...] = ()
    run_constants: tuple[float, ...] = ()
    run_measured: tuple[float, ...] = ()
    sup_constant: float = math.nan
    sup_step: Place | None = None
    sup_growth: float = math.nan
    slack: float = math.nan
    worst: tuple[int, Place] | None = None
    vacuity: float = math.nan
    window: tuple[Place, Place] | None = None
    horizon: Place = 0
    resolvable: float = math.nan
    p_contradicted: float = math.nan
    runs_given: int = 0
    runs_judged: int = 0
    runs_rated: int = 0
    excluded: tuple[tuple[str, int], ...] = ()
    beyond: str = ""
    descriptive: bool = False
    exact_to_floor: bool = False
    possible: tuple[tuple[float, int], ...] = ()
    clock: str = "step"
    unit: str = ""
    timeless: bool = False
    z: float | None = None
    z_at: Place | None = None
    band: tuple[float, float] | None = None
    evaluated: bool = False
    observed: Observed | None = None
    proved: tuple[int | None, ...] = ()
    transient: bool = True

    @cached_property
    def label(self) -> Label:
        """The one word for tables: the first of these that is true."""
        if self.gate == "inapplicable":
            return Label.does_not_apply
        if self.gate == "invalid":
            return Label.invalid
        if self.bound == "violated" or self.rate == "contradicted":
            return Label.contradicted
        if self.bound == "holds_vacuous":
            return Label.vacuous
        if self.tightness in ("faster", "tight"):
            return Label(self.tightness)
        if self.bound == "holds" or self.rate == "consistent" or self.all_proved:
            return Label.holds
        return Label.inconclusive

    @property
    def all_proved(self) -> bool:
        """Whether it is proved of every run that was judged, from some step on."""
        return bool(self.proved) and all(self.proved[run] is not None for run in self.judged)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many of the runs given met each outcome."""
        return dict(Counter(self.outcomes))

    @cached_property
    def judged(self) -> list[int]:
        """The runs that were not left out."""
        return [run for run, outcome in enumerate(self.outcomes) if outcome != "left out"]

    @cached_property
    def failing(self) -> list[int]:
        """The runs that break the bound or contradict the rate, the worst first."""
        if self.about != "run":
            return []
        failing = [run for run in self.judged if self.outcomes[run] in FAILING]

        def severity(run: int) -> tuple[bool, float]:
            broken = self.outcomes[run] == "broken"
            return not broken, self.run_slacks[run] if broken else -self.run_drifts[run]

        return sorted(failing, key=severity)

    @cached_property
    def most_failing(self) -> float:
        """Upper 95 % limit (Clopper and Pearson) of the share of such runs that are not kept; nan
        for fewer than five runs or where the runs are one datum."""
        total = len(self.judged)
        if self.about != "run" or total < LEAST_RUNS:
            return math.nan
        return share_at_most(total - self.counts.get("kept", 0), total)

    @cached_property
    def sentence(self) -> str:
        """The verdict in plain words, with its numbers."""
        return sentence(self)

    @cached_property
    def summary(self) -> str:
        """What was found, in a few words for a table."""
        return summary(self)

    def to_json(self) -> dict[str, Any]:
        """Plain finite JSON: a number that is not finite is null, and ``not_finite`` says which
        (by path, as ``interval.0``) and what it was; nan where that is silent about a run."""
        lost: dict[str, str] = {}
        said = {name: getattr(self, name) for name in (*FIELDS, *WORKED_OUT)}
        record = {name: _finite(value, name, lost) for name, value in said.items()}
        record = {name: x for name, x in record.items() if x or name not in IF_TRUE}
        record = {name: x for name, x in record.items() if not x or name not in IF_FALSE}
        words = {"summary": self.summary, "sentence": self.sentence}
        return {"label": str(self.label), **record, "not_finite": lost, **words}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Verdict:
        """The inverse of ``to_json``; label and sentence are derived anew."""
        lost = record["not_finite"]
        return cls(**{k: _restored(v, k, lost) for k, v in record.items() if k not in DERIVED})


FIELDS = tuple(field.name for field in fields(Verdict))


@lru_cache(maxsize=1024)
def share_at_most(found: int, total: int) -> float:
    """Upper 95 % limit (Clopper and Pearson) of a share that was found in so many of all."""
    from scipy.special import betaincinv  # tables and --help do without

    return 1.0 if found == total else float(betaincinv(found + 1, total - found, 0.95))


def _finite(value: Any, path: str, lost: dict[str, str]) -> Any:
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        if not (path.startswith(A_RUN) and math.isnan(value)):
            lost[path] = str(value)
        return None
    if isinstance(value, (tuple, list)):
        if all(type(item) in PLAIN for item in value):
            return list(value)
        return [_finite(item, f"{path}.{i}", lost) for i, item in enumerate(value)]
    if isinstance(value, Observed):
        return {name: _finite(x, f"{path}.{name}", lost) for name, x in vars(value).items()}
    return value


def _restored(value: Any, path: str, lost: Mapping[str, str]) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(_restored(item, f"{path}.{i}", lost) for i, item in enumerate(value))
    if isinstance(value, Mapping):
        return Observed(**{k: _restored(x, f"{path}.{k}", lost) for k, x in value.items()})
    if value is None and path.startswith(A_RUN):
        return INFINITE[lost.get(path, "nan")]
    return INFINITE[lost[path]] if path in lost else value
