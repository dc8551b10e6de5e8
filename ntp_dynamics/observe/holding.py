"""Claims held against what a record holds of their observables."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.readings import Readings
from ntp_dynamics.verdict.asked import Asked, judge_asked
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.question import inapplicable
from ntp_dynamics.verdict.series import Series, series_of
from ntp_dynamics.verdict.terms import Given, Terms
from ntp_dynamics.verdict.verdict import Verdict


def hold(
    claims: Iterable[Claim], given: Given, readings: Readings, beyond: bool = True
) -> list[tuple[Terms, Verdict]]:
    """What each claim says of the runs, and the verdict; one about a phase that was not trained
    does not apply.  ``beyond``: as in `Claim.judge`."""
    terms = [Terms(claim, given, _places(claim, readings, given)) for claim in claims]
    asked = [_asked(each, readings, beyond) for each in terms]
    verdicts = iter(judge_asked([x for x in asked if isinstance(x, Asked)]))
    return [
        (each, next(verdicts) if isinstance(x, Asked) else x)
        for each, x in zip(terms, asked, strict=True)
    ]


def _asked(terms: Terms, readings: Readings, beyond: bool) -> Asked | Verdict:
    """What is to be asked of a record, or the verdict where nothing was recorded."""
    claim, runs = terms.claim, readings.runs
    if readings.stage(str(claim.stage)) is None:
        return Asked(terms, partial(_untrained, runs), beyond=False)
    if not readings.holds(claim):  # a record of an earlier version
        excluded = ((f"{claim.observable} was not recorded", runs),)
        return inapplicable(runs, excluded, claim.about)
    constants = terms.given.constants

    def series() -> Series:
        return readings.series(claim, constants, terms.law.reads_logs)

    floor = readings.quantity(claim).log_floor(terms.t[-1])
    return Asked(terms, series, floor, beyond=beyond)


def _places(claim: Claim, readings: Readings, given: Given) -> Float[np.ndarray, " T"]:
    """Where its observable was recorded; a single step where it was not."""
    return readings.placed(claim, given.constants)[0] if readings.holds(claim) else np.ones(1)


def _untrained(runs: int) -> Series:
    return series_of([1], np.zeros((runs, 1)))
