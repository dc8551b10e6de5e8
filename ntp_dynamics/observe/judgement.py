"""Claims held against a record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.readings import Readings
from ntp_dynamics.record.written import TERMS, Written, write_terms
from ntp_dynamics.verdict.asked import Asked, judge_asked
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.proved import Since, with_proof
from ntp_dynamics.verdict.question import inapplicable
from ntp_dynamics.verdict.series import Series, series_of
from ntp_dynamics.verdict.terms import Given, Terms
from ntp_dynamics.verdict.verdict import FORMAT, Verdict

if TYPE_CHECKING:
    import xarray

SAID = ("id", "version", "statement", "source", "stage", "observable", "kind", "about")


@dataclass(frozen=True)
class Judged:
    """A claim, its verdict, and the law as it was judged (None: nothing was recorded to judge)."""

    claim: Claim
    verdict: Verdict
    written: Written | None = None

    def to_json(self) -> dict[str, Any]:
        said = {name: str(getattr(self.claim, name)) for name in SAID}
        terms = None if self.written is None else self.written.to_json()
        return {**said, **self.verdict.to_json(), TERMS: terms}


def verdicts_file(claims: list[dict[str, Any]]) -> dict[str, Any]:
    """What verdicts.json holds."""
    return {"format": FORMAT, "claims": claims}


def judge_claims(
    tree: xarray.DataTree,
    constants: Any,
    claims: Iterable[Claim],
    residual: str | None = None,
    since: Since = MappingProxyType({}),
) -> list[Judged]:
    """A verdict on every claim; one about a phase that was not trained does not apply.

    ``residual`` names the scalar up to which a run counts (`Study.residual`); ``since`` tells what
    is proved (`Study.proofs`).
    """
    readings = Readings(tree, residual)
    given = Given(constants, readings.runs)
    terms = [Terms(claim, given, _places(claim, readings, constants)) for claim in claims]
    asked = [_asked(each, readings) for each in terms]
    verdicts = iter(judge_asked([x for x in asked if isinstance(x, Asked)]))
    found = [next(verdicts) if isinstance(x, Asked) else x for x in asked]
    return [
        Judged(each.claim, with_proof(x, since.get(each.claim.id, ())), _written(each, readings))
        for each, x in zip(terms, found, strict=True)
    ]


def laws_of(judged: Iterable[Judged]) -> list[Written]:
    """The laws that were judged."""
    return [j.written for j in judged if j.written is not None]


def _asked(terms: Terms, readings: Readings) -> Asked | Verdict:
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

    return Asked(terms, series, readings.quantity(claim).log_floor(terms.t[-1]))


def _places(claim: Claim, readings: Readings, constants: Any) -> Float[np.ndarray, " T"]:
    """Where its observable was recorded; a single step where it was not."""
    return readings.placed(claim, constants)[0] if readings.holds(claim) else np.ones(1)


def _untrained(runs: int) -> Series:
    return series_of([1], np.zeros((runs, 1)))


def _written(terms: Terms, readings: Readings) -> Written | None:
    if not readings.holds(terms.claim):
        return None
    return write_terms(terms)
