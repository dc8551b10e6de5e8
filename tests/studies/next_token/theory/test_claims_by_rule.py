"""Of which update rules each claim speaks, every other hypothesis met."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.studies.next_token.theory import any_corpus_claims, votes
from ntp_dynamics.studies.next_token.theory.claims import CLAIMS, claims_of
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.verdict.claim import Claim

V = 5
SAMPLES = [*(((x,), (x + 1) % V) for x in range(V)), ((0, 4, 1), 1), ((2, 2, 3, 4), 3), ((2, 4), 3)]
VOTES = [((0,), 0), ((1,), 0), ((2,), 1), ((3,), 1), ((0, 2, 3), 0), ((1, 2, 3), 0, 3.0)]
OF_VOTES = {"votes.direction", "votes.sparsity", "votes.direction.exact", "votes.loss.sharp"}
STEPS = 2_000_000
"""Of the first stage: long enough for every claim."""
RULES = {
    "ngd": (),
    "ngd, one norm": ("optimizer.norm=global",),
    "ngd, momentum": ("optimizer.momentum=0.9",),
    "ngd, decay": ("optimizer.weight_decay=0.1",),
    "ngd, minibatch": ("batch.size=2",),
    "gd": ("optimizer=gd",),
    "gd, momentum": ("optimizer=gd", "optimizer.momentum=0.9"),
    "polyak": ("optimizer=polyak",),
    "sign": ("optimizer=sign",),
    "sign, momentum, decay": (
        *("optimizer=sign", "optimizer.momentum=0.9", "optimizer.weight_decay=0.1"),
    ),
    "sign, minibatch": ("optimizer=sign", "batch.size=2"),
    "adam": ("optimizer=adam",),
    "adam, epsilon 0": ("optimizer=adam", "optimizer.epsilon=0"),
    "adamw, epsilon 0": ("optimizer=adamw", "optimizer.epsilon=0"),
}
PAPER = {"ngd", "ngd, one norm"}
"""A stage trains one matrix: one norm is its own."""
BY_MATRIX = PAPER | {"ngd, minibatch"}
"""The first stage has no sentences to draw."""
SIGN = {"sign", "sign, momentum, decay"}
SPOKEN_OF = {
    **dict.fromkeys(("ov.direction", "ov.norm", "ov.loss", "ov.margin"), PAPER),
    **dict.fromkeys(("kq.direction", "kq.norm", "kq.leak", "loss", "order.extension"), PAPER),
    **dict.fromkeys(("kq.attention_monotone", "kq.alignment"), PAPER),
    **dict.fromkeys(("kq.direction.sharp", "kq.norm.sharp", "kq.loss.sharp"), PAPER),
    "kq.direction.exact": PAPER,
    **dict.fromkeys(("sign.exact.margin", "sign.exact.norm", "sign.exact.leak"), SIGN),
    "adam.speed": {"adam, epsilon 0"},
    "ov.exact.direction": BY_MATRIX | {"ngd, momentum", "ngd, decay"},
    "ov.exact.norm": BY_MATRIX | {"ngd, momentum"},
    "ov.exact.loss": BY_MATRIX | {"ngd, momentum"},
}
OF_THE_PAPER = [
    claim for claim in CLAIMS if claim not in (*any_corpus_claims.CLAIMS, *votes.CLAIMS)
]
"""And of what follows from it."""
CYCLIC = [
    *(((x,), (x + 1) % V) for x in range(V - 1)),
    *(((V - 1,), 0, 3), ((V - 1,), 1)),
    *(((0, 1, 4), 1, 2), ((0, 1, 4), 2), ((2, 1, 3), 3)),
]
OF_ANY_CORPUS = {
    f"{claim}{end}": rules
    for end in ("", ".kq")
    for claim, rules in (
        *((f"soft.{name}", set()) for name in ("entropy", "finite", "direction")),
        *((f"any.gd.{name}", {"gd"}) for name in ("bound", "rate", "norm", "direction")),
        ("any.gd.finite", {"gd"}),
        *((f"any.ngd.{name}", PAPER) for name in ("best", "plateau", "leak")),
        *((f"any.split.{name}", {"split"}) for name in ("rate", "direction")),
    )
    if (claim, end) != ("any.gd.finite", ".kq")
}
"""Minibatches are drawn in the attention stage; the plain rule is the full batch's in both."""


def speaks(claim: Claim, constants: Constants) -> bool:
    return all(np.all(p.check(constants)) for p in claim.preconditions)


@pytest.mark.parametrize("rule", RULES)
def test_a_claim_speaks_of_the_rules_it_was_derived_for(
    rule: str, constants_of: Callable[..., Constants]
) -> None:
    settings = (
        *RULES[rule],
        "embedding=standard",
        f"train.feed_forward.steps={STEPS}",
        *("train.feed_forward.step_size=0.25", "train.attention.step_size=0.125"),
    )
    constants = constants_of([SAMPLES], V, *settings)
    assert {c.id for c in OF_THE_PAPER if speaks(c, constants)} == {
        claim for claim, rules in SPOKEN_OF.items() if rule in rules
    }


def test_a_job_is_held_against_every_claim_that_may_speak_of_its_rule() -> None:
    for rule, spoken in RULES.items():
        held = {claim.id for claim in claims_of(read_config(compose_job(spoken)))}
        assert held >= {claim for claim, rules in SPOKEN_OF.items() if rule in rules}
        assert held < set(SPOKEN_OF)


def test_every_claim_is_spoken_of_here() -> None:
    assert set(SPOKEN_OF) == {claim.id for claim in OF_THE_PAPER}
    assert {claim.id for claim in votes.CLAIMS} == OF_VOTES
    assert set(OF_ANY_CORPUS) == {claim.id for claim in any_corpus_claims.CLAIMS}


@pytest.mark.parametrize("rule", RULES)
def test_claims_on_votes_speak_of_the_plain_rule_only(
    rule: str, constants_of: Callable[..., Constants]
) -> None:
    settings = (*RULES[rule], "embedding=standard", "train.margin=3")
    settings += ("train.attention.step_size=0.125",)
    constants = constants_of([VOTES], 4, *settings, labels=("+", "-"))
    spoken = {c.id for c in votes.CLAIMS if speaks(c, constants)}
    assert spoken == (OF_VOTES if rule in PAPER else set())
    assert not [c.id for c in OF_THE_PAPER if c.stage == "attention" and speaks(c, constants)]


@pytest.mark.parametrize("rule", [*RULES, "split"])
def test_a_claim_of_any_corpus_speaks_of_the_rules_it_was_derived_for(
    rule: str, constants_of: Callable[..., Constants]
) -> None:
    """A token with two continuations, an order with a cycle; no claim of a limit is judged."""
    words = {**RULES, "split": ("optimizer=split_ngd",)}[rule]
    settings = ("embedding=standard", "train.labels=soft", "train.head=log", *words)
    settings += ("train.feed_forward.step_size=0.1", "train.attention.step_size=0.1")
    constants = constants_of([CYCLIC], V, *settings)
    held = claims_of(read_config(compose_job(settings)))
    found = {c.id for c in held if c in any_corpus_claims.CLAIMS and speaks(c, constants)}
    assert found == {claim for claim, rules in OF_ANY_CORPUS.items() if rule in rules}
    assert {f"soft.{x}" for x in ("entropy", "finite", "direction")} < {c.id for c in held}
