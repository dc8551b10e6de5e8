"""The max-margin targets of every run of a job, or the reason why a run has none.

Exact for orthonormal embeddings (``max_margin``); with a duality gap for others (``gram_dual``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.theory.attention_offset import (
    NO_TARGET,
    AttentionOffset,
    attention_offset,
)
from ntp_dynamics.studies.next_token.theory.gram_dual import (
    GramTarget,
    NoGramTarget,
    attention_dual,
    feed_forward_dual,
)
from ntp_dynamics.studies.next_token.theory.max_margin import (
    AttentionTarget,
    ClosedFormTarget,
    FeedForwardTarget,
    Infeasible,
    attention_target,
)
from ntp_dynamics.studies.next_token.theory.step_size import UNKNOWN, Threshold, threshold
from ntp_dynamics.studies.next_token.theory.traps import least_pull


@dataclass(frozen=True)
class Targets:
    """Max-margin solutions of one run: problems (2) and (3) of Huang, Liang, Yang 2024."""

    feed_forward: FeedForwardTarget | None
    attention: AttentionTarget | GramTarget | None
    missing: str | None
    """Why the attention target is missing."""
    pull: float
    """The least margin that heavier sentences alone give a lighter one (`traps`); inf where no
    token is confused or no weights are unequal, nan where it is not known."""
    threshold: Threshold = UNKNOWN
    """eta_c (`step_size`)."""
    offset: AttentionOffset = NO_TARGET
    """R^2 (`attention_offset`)."""


_solved: dict[tuple[Corpus, bytes], Targets] = {}
"""Those of the last job: jobs of a sweep mostly ask for the same."""


def solve_targets(
    corpora: Sequence[Corpus],
    recognitions: Sequence[Recognition],
    embeddings: Sequence[TokenVectors],
) -> list[Targets]:
    """Targets of each run; runs that share corpus and Gram matrix share the work, and so does a job
    with the one before it."""
    global _solved
    grams = [b"" if e.orthonormal else e.gram.tobytes() for e in embeddings]
    keys = list(zip(corpora, grams, strict=True))
    solved: dict[tuple[Corpus, bytes], Targets] = {}
    for key, recognition, embedding in zip(keys, recognitions, embeddings, strict=True):
        if key not in solved:
            solved[key] = _solved.get(key) or _solve(key[0], recognition, embedding)
    _solved = solved
    return [solved[key] for key in keys]


def _solve(corpus: Corpus, recognition: Recognition, embedding: TokenVectors) -> Targets:
    feed_forward = _feed_forward(corpus, recognition.collocation, embedding)
    pull = least_pull(corpus, recognition) if embedding.orthonormal else math.nan
    try:
        attention = _attention(recognition, embedding)
        if not isinstance(attention, AttentionTarget):
            return Targets(feed_forward, attention, None, pull)
        offset = attention_offset(corpus, recognition, attention.columns)
        return Targets(feed_forward, attention, None, pull, threshold(attention), offset)
    except Infeasible as error:
        return Targets(feed_forward, None, error.spell(corpus.name), pull)
    except NoGramTarget as error:
        return Targets(feed_forward, None, str(error), pull)


def _feed_forward(
    corpus: Corpus, collocation: Sequence[int], embedding: TokenVectors
) -> FeedForwardTarget | None:
    if embedding.orthonormal:
        return ClosedFormTarget(collocation, len(corpus.label_names), corpus.unused)
    try:
        return feed_forward_dual(collocation, embedding.gram, len(corpus.label_names))
    except NoGramTarget:
        return None


def _attention(recognition: Recognition, embedding: TokenVectors) -> AttentionTarget | GramTarget:
    if embedding.orthonormal:
        return attention_target(recognition)
    if recognition.certificate is not None:
        raise Infeasible(recognition.certificate)
    return attention_dual(recognition.orders or {}, embedding.gram)
