"""Votes: attention on sentences of which one token votes for the right one of two labels.

With W_ov frozen at the margin Delta its two logits are +-Delta/2 a token, and the cross-entropy of
a sentence is exactly logistic,

    loss = log(1 + e^-f),   f = Delta (phi_+ - phi_-),

the binary classification of Bhavya Vasudeva, Puneesh Deora, Christos Thrampoulidis, "Implicit Bias
and Fast Convergence Rates for Self-attention" (arXiv 2402.05738), with a linear decoder u that
gives the tokens u'x = +-Delta: one optimal token a sentence, and all others alike.  Their W_mm is
W*_kq, the solution of problem (3).  Their wording was not read in full: the rate is reported here
without its constant.

Near its infimum the loss is a constant times the leak, as with injective n, so the sharp laws and
their constants (`asymptotics`, `exact_direction`) hold word for word with another hypothesis: one
right voter a sentence.  Derived for this project.
"""

from __future__ import annotations

from dataclasses import replace

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory import asymptotics, exact_direction
from ntp_dynamics.studies.next_token.theory.hypotheses import (
    ASSUMPTION_2,
    EQUAL_MARGINS,
    INJECTIVE,
    VOTES,
    ZERO_INIT,
)
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

SOURCE = "Vasudeva, Deora, Thrampoulidis, arXiv 2402.05738"
VERSION = "rate only, wording not read in full"


def of_votes(hypotheses: tuple[Precondition, ...]) -> tuple[Precondition, ...]:
    """The same of votes in place of an injective n."""
    return tuple(y for x in hypotheses for y in (VOTES if x is INJECTIVE else (x,)))


STATED = (*of_votes(asymptotics.SHARP), ASSUMPTION_2, ZERO_INIT, EQUAL_MARGINS)
KNOWN = {claim.id: claim for claim in (*asymptotics.CLAIMS, *exact_direction.CLAIMS)}


def carried_over(known: str, name: str) -> Claim:
    """A claim that is made of an injective n, made of votes."""
    claim = KNOWN[known]
    return replace(claim, id=name, preconditions=of_votes(claim.preconditions))


CLAIMS = [
    Claim(
        id="votes.direction",
        statement="the attention layer converges to the direction of W_mm: 1 - cos <= C log^2 t / "
        "t, for some C",
        source=SOURCE,
        version=VERSION,
        stage=Stage.attention,
        observable="direction_gap_kq",
        law=Law.power(1, log_power=2),
        preconditions=STATED,
        t_min=asymptotics.after_burn_in,
        ceiling=2.0,
    ),
    Claim(
        id="votes.sparsity",
        statement="attention becomes sparse exponentially fast: 1 - phi_opt <= C exp(-c t), for "
        "some C and c",
        source=SOURCE,
        version=VERSION,
        stage=Stage.attention,
        observable="log_leak",
        law=Law.exponential(),
        preconditions=STATED,
        t_min=asymptotics.after_burn_in,
        ceiling=1.0,
    ),
    carried_over("kq.direction.exact", "votes.direction.exact"),
    carried_over("kq.loss.sharp", "votes.loss.sharp"),
]
