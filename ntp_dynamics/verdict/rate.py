"""Rates: does y keep up with the law over the last windows, whatever its constant?

An upper law fails when the compensated quantity r = y / f keeps growing.  Each run is held against
the law by itself (`single`) and is named if it fails; the pooled test (`company`) refutes "every
run" without naming one; `decision` makes one word of both, in `compared`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ntp_dynamics.verdict.clock import several
from ntp_dynamics.verdict.compared import Shown, compare, unseen
from ntp_dynamics.verdict.curved import Envelope
from ntp_dynamics.verdict.drift import drifts
from ntp_dynamics.verdict.found_rate import NONE, Rate
from ntp_dynamics.verdict.gate import MIN_DECADES, MIN_POINTS, Case, shortest, waiting
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Power
from ntp_dynamics.verdict.whole import whole_rate
from ntp_dynamics.verdict.windows import survey


def has_rate(case: Case) -> bool:
    """Whether the law says how fast.

    An envelope with a constant is a pointwise statement: that its slack shrinks proves nothing,
    since its course beyond the horizon is arbitrary.
    """
    if isinstance(case.law, Envelope):
        return case.log_constant is None
    return isinstance(case.law, (Power, Exponential, LinearGrowth))


def measure_rates(
    cases: Sequence[Case], ensembles: Sequence[bool]
) -> list[tuple[Rate, str | None]]:
    """Steps 2 to 4: the rate of each case, or the reason why there is none to see.

    Of an ensemble only the mean speaks, at the whole error rate.
    """
    looked = [_look(case, together) for case, together in zip(cases, ensembles, strict=True)]
    shown = [x for x in looked if isinstance(x, Shown)]
    rates = iter(compare(shown))
    return [(next(rates), None) if isinstance(x, Shown) else x for x in looked]


def _look(case: Case, ensemble: bool) -> Shown | tuple[Rate, str | None]:
    law = case.law
    if not has_rate(case):
        return Rate(), None
    if not case.transient:
        return whole_rate(case, ensemble)
    if not case.deep.any():
        return Rate(decides_at=shortest(case)), too_short(case)
    upper, octaves = case.sign > 0, isinstance(law, Exponential)
    if isinstance(law, LinearGrowth):
        upper, octaves = not law.claims(-1), law.asymptotic
    windows, reach = survey(case, 2 if octaves else 10, upper=upper)
    if not (reach.seen | reach.fallen | reach.lost).any():
        return Rate(decides_at=shortest(case)), "too few recorded steps in the last windows"
    if reach.seen.any():
        return Shown(case, ensemble, windows, reach, *drifts(case, windows))
    runs = len(case.log_y)
    fallen = bool(reach.fallen.all())
    rate = Rate(
        "consistent" if fallen else "inconclusive",
        NONE if ensemble else unseen(reach),
        tightness="unresolved",
        exponents=np.full(runs, np.nan),
        drifts=np.full(runs, np.nan),
        rated=int(case.deep.sum()),
        decides_at=waiting(case),
        exact_to_floor=fallen,
    )
    return rate, None


def too_short(case: Case) -> str:
    """Why a record shows no rate, with the numbers that decided it."""
    best = int(np.argmax(case.decades))
    decades = math.floor(100 * max(float(case.decades[best]), 0.0)) / 100
    places = several(case.clock.name)
    return (
        f"{decades:.2f} decades and {case.counted[best].sum()} recorded {places} after "
        f"the claim's start; a rate needs {MIN_DECADES:g} and {MIN_POINTS}"
    )
