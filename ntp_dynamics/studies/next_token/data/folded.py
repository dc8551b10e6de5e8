"""Tokens that no sample uses, taken together as one."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.rows import Rows


def fold(corpus: Corpus) -> Corpus:
    """The same samples, the tokens that none of them uses as one, if there are several.

    From a start at zero nothing tells unused tokens apart: they enter as a number.  Where labels
    are no tokens, unused tokens enter nowhere, and the corpus stays as it is.
    """
    if corpus.labels:
        return corpus
    is_used = np.zeros(corpus.vocab_size, dtype=bool)
    is_used[corpus.rows.flat] = is_used[corpus.label] = True
    used = np.flatnonzero(is_used)
    unused = corpus.token_count - len(used)
    if unused < 2 or (corpus.unused and len(used) == corpus.vocab_size - 1):
        return corpus
    names = [corpus.vocab[v] for v in used]
    together = f"{unused:,} unused tokens"
    while together in names:
        together += "'"
    number = (is_used.cumsum() - 1).astype(np.int32)
    rows = Rows(number[corpus.rows.flat], corpus.rows.start)
    return Corpus((*names, together), rows, number[corpus.label], corpus.weight, unused)
