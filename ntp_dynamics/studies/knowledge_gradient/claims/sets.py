"""Claims about sets: the arms within epsilon of the best, and those that meet their thresholds."""

from __future__ import annotations

from ntp_dynamics.studies.knowledge_gradient.claims.stated import (
    DERIVED,
    FLOWED,
    PAPER,
    claimed,
    flowed,
    one,
    rated,
    shared,
)
from ntp_dynamics.studies.knowledge_gradient.config import IKG, Motion, Policy, Question
from ntp_dynamics.studies.knowledge_gradient.problem import Bandits
from ntp_dynamics.studies.knowledge_gradient.theory import eps_good
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law


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
        rated("ikgeps.rate.printed", Policy.ikg, against, source, one, question=question),
        flowed("ikgeps.rate.printed", Policy.ikg, against, source, one, question=question),
        flowed(
            "ikgeps.rate.printed",
            Policy.ikg_plain,
            against,
            source,
            one,
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
        *(rated("ikgf.rate", p, says, source, one, question=question, kind="proved") for p in IKG),
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


SETS = [*_good(), *_feasible()]
