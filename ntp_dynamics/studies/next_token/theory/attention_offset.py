"""The offset R^2 of the attention stage: the constant in front of 1 - cos ~ t^-2.

Near its infimum the cross-entropy of a frozen W_ov with equal margins is a constant times the loss
of the log head (`problems`), and R^2 is that of the log head.  So it is of votes for two labels
where each sentence has one right voter, though n is not injective: a leak phi_- costs
2 Delta phi_- / (1 + e^Delta), whichever tokens it goes to.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.theory.columns import Columns
from ntp_dynamics.studies.next_token.theory.finite_part import finite_part
from ntp_dynamics.studies.next_token.theory.offset import offset, undetermined
from ntp_dynamics.studies.next_token.theory.problems import attention_problem
from ntp_dynamics.studies.next_token.theory.recession import recession


class AttentionOffset(NamedTuple):
    """R^2 and the rates of the way there (`offset`); nan where R^2 is not determined."""

    squared: float = math.nan
    slowest: float = math.nan
    fastest: float = math.nan
    missing: str | None = None
    """Why it is not."""


NO_TARGET = AttentionOffset(missing="no exact target")


def attention_offset(corpus: Corpus, found: Recognition, columns: Columns) -> AttentionOffset:
    """That of a realizable corpus with orthonormal embeddings; ``columns`` are its target's."""
    if not columns:
        return AttentionOffset(missing="the corpus states no relation to learn")
    if not (found.injective or corpus.labels):
        return AttentionOffset(missing="two tokens share a continuation")
    if (why := undetermined(columns)) is not None:
        return AttentionOffset(missing=why)
    samples = attention_problem(corpus, np.array(found.collocation))
    if samples is None:
        return AttentionOffset(missing="some sentence has not exactly one optimal token")
    problem = recession(samples, columns)
    its = offset(problem, finite_part(problem))
    return AttentionOffset(its.squared, *its.rates, its.missing)
