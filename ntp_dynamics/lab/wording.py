"""A verdict in words: one full sentence, or a few words for a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ntp_dynamics.lab.verdict import Verdict

NAMES = {
    "exponential": "decay rate",
    "linear_growth": "power of t",
    "asymptotic_growth": "final slope",
}


def sentence(verdict: Verdict) -> str:
    """Label, horizon, bound, rate and runs, in that order, in plain words."""
    head = verdict.label.capitalize()
    if verdict.gate == "inapplicable":
        return f"{head}: {verdict.reason}; {_runs(verdict)}."
    said = [_bound(verdict), _rate(verdict), _runs(verdict)]
    reason = [verdict.reason] if verdict.reason else []
    return f"{head} to step {verdict.horizon:,}: {'; '.join(reason + [s for s in said if s])}."


def summary(verdict: Verdict) -> str:
    """What was found, without the label, for one line of a table."""
    v = verdict
    if v.gate == "inapplicable":
        return " and ".join(f"{why} ({n} of {v.runs_given} runs)" for why, n in v.excluded)
    said = [v.reason, _short_bound(v), _short_rate(v)]
    return "; ".join(part for part in said if part)


def _short_bound(v: Verdict) -> str:
    if v.bound == "holds_vacuous":
        return "the bound exceeds every possible value"
    if v.bound != "holds":
        return _bound(v)
    if v.form == "equals":
        return "met at every recorded step"
    if v.form == "monotone":
        return v.law
    if v.form == "linear_growth":
        return f"{v.law} at every recorded step"
    return f"bound kept by a factor {factor(v.slack)} or more" * math.isfinite(v.slack)


def _short_rate(v: Verdict) -> str:
    if v.rate == "none":
        return ""
    if v.exact_to_floor:
        return "below rounding"
    if v.window is None or (v.form == "linear_growth" and v.bound == "holds"):
        return ""
    low, high = v.interval
    measured = f"{NAMES.get(v.form, 'exponent')} {v.exponent:.4g} ({low:.4g} to {high:.4g})"
    return f"{measured} against {v.law}"


def beyond(start: float, horizon: int) -> str:
    """The clause for a claim that says nothing yet."""
    step = f"{start:,.0f}" if start < 1e9 else f"{start:.3g}"
    return f"the claim starts at step {step}, beyond the horizon {horizon:,}"


def factor(log: float) -> str:
    """e^log in decimal, also where it is no float."""
    if not math.isfinite(log):
        return "infinity" if log > 0 else "0"
    if abs(log) < 600:
        return f"{math.exp(log):.3g}"
    decades = log / math.log(10)
    exponent = math.floor(decades)
    return f"{10 ** (decades - exponent):.2f}e{exponent:+d}"


def _bound(v: Verdict) -> str:
    if v.bound == "violated":
        where = f"in run {v.worst[0]} at step {v.worst[1]:,}" if v.worst else ""
        if v.form == "equals":
            return f"y differs from the stated value by {factor(-v.slack)} tolerances {where}"
        if v.form == "monotone":
            return f"it is broken by {factor(-v.slack)} times the rounding {where}"
        return f"the bound is broken by a factor {factor(-v.slack)} {where}"
    if v.bound == "holds_vacuous":
        return "the bound holds, but exceeds whatever y could be all along, so it says nothing"
    if v.bound == "none":
        return ""
    text = {"equals": "the stated value is met", "monotone": v.law}.get(v.form, "the bound holds")
    if math.isfinite(v.slack):
        text += f" with a factor {factor(v.slack)} to spare"
    if v.vacuity > 0:
        text += f", but says nothing in {100 * v.vacuity:.3g} % of log-time"
    return text


def _rate(v: Verdict) -> str:
    if v.rate == "none":
        return ""
    if v.exact_to_floor:
        return f"y is below the floor, hence consistent with {v.law} exact to the floor"
    if v.window is None:
        return f"y falls out of sight, so the last windows cannot show {v.law}"
    found = {
        "consistent": f"the rate is consistent with {v.law}",
        "contradicted": f"the rate contradicts {v.law} in three successive pairs of windows",
        "inconclusive": f"the rate does not decide about {v.law}",
    }[v.rate]
    low, high = v.interval
    kind = "range" if v.descriptive else "95 % interval"
    name = NAMES.get(v.form, "exponent")
    found += (
        f", {name} {v.exponent:.3g} ({kind} {low:.3g} to {high:.3g}) over steps "
        f"{v.window[0]:,} to {v.window[1]:,}"
    )
    if v.rate == "contradicted" and v.sup_growth > 0:
        found += f", and the constant it needs grew by a factor {factor(v.sup_growth)} in a decade"
    if math.isfinite(v.resolvable) and v.rate != "contradicted":
        found += f"; an exponent wrong by less than {v.resolvable:.2g} would not show"
    return found


def _runs(v: Verdict) -> str:
    judged = f"all {v.runs_given}" if v.runs_judged == v.runs_given > 1 else f"{v.runs_judged}"
    if v.runs_judged < v.runs_given:
        judged += f" of {v.runs_given}"
    text = f"{judged} run{'s' * (v.runs_given != 1)} judged"
    if v.excluded:
        text += ", left out because " + " and ".join(f"{why} ({n})" for why, n in v.excluded)
    if 0 < v.runs_rated < v.runs_judged:
        text += f", {v.runs_rated} of them long enough for a rate"
    if v.descriptive:
        text += ", too few to contradict a rate"
    return text
