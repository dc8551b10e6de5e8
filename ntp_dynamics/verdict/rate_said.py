"""The rate of a verdict in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ntp_dynamics.verdict.clock import amount, several
from ntp_dynamics.verdict.samples_said import SAMPLES

if TYPE_CHECKING:
    from ntp_dynamics.verdict.verdict import Verdict

NAMES = {
    "exponential": "decay rate",
    "linear_growth": "power of t",
    "asymptotic_growth": "final slope",
}


def rate(v: Verdict) -> str:
    """What was found of the rate, in a clause; nothing where none is claimed."""
    if v.rate == "none":
        return ""
    if v.form in SAMPLES:
        return SAMPLES[v.form](v)
    if v.exact_to_floor:
        return f"y is below the floor, hence consistent with {v.law} exact to the floor"
    if v.window is None:
        return f"y falls out of sight, so the last windows cannot show {v.law}"
    whose = "its" if len(v.failing) == 1 else "their"
    found = {
        "consistent": f"the rate is consistent with {v.law}",
        "contradicted": f"{whose} rate contradicts {v.law} {_where(v)}",
        "inconclusive": f"the rate does not decide about {v.law}",
    }[v.rate]
    low, high = v.interval
    kind = "range" if v.descriptive else "95 % interval"
    mean = "mean " if v.runs_rated > 1 else ""
    name = NAMES.get(v.form, "exponent")
    found += "; all runs taken together show a" if v.rate == "contradicted" and mean else ","
    found += (
        f" {mean}{name} {v.exponent:.3g} ({kind} {low:.3g} to {high:.3g}) over {several(v.clock)} "
        f"{amount(v.window[0])} to {amount(v.window[1], v.unit)}"
    )
    if v.rate == "contradicted" and v.sup_growth > 0:
        found += f", and the constant it needs grew by a factor {factor(v.sup_growth)} in a decade"
    if math.isfinite(v.resolvable) and v.rate != "contradicted":
        found += f"; an exponent wrong by less than {v.resolvable:.2g} would not show"
    return found


def _where(v: Verdict) -> str:
    if v.transient:
        return "in three successive pairs of windows"
    return "over the whole range and in either half of it"


def short_rate(v: Verdict) -> str:
    """The same for one line of a table."""
    if v.rate == "none":
        return ""
    if v.form in SAMPLES:
        return SAMPLES[v.form](v)
    if v.exact_to_floor:
        return "below rounding"
    if v.window is None or (v.form == "linear_growth" and v.bound == "holds"):
        return ""
    low, high = v.interval
    measured = f"{NAMES.get(v.form, 'exponent')} {v.exponent:.4g} ({low:.4g} to {high:.4g})"
    return f"{measured} against {v.law}"


def factor(log: float) -> str:
    """e^log in decimal, also where it is no float."""
    if not math.isfinite(log):
        return "infinity" if log > 0 else "0"
    if abs(log) < 600:
        return f"{math.exp(log):.3g}"
    decades = log / math.log(10)
    exponent = math.floor(decades)
    return f"{10 ** (decades - exponent):.2f}e{exponent:+d}"
