"""What is claimed of every policy; rates in units of Gamma*, of the posterior where none is said.

Texts of theorems could not be read: "from memory" says where a statement is remembered, and every
constant was derived again (`theory`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.knowledge_gradient.config import (
    IKG,
    Motion,
    Policy,
    Question,
    Variance,
    stage,
)
from ntp_dynamics.studies.knowledge_gradient.problem import Bandits
from ntp_dynamics.studies.knowledge_gradient.theory import eps_good
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

PAPER = "arXiv 2310.17901, {} (from memory, unread; constants derived)"
DEVIATIONS = "large deviations: Glynn, Juneja 2004; Russo 2016 (from memory, derived)"
DERIVED = "derived"
LONG, SETTLED = 50.0, 30.0
"""n Gamma* from which the rate, and the shares of the fluid, are judged."""
OFF, WITHIN = 0.03, 0.2
"""Of a rate: what is granted to a finite budget, and how closely a mean has to resolve it."""
LATTICE, EARLY = 1e-3, 0.1
"""What is granted to a rate of the fluid: to single pulls, and over n Gamma* to its end."""
SHARE_EARLY = 0.5
"""Of a share that converges as 1/n, over n Gamma*."""
FINE = 0.03
"""The same resolution where the claim differs from a better one by 2 to 8 %."""
PAIRED = 1000
"""Runs from which policies are compared in pairs."""
LATE = 2.4
"""n Gamma* from which they are compared."""

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
        early = SHARE_EARLY / _exponent(p, fluid=True) if relative else 0.0
        return Law.value(p.reference.shares[policy], relative, absolute=absolute + early)

    version = more.pop("version", f"shares, {policy}")
    where = (policy, question, Motion.fluid)
    given = {"tight": True, "clock": "arm", "timeless": True, **more}
    return claimed(identity, version, statement, source, where, "share", law, FLOWED, **given)


def _of(policy: Policy) -> OfJob:
    return lambda p: p.reference.ratio(policy)


def _one(p: Bandits) -> float:
    return 1.0


OPTIMUM = {
    Question.bai: tuple(p for p in Policy if p not in (Policy.ttts, Policy.custom)),
    Question.eps_good: (
        *(Policy.equal, Policy.kg, Policy.ikg, Policy.ikg_plain),
        *(Policy.tt_ids, Policy.oracle),
    ),
}
"""Policies that are held against the best allocation."""


def _optimum() -> list[Claim]:
    """Of every allocation the largest term of the error is Phi(-sqrt(2 n Gamma)) at least, and
    that of n w* is k - 1 times Phi(-sqrt(2 n Gamma*))."""
    return [
        claimed(
            "kg.optimum",
            stage(policy, question, Motion.simulated),
            "at the true means no allocation has an error below that of w* over k - 1, at any n",
            DEVIATIONS,
            (policy, question, Motion.simulated),
            "allocation_gap",
            Law.envelope(0.0),
            side="lower",
            constant=lambda p: -math.log(p.bandit.arms - 1),
            t_min=lambda p: p.bandit.arms * p.config.n0,
            kind="proved",
        )
        for question, policies in OPTIMUM.items()
        for policy in policies
    ]


def _decay(policy: Policy, low: float, high: float) -> Callable[[Bandits], Law]:
    """Multiples of the posterior's rate, with the shape of the best error: n^-1/2 and so on."""

    def law(p: Bandits) -> Law:
        rate, best = p.reference.gamma * p.reference.ratio(policy), p.reference

        def shape(t: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
            return np.array([best.log_optimum(n) + best.gamma * n for n in t])

        return Law.decay(low * rate, high * rate, log_shape=shape)

    return law


def _exact_decay(p: Bandits) -> Law:
    rate = p.reference.gamma * p.reference.ratio(Policy.equal)
    return Law.decay(rate, rate, log_shape=lambda t: np.log(p.reference.exact_equal(t)) + rate * t)


def _exact_frequency(p: Bandits) -> Law:
    return Law.frequency(p.reference.exact_equal, p.reference.exact_equal)


def frequent(identity: str, policy: Policy, statement: str, source: str, law: Any) -> Claim:
    """The false selections of a policy decay at a rate."""
    return claimed(
        identity,
        f"false selections, {policy}",
        statement,
        source,
        (policy, Question.bai, Motion.simulated),
        "false_selection",
        law,
        about="ensemble",
        t_min=lambda p: max(p.bandit.arms * p.config.n0, 1 / p.reference.gamma),
    )


def paired(policy: Policy) -> Claim:
    """McNemar's comparison with kg on the same rewards."""
    recorded = Precondition(
        "kg ran before",
        lambda p: stage(Policy.kg, Question.bai, Motion.simulated) in p.recorded,
        "the job has no kg",
    )
    many = Precondition(
        f"R >= {PAIRED:,}", lambda p: p.config.runs >= PAIRED, "too few runs to compare"
    )
    return claimed(
        "ikg.bai.pfs",
        str(policy),
        "where only one of iKG and KG is right, it is more often iKG",
        "experiments of arXiv 2310.17901 (known by name only)",
        (policy, Question.bai, Motion.simulated),
        "ahead_of_kg",
        Law.frequency(low=0.5),
        recorded,
        many,
        about="ensemble",
        t_min=lambda p: max(p.bandit.arms * p.config.n0, LATE / p.reference.gamma),
    )


SHARP = "the balance law sum (w_j^2/s_j^2) h(w_1)/h(w_j) = w_1^2/s_1^2 of the variant"
PRINTED = "the rate of iKG is Gamma*"
NEARLY = "at practical budgets false selections decay within a fifth of the posterior's rate"
UNPROVED = "measured here; no theorem for policies that adapt"
FIFTH = 0.8, 1.2
KG_RATE = "the rate of KG is Gamma^KG, that of shares in proportion to s_i/Delta_i"
SHARE_TOLERANCE = {
    Policy.ikg: (0.0, 4e-3),
    Policy.ikg_plain: (0.0, 4e-3),
    Policy.ikg_variance_only: (0.02, 4e-3),
}


def _kg() -> list[Claim]:
    source = PAPER.format("Theorem 1")
    return [
        rated("kg.rate", Policy.kg, KG_RATE, source, _of(Policy.kg), kind="proved"),
        frequent(
            "kg.rate",
            Policy.kg,
            "at practical budgets false selections of KG decay at Gamma^KG or faster",
            UNPROVED,
            _decay(Policy.kg, 1.0, math.inf),
        ),
        claimed(
            "kg.suboptimal",
            "formulas",
            "Gamma^KG <= Gamma*",
            source,
            (Policy.kg, Question.bai, Motion.simulated),
            "predicted_rate",
            Law.envelope(0.0),
            constant=1e-12,
            kind="proved",
            evaluated=True,
        ),
        shared(
            "kg.shares",
            Policy.kg,
            "shares are in proportion to s_i/Delta_i",
            source,
            0.0,
            1e-4,
            kind="proved",
        ),
    ]


def _ikg() -> list[Claim]:
    source = PAPER.format("Theorems 2 and 3")
    plain = Policy.ikg_plain
    found = [
        rated("ikg.rate.printed", plain, PRINTED, source, _one, tolerance=0.0, within=FINE),
        flowed("ikg.rate.printed", plain, PRINTED, source, _one),
    ]
    for policy in IKG:
        found += [
            rated("ikg.rate.sharp", policy, f"the rate is that of {SHARP}", DERIVED, _of(policy)),
            flowed("ikg.rate.sharp", policy, f"the rate is that of {SHARP}", DERIVED, _of(policy)),
            shared(
                "ikg.rate.sharp",
                policy,
                f"shares are those of {SHARP}",
                DERIVED,
                *SHARE_TOLERANCE[policy],
            ),
        ]
    decay = _decay(Policy.ikg, *FIFTH)
    found.append(frequent("ikg.rate.sharp", Policy.ikg, NEARLY, UNPROVED, decay))
    return [*found, paired(Policy.ikg), paired(Policy.ikg_plain)]


def _baselines() -> list[Claim]:
    return [
        rated("ocba.rate", Policy.ocba, "the rate is Gamma^OCBA", DERIVED, _of(Policy.ocba)),
        rated(
            "ttei.rate",
            Policy.ttei,
            "the rate is Gamma^1/2, the best with half of the pulls for the best arm",
            "Qin, Klabjan, Russo 2017 (from memory, derived)",
            _of(Policy.ttei),
            kind="proved",
        ),
        rated(
            "ttids.rate",
            Policy.tt_ids,
            "the rate is Gamma*",
            DERIVED + " (and You et al. 2023, from memory)",
            _one,
        ),
        frequent(
            "ttids.rate",
            Policy.tt_ids,
            NEARLY,
            UNPROVED,
            _decay(Policy.tt_ids, *FIFTH),
        ),
        frequent(
            "equal.pfs",
            Policy.equal,
            "false selections of equal allocation decay as the exact probability does",
            DERIVED,
            _exact_decay,
        ),
        claimed(
            "equal.pfs",
            "quadrature",
            "false selections of equal allocation have their exact probability",
            DERIVED,
            (Policy.equal, Question.bai, Motion.simulated),
            "false_selection",
            _exact_frequency,
            about="ensemble",
            t_min=lambda p: p.bandit.arms * p.config.n0,
        ),
    ]


def _set_share(p: Bandits) -> float:
    w = p.reference.shares[Policy.ikg]
    return eps_good.set_rate(p.bandit, w) / p.reference.gamma


SET_RATED = Precondition(
    "n Gamma >= 10 of the set",
    lambda p: (
        p.config.fluid_budget * p.reference.gamma * _set_share(p) >= 10
        if p.config.problem is Question.eps_good
        else True
    ),
    "the error of the set has not settled",
)


def _good() -> list[Claim]:
    source = PAPER.format("Theorem 4")
    against = "the rate against the best arm alone is Gamma^eps"
    question = Question.eps_good
    return [
        rated("ikgeps.rate.printed", Policy.ikg, against, source, _one, question=question),
        flowed("ikgeps.rate.printed", Policy.ikg, against, source, _one, question=question),
        flowed(
            "ikgeps.rate.printed",
            Policy.ikg_plain,
            against,
            source,
            _one,
            question=question,
        ),
        claimed(
            "ikgeps.rate.printed",
            "the set",
            "Gamma^eps is the rate of the set of good arms at the allocation that it calls best",
            source,
            (Policy.oracle, question, Motion.fluid),
            "predicted_set_rate",
            Law.value(1.0, absolute=1e-6),
            tight=True,
            evaluated=True,
        ),
        claimed(
            "ikgeps.rate.exact",
            "the set",
            "the error of the set decays at the exact rate of the shares",
            DERIVED,
            (Policy.ikg, question, Motion.fluid),
            "set_rate",
            lambda p: Law.value(_set_share(p), absolute=0.02),
            FLOWED,
            SET_RATED,
            t_min=lambda p: p.config.fluid_budget,
            tight=True,
        ),
    ]


def _feasible() -> list[Claim]:
    source = PAPER.format("Theorem 5")
    says, question = "the rate is Gamma^F = 1/sum(1/r_i)", Question.feasible
    return [
        *(rated("ikgf.rate", p, says, source, _one, question=question, kind="proved") for p in IKG),
        *(
            shared(
                "ikgf.rate",
                p,
                "shares are in proportion to 1/r_i",
                source,
                0.02,
                1e-3,
                question=question,
                kind="proved",
            )
            for p in IKG
        ),
    ]


CLAIMS: Sequence[Claim] = [
    *_optimum(),
    *_kg(),
    *_ikg(),
    *_baselines(),
    *_good(),
    *_feasible(),
]
