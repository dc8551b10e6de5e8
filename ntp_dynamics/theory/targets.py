"""The exact targets of every run of a job, or the reason why a run has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.data.embedding import Embedding
from ntp_dynamics.data.realizable import Recognition
from ntp_dynamics.theory.max_margin import (
    AttentionTarget,
    FeedForwardTarget,
    Infeasible,
    attention_target,
    feed_forward_target,
)

NOT_ORTHONORMAL = "targets for embeddings that are not orthonormal are not implemented yet"


@dataclass(frozen=True)
class Targets:
    """Max-margin solutions of one run: problems (2) and (3) of Huang, Liang, Yang 2024."""

    feed_forward: FeedForwardTarget | None
    attention: AttentionTarget | None
    missing: str | None
    """Why the attention target is missing."""


def solve(
    corpora: Sequence[Corpus],
    recognitions: Sequence[Recognition],
    embeddings: Sequence[Embedding],
) -> list[Targets]:
    """Targets of each run; runs that share a corpus share the work."""
    solved: dict[int, Targets] = {}
    targets = []
    for corpus, recognition, embedding in zip(corpora, recognitions, embeddings, strict=True):
        if not embedding.orthonormal:
            targets.append(Targets(None, None, NOT_ORTHONORMAL))
        else:
            key = id(recognition)
            solved[key] = solved.get(key) or _solve(corpus, recognition)
            targets.append(solved[key])
    return targets


def _solve(corpus: Corpus, recognition: Recognition) -> Targets:
    collocation = recognition.collocation
    feed_forward = feed_forward_target(collocation, len(collocation))
    try:
        return Targets(feed_forward, attention_target(recognition), None)
    except Infeasible as error:
        return Targets(feed_forward, None, error.spell(corpus.vocab.__getitem__))
