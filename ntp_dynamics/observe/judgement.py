"""Claims held against a record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ntp_dynamics.observe.holding import hold
from ntp_dynamics.observe.readings import Readings
from ntp_dynamics.observe.shadows import Shadowed, judge_shadows, key_of
from ntp_dynamics.record.written import TERMS, Written, write_terms
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.proved import Since, with_proof
from ntp_dynamics.verdict.terms import Given, Terms
from ntp_dynamics.verdict.verdict import FORMAT, Verdict

if TYPE_CHECKING:
    import xarray

SAID = ("id", "version", "statement", "source", "stage", "observable", "kind", "about")


@dataclass(frozen=True)
class Judged:
    """A claim, its verdict, the law as it was judged (None: nothing was recorded to judge), and
    what the shadow of its phase shows of it, where there is one."""

    claim: Claim
    verdict: Verdict
    written: Written | None = None
    shadow: Shadowed | None = None

    def to_json(self) -> dict[str, Any]:
        said = {name: str(getattr(self.claim, name)) for name in SAID}
        terms = None if self.written is None else self.written.to_json()
        beside = {} if self.shadow is None else {"shadow": self.shadow.to_json()}
        return {**said, **self.verdict.to_json(), TERMS: terms, **beside}


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
    held = hold(claims, given, readings)
    covered = [terms for terms, _ in held if terms.any_kept and readings.holds(terms.claim)]
    shadows = judge_shadows(tree, given, covered, residual)
    return [
        Judged(
            terms.claim,
            with_proof(verdict, since.get(terms.claim.id, ())),
            _written(terms, readings),
            shadows.get(key_of(terms.claim)),
        )
        for terms, verdict in held
    ]


def laws_of(judged: Iterable[Judged]) -> list[Written]:
    """The laws that were judged."""
    return [j.written for j in judged if j.written is not None]


def _written(terms: Terms, readings: Readings) -> Written | None:
    if not readings.holds(terms.claim):
        return None
    return write_terms(terms)
