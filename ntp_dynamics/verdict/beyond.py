"""Beyond the hypotheses: what runs that a claim does not cover show of it, by the same judge."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ntp_dynamics.verdict.clock import Place, amount, said
from ntp_dynamics.verdict.label import Seen
from ntp_dynamics.verdict.law import Power
from ntp_dynamics.verdict.observed import Observed
from ntp_dynamics.verdict.rate_said import NAMES
from ntp_dynamics.verdict.samples_said import SAMPLES
from ntp_dynamics.verdict.wording import EXACT, UNASKED

if TYPE_CHECKING:
    from ntp_dynamics.verdict.bound import Bound
    from ntp_dynamics.verdict.found_rate import Rate
    from ntp_dynamics.verdict.gate import Case
    from ntp_dynamics.verdict.verdict import Verdict

BOUNDS = {
    "holds": "kept",
    "holds_vacuous": "says nothing",
    "violated": "broken",
    "open": "undecided",
}
RATES = {"consistent": "kept", "contradicted": "not kept", "inconclusive": "undecided"}


@dataclass(frozen=True, eq=False)
class Basis:
    """What a verdict rests on: the case that was compared, its bound and its rate."""

    case: Case
    bound: Bound
    rate: Rate


def observe(v: Verdict, basis: Basis | None) -> tuple[Observed, str] | None:
    """What the verdict that uncovered runs would have says of them, in numbers and in words; None
    where nothing was asked of them, since the claim starts beyond the horizon.

    ``basis``: None where nothing was compared, and for laws about all runs together.
    """
    runs = len(v.judged)
    if not runs or v.reason.endswith(UNASKED):
        return None
    bound, rate = BOUNDS.get(v.bound, "none"), RATES.get(v.rate, "none")
    broken, first, last = (0, None, None) if basis is None else _broken(basis)
    failing = 0 if basis is None else int((basis.rate.runs == "contradicted").sum())
    parts = [
        _bound(v, bound, broken, first, last),
        _rate(v, rate, failing, basis),
        v.reason if bound == rate == "none" else "",
    ]
    word = Seen.undecided
    if bound == "broken" or rate == "not kept":
        word = Seen.not_kept
    elif "kept" in (bound, rate):
        word = Seen.kept
    found = Observed(
        word=str(word),
        runs=runs,
        bound=bound,
        broken=broken,
        broken_from=first,
        broken_to=last,
        rate=rate,
        failing=failing,
        law=v.law,
        exponent=v.exponent,
        interval=v.interval,
        window=v.window,
    )
    return found, "; ".join(part for part in parts if part)


def unjudged(seen: Observed) -> tuple[Observed, str] | None:
    """What is told where the claim is a limit without a rate, which a constant satisfies too: the
    power of t that was measured, and neither kept nor not; None where none was."""
    if math.isnan(seen.exponent):
        return None
    low, high = seen.interval
    told = replace(seen, word=str(Seen.undecided), rate="none", failing=0)
    return told, f"measured t^{0 - seen.exponent:.4g} ({0 - high:.4g} to {0 - low:.4g})"


def _broken(basis: Basis) -> tuple[int, Place | None, Place | None]:
    """How many runs break the bound, and the first and the last place where one does."""
    passed, case = basis.bound.passed, basis.case
    if passed is None or not passed.any():
        return 0, None, None
    places = case.t[passed.any(axis=0)]
    first, last = (case.clock.place(float(t)) for t in (places[0], places[-1]))
    return int(passed.any(axis=1).sum()), first, last


def _bound(v: Verdict, bound: str, broken: int, first: Place | None, last: Place | None) -> str:
    name = "value" if v.form in EXACT else "bound"
    kept = "met" if v.form in EXACT else "kept"
    total = len(v.judged)
    if bound == "kept":
        return f"{name} {kept}{_by(total, total, v)}"
    if bound == "undecided":
        return f"{name} not {kept}, as a transient or noise may do"
    if bound != "broken" or first is None or last is None:
        return f"{name} says nothing" if bound == "says nothing" else ""
    failed = "not met" if v.form in EXACT else "broken"
    return f"{name} {failed}{_where(v, first, last)}{_by(broken, total, v)}"


def _where(v: Verdict, first: Place, last: Place) -> str:
    """`` from step 224 on``, `` from step 224 to 900``, `` at step 3``."""
    if first == last:
        return f" at {said(first, v.clock, v.unit)}"
    if last == v.horizon and not v.timeless:
        return f" from {said(first, v.clock, v.unit)} on"
    return f" from {v.clock} {amount(first)} to {amount(last, v.unit)}"


def _by(some: int, total: int, v: Verdict) -> str:
    if v.about == "ensemble":
        return " by the mean"
    return "" if total == 1 else f" by all {total}" if some == total else f" by {some} of {total}"


def _rate(v: Verdict, rate: str, failing: int, basis: Basis | None) -> str:
    if rate == "none":
        return ""
    if v.form in SAMPLES:
        return f"{rate}: {SAMPLES[v.form](v)}"
    who = f" by {failing} of {len(v.judged)}" if 0 < failing < len(v.judged) else ""
    found = f"rate {rate}{who}"
    if v.exact_to_floor:
        return f"{found}: y is below rounding"
    if v.window is None or basis is None:
        return f"{found}: y falls out of sight"
    low, high = v.interval
    return f"{found}: {_measured(v, basis)} ({low:.4g} to {high:.4g}) against {v.law}"


def _measured(v: Verdict, basis: Basis) -> str:
    """``t^-1.02``, ``t^-0.43 log^2 t``: in the form of the law, where runs have it in common."""
    law = basis.case.law
    if v.form == "linear_growth":
        return f"t^{v.exponent:.4g}"
    if isinstance(law, Power) and np.unique(law.log_power).size == 1:
        q = float(law.log_power[0])
        logs = "" if q == 0 else " log t" if q == 1 else f" log^{q:.3g} t"
        return f"t^{-v.exponent:.4g}{logs}"
    return f"{NAMES.get(v.form, 'exponent')} {v.exponent:.4g}"
