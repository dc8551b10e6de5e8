"""What a sample of runs shows of a law about all of them, in words, by the form of the law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ntp_dynamics.verdict.clock import said

if TYPE_CHECKING:
    from ntp_dynamics.verdict.verdict import Verdict


def mean_of_logs(v: Verdict) -> str:
    """How a mean compares with its curve."""
    assert v.z is not None
    assert v.z_at is not None
    where = said(v.z_at, v.clock, v.unit)
    side = "above" if v.z > 0 else "below"
    found = f"the mean is at most {abs(v.z):.3g} standard errors from the stated curve ({where})"
    if v.rate == "contradicted":
        found = (
            f"the mean is up to {abs(v.z):.3g} standard errors {side} the stated curve ({where})"
        )
    if v.band is not None:
        low, high = (100 * math.expm1(x) if x < 600 else math.inf for x in v.band)
        found += f"; its 95 % limits reach {low:+.3g} % to {high:+.3g} % from it in the last decade"
    if v.descriptive:
        found += f"; {len(v.judged)} runs only describe, 32 could contradict"
    return found


def mean_of_values(v: Verdict) -> str:
    """How a mean of values compares with the value stated, where it is farthest from it."""
    assert v.z is not None
    found = f"the mean is {v.exponent:.4g} ({_limits(v)}){_where(v)}"
    if v.z:
        side = "above" if v.z > 0 else "below"
        found += f", {abs(v.z):.3g} standard errors {side} what is allowed"
    else:
        found += ", within what is allowed"
    return found + _few(v)


def frequency(v: Verdict) -> str:
    """In how many of the runs asked it happened, where that is most surprising."""
    happened = round(v.exponent * v.runs_rated)
    found = f"in {happened} of {v.runs_rated} runs, {v.exponent:.3g} ({_limits(v)}){_where(v)}"
    return f"{found}, against {v.law}"


def scaling(v: Verdict) -> str:
    """The power of the swept value."""
    return f"power {v.exponent:.4g} ({_limits(v)}) against {v.law}" + _few(v)


def decay(v: Verdict) -> str:
    """The rate, and how many events it rests on."""
    found = f"decay rate {v.exponent:.4g} ({_limits(v)}) against {v.law}"
    return f"{found}, from {v.runs_rated} runs in which it happened"


SAMPLES: dict[str, Callable[[Verdict], str]] = {
    "mean_equals": mean_of_logs,
    "mean_value": mean_of_values,
    "frequency": frequency,
    "scaling": scaling,
    "decay": decay,
}


def _limits(v: Verdict) -> str:
    low, high = v.interval
    return f"95 %: {low:.4g} to {high:.4g}"


def _where(v: Verdict) -> str:
    return "" if v.z_at is None else f" at {said(v.z_at, v.clock, v.unit)}"


def _few(v: Verdict) -> str:
    return f"; {len(v.judged)} runs only describe, 32 could contradict" * v.descriptive
