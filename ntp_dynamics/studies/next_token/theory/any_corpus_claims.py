"""All that is said of softmax-linear losses, whatever the corpus: soft labels, the log head.

The limits that the sources prove have no rate; a constant would satisfy one at every finite
horizon, so they are reported and not judged.  Laws with constants are this project's own, in
`any_corpus_gd` and `any_corpus_ngd`.
"""

from __future__ import annotations

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    SplitNormalisedGradientDescent,
)
from ntp_dynamics.studies.next_token.theory import any_corpus_gd, any_corpus_ngd
from ntp_dynamics.studies.next_token.theory.hypotheses import PLAIN
from ntp_dynamics.studies.next_token.theory.linear_hypotheses import (
    GD,
    direction,
    finite_part,
    of,
    small_step,
    trained,
)
from ntp_dynamics.verdict.claim import UNRATED, Claim
from ntp_dynamics.verdict.law import Law

THRAMPOULIDIS = "Thrampoulidis, NeurIPS 2024, {}"
LI = "Li et al., AISTATS 2024, Section 3-4, as coded by the authors (text not read)"


def limits(stage: Stage, sources: tuple[str, str, str], layer: str, end: str) -> list[Claim]:
    """Loss, finite part and direction under gradient descent with a small constant step."""
    k = of(stage)
    descent = (*trained(stage), GD, PLAIN, small_step(k))
    told = [
        ("entropy", "L -> L_inf", "log_excess_loss", ()),
        ("finite", "P_F W -> W_fin", "finite_distance", (finite_part(k),)),
        (
            "direction",
            "W / ||W|| -> W_svm / ||W_svm||",
            f"direction_gap_{layer}",
            (direction(k),),
        ),
    ]
    return [
        Claim(
            id=f"soft.{what}{end}",
            statement=statement,
            source=source,
            version="limit",
            stage=stage,
            observable=observable,
            law=Law.power(0),
            preconditions=(*descent, *asked, UNRATED),
        )
        for (what, statement, observable, asked), source in zip(told, sources, strict=True)
    ]


def _of_stage(
    stage: Stage, sources: tuple[str, str, str], layer: str, end: str
) -> dict[type[Optimizer], list[Claim]]:
    between = any_corpus_ngd.split_claims(stage, layer, end)
    return {
        Optimizer: limits(stage, sources, layer, end),
        GradientDescent: any_corpus_gd.claims(stage, layer, end),
        NormalisedGradientDescent: [*any_corpus_ngd.claims(stage, end), *between],
        SplitNormalisedGradientDescent: between,
    }


BY_STAGE = {
    Stage.feed_forward: _of_stage(
        Stage.feed_forward,
        (
            THRAMPOULIDIS.format("Lemma 2"),
            THRAMPOULIDIS.format("Theorem 2"),
            THRAMPOULIDIS.format("Theorem 2"),
        ),
        "ov",
        "",
    ),
    Stage.attention: _of_stage(Stage.attention, (LI, LI, LI), "kq", ".kq"),
}
"""By the stage and the rule they speak of; those of `Optimizer` whatever the rule is."""
CLAIMS = list(
    {
        claim.id: claim
        for by_rule in BY_STAGE.values()
        for claims in by_rule.values()
        for claim in claims
    }.values()
)


def claims_of(stage: Stage, optimizer: Optimizer) -> list[Claim]:
    """Those that a stage with this rule is held against."""
    found = (claims for rule, claims in BY_STAGE[stage].items() if isinstance(optimizer, rule))
    return [claim for claims in found for claim in claims]
