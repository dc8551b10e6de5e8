"""Claims about the best arm: KG, iKG, and their rivals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.knowledge_gradient.claims.stated import (
    DERIVED,
    FINE,
    KNOWN,
    PAPER,
    claimed,
    flowed,
    of,
    one,
    rated,
    shared,
)
from ntp_dynamics.studies.knowledge_gradient.config import IKG, Motion, Policy, Question, stage
from ntp_dynamics.studies.knowledge_gradient.problem import Bandits
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

DEVIATIONS = "large deviations: Glynn, Juneja 2004; Russo 2016 (from memory, derived)"
PAIRED = 1000
"""Runs from which policies are compared in pairs."""
LATE = 2.4
"""n Gamma* from which they are compared."""
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
        KNOWN,
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
        rated("kg.rate", Policy.kg, KG_RATE, source, of(Policy.kg), kind="proved"),
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
        rated("ikg.rate.printed", plain, PRINTED, source, one, tolerance=0.0, within=FINE),
        flowed("ikg.rate.printed", plain, PRINTED, source, one),
    ]
    for policy in IKG:
        found += [
            rated("ikg.rate.sharp", policy, f"the rate is that of {SHARP}", DERIVED, of(policy)),
            flowed("ikg.rate.sharp", policy, f"the rate is that of {SHARP}", DERIVED, of(policy)),
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
        rated("ocba.rate", Policy.ocba, "the rate is Gamma^OCBA", DERIVED, of(Policy.ocba)),
        rated(
            "ttei.rate",
            Policy.ttei,
            "the rate is Gamma^1/2, the best with half of the pulls for the best arm",
            "Qin, Klabjan, Russo 2017 (from memory, derived)",
            of(Policy.ttei),
            kind="proved",
        ),
        rated(
            "ttids.rate",
            Policy.tt_ids,
            "the rate is Gamma*",
            DERIVED + " (and You et al. 2023, from memory)",
            one,
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


BEST_ARM = [*_optimum(), *_kg(), *_ikg(), *_baselines()]
