"""A claim of this study: an observable of a policy's phase, and the law that it keeps.

Rates are in units of Gamma*, of the posterior where none is said.  Texts of theorems could not be
read: "from memory" says where a statement is remembered, and every constant was derived again
(`theory`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool

from ntp_dynamics.studies.knowledge_gradient.config import Motion, Policy, Question, Variance, stage
from ntp_dynamics.studies.knowledge_gradient.problem import Bandits
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

PAPER = "arXiv 2310.17901, {} (from memory, unread; constants derived)"
DERIVED = "derived"
LONG, SETTLED = 50.0, 30.0
"""n Gamma* from which the rate, and the shares of the fluid, are judged."""
OFF, WITHIN = 0.03, 0.2
"""Of a rate: what is granted to a finite budget, and how closely a mean has to resolve it."""
LATTICE, EARLY = 1e-3, 0.1
"""What is granted to a rate of the fluid: to single pulls, and over n Gamma* to its end."""
SHARE_EARLY = 0.5
"""What is granted to the shares of policies that balance exponents, over n Gamma*: these are equal
up to logs.  Shares of KG converge as fast as whole pulls can."""
FINE = 0.03
"""The same resolution where the claim differs from a better one by 2 to 8 %."""


OfJob = Callable[[Bandits], Any]


def _horizon(p: Bandits, fluid: bool) -> int:
    return p.config.fluid_budget if fluid else p.config.budget


def _exponent(p: Bandits, fluid: bool) -> float:
    return _horizon(p, fluid) * p.reference.gamma


RATED = Precondition(
    f"n Gamma* >= {LONG:g}",
    lambda p: _exponent(p, fluid=False) >= LONG,
    "the budget is too short to tell a rate",
)
FLOWED = Precondition(
    f"n Gamma* >= {SETTLED:g}",
    lambda p: _exponent(p, fluid=True) >= SETTLED,
    "the fluid has not settled",
)
CERTIFIED = Precondition(
    "certificate", lambda p: p.reference.optimum.gap <= 1e-10, "Gamma* is not certified"
)
KNOWN = Precondition(
    "variances known",
    lambda p: p.config.variance is Variance.known,
    "variances are estimated",
)


def claimed(
    identity: str,
    version: str,
    statement: str,
    source: str,
    stage_of: tuple[Policy, Question, Motion],
    observable: str,
    law: Law | Callable[[Bandits], Law],
    *hypotheses: Precondition,
    **more: Any,
) -> Claim:
    """A claim about a policy, derived unless ``more`` says otherwise."""
    given: dict[str, Any] = {"kind": "derived", "clock": "pull", "unit": "", **more}
    where = stage(*stage_of)
    found = (CERTIFIED, *hypotheses)
    return Claim(
        identity, statement, source, version, where, observable, law, preconditions=found, **given
    )


def _last(p: Bandits) -> Bool[np.ndarray, " octave"]:
    return np.array([False, False, True])


def rated(
    identity: str,
    policy: Policy,
    statement: str,
    source: str,
    ratio: OfJob,
    *,
    question: Question = Question.bai,
    tolerance: float = OFF,
    within: float = WITHIN,
    **more: Any,
) -> Claim:
    """The mean over runs of the rate over the last octave is ``ratio``."""

    def law(p: Bandits) -> Law:
        return Law.mean_value(float(ratio(p)), tolerance=tolerance, within=within)

    along = {"clock": "octave", "timeless": True, "places": _last, "about": "ensemble"}
    version = more.pop("version", f"posterior, {policy}")
    where = (policy, question, Motion.simulated)
    given = {"tight": True, **along, **more}
    return claimed(identity, version, statement, source, where, "rate", law, KNOWN, RATED, **given)


def flowed(
    identity: str,
    policy: Policy,
    statement: str,
    source: str,
    ratio: OfJob,
    *,
    question: Question = Question.bai,
    **more: Any,
) -> Claim:
    """The rate of the fluid over the last octave is ``ratio``."""

    def law(p: Bandits) -> Law:
        return Law.value(float(ratio(p)), absolute=LATTICE + EARLY / _exponent(p, fluid=True))

    where = (policy, question, Motion.fluid)
    along = {"tight": True, "clock": "octave", "timeless": True, "places": _last}
    version = f"fluid, {policy}"
    return claimed(
        identity, version, statement, source, where, "rate", law, FLOWED, **{**along, **more}
    )


def shared(
    identity: str,
    policy: Policy,
    statement: str,
    source: str,
    relative: float,
    absolute: float,
    *,
    question: Question = Question.bai,
    **more: Any,
) -> Claim:
    """At the end of the fluid the share of every arm is that of theory."""

    def law(p: Bandits) -> Law:
        early = 0.0 if policy is Policy.kg else SHARE_EARLY / _exponent(p, fluid=True)
        granted = absolute + early + 1 / p.config.fluid_budget  # pulls are whole
        return Law.value(p.reference.shares[policy], relative, absolute=granted)

    version = more.pop("version", f"shares, {policy}")
    where = (policy, question, Motion.fluid)
    given = {"tight": True, "clock": "arm", "timeless": True, **more}
    return claimed(identity, version, statement, source, where, "share", law, FLOWED, **given)


def of(policy: Policy) -> OfJob:
    return lambda p: p.reference.ratio(policy)


def one(p: Bandits) -> float:
    return 1.0
