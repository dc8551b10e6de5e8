"""Every failure of a corpus to be realizable, reason by reason; the recogniser stops at the first.

    two continuations     a token x has samples [x] with different next tokens
    missing collocation   a token is used, and there is no sample [x]
    unreachable label     for no token x of a sample is [x] followed by its next token
    cycle                 under a query, tokens are above one another in a circle

The last two are asked with all continuations that a token has: a label that is unreachable stays so
whichever of them is kept, and a cycle stays where none of its tokens has several.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.cycles import on_cycles
from ntp_dynamics.studies.next_token.data.realizable import Reason


@dataclass(frozen=True)
class Failure:
    """One reason, and all that fails for it."""

    reason: Reason
    items: Int[np.ndarray, " K"]
    """The tokens; the samples with an unreachable label; the queries with a cycle."""
    samples: Int[np.ndarray, " M"]
    """Those that fail: length-one samples of these tokens, samples that use them, samples with an
    unreachable label, samples on a cycle."""


def failures(corpus: Corpus) -> tuple[Failure, ...]:
    """All there are, in the order in which the recogniser looks for reasons."""
    rows, bags, size = corpus.rows, corpus.bags.tokens, corpus.vocab_size
    alone = np.flatnonzero(rows.lengths == 1)
    continuations = np.bincount(rows.first[alone], minlength=size)
    several = continuations > 1
    used = np.zeros(size, dtype=bool)
    used[rows.flat] = True
    missing = used & (continuations == 0)
    owner, lacks = bags.owner(), missing[bags.flat]
    right = _is_optimal(corpus, alone)
    unreached = np.flatnonzero(~np.logical_or.reduceat(right, bags.start[:-1]))
    circle = on_cycles(corpus, right)
    found = (
        (Reason.TWO_CONTINUATIONS, np.flatnonzero(several), alone[several[rows.first[alone]]]),
        (Reason.MISSING_COLLOCATION, np.flatnonzero(missing), np.unique(owner[lacks])),
        (Reason.UNREACHABLE_LABEL, unreached, unreached),
        (Reason.CYCLE, np.unique(rows.last[circle]), circle),
    )
    return tuple(Failure(*failure) for failure in found if len(failure[1]))


def _is_optimal(corpus: Corpus, alone: Int[np.ndarray, " A"]) -> Bool[np.ndarray, " E"]:
    """Of each distinct token of each sample, whether some continuation of it is the next token."""
    bags, v = corpus.bags.tokens, np.int64(len(corpus.label_names))
    pairs = corpus.rows.first[alone] * v + corpus.label[alone]
    return np.isin(bags.flat * v + corpus.label[bags.owner()], pairs)
