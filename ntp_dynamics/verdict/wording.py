"""A verdict in words: one full sentence, or a few words for a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ntp_dynamics.verdict.clock import Place, amount, said
from ntp_dynamics.verdict.rate_said import NAMES, factor, rate, short_rate

if TYPE_CHECKING:
    from ntp_dynamics.verdict.verdict import Verdict

EVALUATED = "evaluated, not run"
DECLARED = "declared to have no transient"
EXACT = ("equals", "value", "limit")
"""Forms that state a value."""
UNASKED = ", so neither bound nor rate can be judged"
"""How the reason of a claim that starts beyond the horizon ends."""
NAMED = 3
"""So many failing runs are named, the worst first."""


def sentence(verdict: Verdict) -> str:
    """Label, horizon, runs, bound, rate and what was left out, in that order, in plain words."""
    v = verdict
    head = v.label.capitalize()
    if v.gate == "inapplicable":
        return f"{head}: {v.reason}; {_left_out(v)}{_beyond(v)}."
    parts = [runs(v), v.reason, _bound(v), rate(v), proved(v)]
    parts += [_left_out(v) + _beyond(v), _limit(v)]
    head += f" ({EVALUATED})" * v.evaluated + f" ({DECLARED})" * (not v.transient)
    return f"{head} {_reach(v)}: {'; '.join(part for part in parts if part)}."


def _reach(v: Verdict) -> str:
    """Up to where, or of what, it was asked."""
    if v.timeless:
        return f"at every {v.clock}" if v.label.good else f"(asked at every {v.clock})"
    return f"to {said(v.horizon, v.clock, v.unit)}"


def summary(verdict: Verdict) -> str:
    """What was found, without the label, for one line of a table."""
    v = verdict
    if v.gate == "inapplicable":
        return " and ".join(f"{why} ({n} of {v.runs_given} runs)" for why, n in v.excluded)
    said = [
        EVALUATED * v.evaluated,
        v.reason,
        *_apart(v),
        _short_bound(v),
        short_rate(v),
        DECLARED * (not v.transient),
        proved(v),
    ]
    return "; ".join(part for part in said if part)


def proved(v: Verdict) -> str:
    """From which step on the claim is proved, and of how many of the judged runs, if not all."""
    steps = [step for step in v.proved if step is not None]
    if not steps:
        return ""
    where = f"proved from {v.clock} {max(steps):,} on"
    return where if v.all_proved else f"{where} of {len(steps)} of {len(v.judged)} runs"


def runs(v: Verdict) -> str:
    """How many of the runs keep the claim, which fail, and what would decide the others."""
    judged = v.judged
    if not judged or v.about != "run":
        return f"{len(judged)} runs taken as one sample" * (v.about != "run")
    kept = [run for run in judged if v.outcomes[run] == "kept"]
    return ", ".join(part for part in [_kept(len(kept), len(judged)), *_apart(v)] if part)


def _apart(v: Verdict) -> list[str]:
    """What is to be said of the runs that are not kept."""
    said, total = [], len(v.judged)
    if v.about != "run":
        return said
    if v.failing:
        said.append(f"not by {_named(v)}")
    if v.joint:
        said.append("no run is contradicted by itself, all together are")
    undecided = [run for run in v.judged if v.outcomes[run] == "undecided"]
    said_already = v.reason and not v.decides_at and len(undecided) == total
    if undecided and not said_already:
        said.append(_undecided(v, undecided, total))
    invalid = [run for run in v.judged if v.outcomes[run] == "invalid"]
    if invalid and len(invalid) < total:
        said.append(f"{_which(invalid)} invalid")
    return said


def kept_of(outcomes: Any, about: Any = "run") -> str:
    """``7 of 8``: the runs that keep a claim, of the outcomes in verdicts.json; ``8 as one`` where
    they are one sample; nothing where none was judged, or the rules of its time did not say."""
    if not isinstance(outcomes, (list, tuple)):
        return ""
    judged = sum(outcome != "left out" for outcome in outcomes)
    if not judged:
        return ""
    return f"{judged:,} as one" if about == "ensemble" else f"{outcomes.count('kept')} of {judged}"


def uncovered(outcomes: Any) -> str:
    """``5 of 8 runs not covered``, of the outcomes in verdicts.json, where others are."""
    if not isinstance(outcomes, (list, tuple)):
        return ""
    out = outcomes.count("left out")
    return f"{out:,} of {len(outcomes):,} runs not covered" if 0 < out < len(outcomes) else ""


def _kept(kept: int, total: int) -> str:
    if total == 1 or not kept:
        return "kept by the run" if kept else ""
    if kept == total:
        return f"kept by all {total} runs"
    return f"kept by {kept} of {total} runs"


def _named(v: Verdict) -> str:
    """The failing runs, the worst first, with the number that decided it."""

    def found(run: int) -> str:
        if v.outcomes[run] == "broken":
            slack = v.run_slacks[run]
            return f"run {run} (off by a factor {factor(-slack)})"
        return f"run {run} ({NAMES.get(v.form, 'exponent')} {v.run_exponents[run]:.3g})"

    failing = v.failing
    text = ", ".join(found(run) for run in failing[:NAMED])
    rest = len(failing) - NAMED
    return f"{text} and {rest} more" if rest > 0 else text


def _undecided(v: Verdict, undecided: list[int], total: int) -> str:
    which = "undecided" if total == 1 else f"{_which(undecided)} undecided"
    if len(undecided) == total > 1:
        which = f"all {total} runs undecided"
    if not v.decides_at:
        return which
    if v.clock == "step":
        return f"{which} ({v.decides_at:,} steps would decide)"
    return f"{which} ({said(v.decides_at, v.clock, v.unit)} would decide)"


def _which(chosen: list[int]) -> str:
    """``run 3``, ``runs 3 and 5``, ``4 runs (3, 5, 8 and 1 more)``."""
    if len(chosen) == 1:
        return f"run {chosen[0]}"
    if len(chosen) <= NAMED:
        return f"runs {', '.join(map(str, chosen[:-1]))} and {chosen[-1]}"
    listed = ", ".join(map(str, chosen[:NAMED]))
    return f"{len(chosen)} runs ({listed} and {len(chosen) - NAMED} more)"


def _short_bound(v: Verdict) -> str:
    if v.bound == "holds_vacuous":
        return "the bound exceeds every possible value"
    if v.bound != "holds":
        return _bound(v)
    if v.form == "limit":
        return _constants(v)
    if v.form in EXACT:
        return f"met at every {_recorded(v)}"
    if v.form == "monotone":
        return v.law
    if v.form == "linear_growth":
        return f"{v.law} at every {_recorded(v)}"
    return f"bound kept by a factor {factor(v.slack)} or more" * math.isfinite(v.slack)


def beyond(start: float, horizon: Place, clock: str = "step", unit: str = "") -> str:
    """The clause for a claim that says nothing yet."""
    step = f"{start:,.0f}" if start < 1e9 else f"{start:.3g}"
    if isinstance(horizon, float):
        step = f"{start:,.6g}"
    return f"the claim starts at {clock} {step}, beyond the horizon {amount(horizon, unit)}"


def _constants(v: Verdict) -> str:
    """The constant that was measured beside the one that was predicted."""
    told = zip(v.run_measured, v.run_constants, strict=True)
    pairs = [(found, stated) for found, stated in told if not math.isnan(found)]
    if not pairs:
        return ""
    if len(pairs) == 1:
        return "constant {:.6g} measured, {:.6g} predicted".format(*pairs[0])
    ratios = [found / stated for found, stated in pairs]
    stated = [stated for _, stated in pairs]
    return (
        f"constants {min(stated):.4g} to {max(stated):.4g} predicted, measured ones over them "
        f"{min(ratios):.6g} to {max(ratios):.6g}"
    )


def _bound(v: Verdict) -> str:
    if v.form == "limit" and (constants := _constants(v)):
        return f"{_met(v)}; {constants}" if _met(v) else constants
    return _met(v)


def _met(v: Verdict) -> str:
    """Bound or value, kept or not."""
    if v.bound == "violated":
        where = "by the mean"
        if v.worst:
            where = f"in run {v.worst[0]} at {said(v.worst[1], v.clock, v.unit)}"
        if v.form in EXACT:
            return f"y differs from the stated value by {factor(-v.slack)} tolerances {where}"
        if v.form == "monotone":
            return f"it is broken by {factor(-v.slack)} times the rounding {where}"
        return f"the bound is broken by a factor {factor(-v.slack)} {where}"
    if v.bound == "open" and v.worst:
        where = f"run {v.worst[0]} at {said(v.worst[1], v.clock, v.unit)}"
        away = f"y differs from the stated value by {factor(-v.slack)} tolerances in {where}"
        return f"{away}, as a transient or noise may do"
    if v.bound == "holds_vacuous":
        return "the bound holds, but exceeds whatever y could be all along, so it says nothing"
    if v.bound == "none":
        return ""
    text = v.law if v.form == "monotone" else "the bound holds"
    if v.form in EXACT:
        text = "the stated value is met"
    if math.isfinite(v.slack):
        text += f" with a factor {factor(v.slack)} to spare"
    if v.vacuity > 0:
        text += f", but says nothing in {100 * v.vacuity:.3g} % of log-time"
    return text


def _recorded(v: Verdict) -> str:
    return v.clock if v.timeless else f"recorded {v.clock}"


def _left_out(v: Verdict) -> str:
    if not v.excluded:
        return ""
    why = " and ".join(f"{why} ({n})" for why, n in v.excluded)
    return f"{sum(n for _, n in v.excluded)} of {v.runs_given} runs left out because {why}"


def _beyond(v: Verdict) -> str:
    return f"; not covered; observed: {v.beyond}" if v.beyond else ""


def _limit(v: Verdict) -> str:
    """What the runs say about runs that were not made."""
    if math.isnan(v.most_failing) or v.most_failing == 1:
        return ""
    return f"at most {100 * v.most_failing:.2g} % of such runs would not keep it (95 %)"
