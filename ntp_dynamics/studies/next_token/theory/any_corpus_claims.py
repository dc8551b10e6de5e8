"""All that is said of softmax-linear losses, whatever the corpus: soft labels, the log head.

The limits that the sources prove have no rate; a constant would satisfy one at every finite
horizon, so they are reported and not judged.  Laws with constants are this project's own (`any_corpus_gd`,
`any_corpus_ngd`).
"""

from __future__ import annotations

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.theory import any_corpus_gd, any_corpus_ngd
from ntp_dynamics.studies.next_token.theory.hypotheses import PLAIN
from ntp_dynamics.studies.next_token.theory.linear_hypotheses import (
    GD,
    RATED,
    direction,
    finite_part,
    of,
    small_step,
    trained,
)
from ntp_dynamics.verdict.claim import Claim
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
            preconditions=(*descent, *asked, RATED),
        )
        for (what, statement, observable, asked), source in zip(told, sources, strict=True)
    ]


def _of_stage(stage: Stage, layer: str, end: str) -> list[Claim]:
    laws = any_corpus_gd.claims(stage, layer, end)
    return [*laws, *any_corpus_ngd.claims(stage, layer, end)]


SOFT_LABELS = [
    *limits(
        Stage.feed_forward,
        (
            THRAMPOULIDIS.format("Lemma 2"),
            THRAMPOULIDIS.format("Theorem 2"),
            THRAMPOULIDIS.format("Theorem 2"),
        ),
        "ov",
        "",
    ),
    *_of_stage(Stage.feed_forward, "ov", ""),
]
LOG_HEAD = [
    *limits(Stage.attention, (LI, LI, LI), "kq", ".kq"),
    *_of_stage(Stage.attention, "kq", ".kq"),
]
