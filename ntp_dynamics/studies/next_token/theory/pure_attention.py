"""Is attention on the optimal token alone the best there is, at the logits of a frozen W_ov?

In a sentence with optimal token *, label y and all attention on *, moving attention to a token v
changes the loss at the rate

    dL/dphi_v = (1 - p_y) sum_{j != y} r_j [ (M_jv - M_j*) - (M_yv - M_y*) ],    r_j ~ exp M_j*.

With equal margins it is positive for every wrong v.  With unequal ones (embeddings that are not
orthonormal, a gaussian start) v may tell y from its nearest rival better than * does; then the
best attention is a mixture, and W_kq stops growing instead of going to W*_kq.  Derived for this
project.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import Recognition

BLOCK = 1 << 18
"""Numbers that are held at a time, unless a matrix of logits has more."""


class Pairs(NamedTuple):
    """The pairs P of a label and the optimal token of a sentence, in all runs."""

    run: Int[np.ndarray, " P"]
    label: Int[np.ndarray, " P"]
    best: Int[np.ndarray, " P"]
    wrong: Bool[np.ndarray, "P V"]
    """The tokens that stand beside the optimal one in some sentence."""


def is_best(
    corpora: Sequence[Corpus],
    recognitions: Sequence[Recognition],
    logits: Float[np.ndarray, "S J V"],
) -> Bool[np.ndarray, " S"]:
    """In which runs every such rate is positive; not where a corpus is not realizable."""
    best = np.array([found.realizable for found in recognitions])
    runs = np.flatnonzero(best)
    if not runs.size:
        return best
    asked = [corpora[run] for run in runs.tolist()], [recognitions[run] for run in runs.tolist()]
    pairs = _pairs(*asked)
    many = np.stack([corpus.multiplicity for corpus in asked[0]])
    size = max(1, BLOCK // logits[0].size)
    for first in range(0, len(pairs.run), size):
        run, label, optimal, wrong = (x[first : first + size] for x in pairs)
        positive = rates(logits[runs[run]], optimal, label, many[run]) > 0
        best[runs[run[(wrong & ~positive).any(axis=1)]]] = False
    return best


def rates(
    logits: Float[np.ndarray, "P J V"],
    best: Int[np.ndarray, " P"],
    label: Int[np.ndarray, " P"],
    multiplicity: Float[np.ndarray, "P V"],
) -> Float[np.ndarray, "P V"]:
    """dL/dphi_v / (1 - p_y) of every token v; a class counts by its multiplicity."""
    here = np.arange(len(logits))
    lead = logits[here, label][:, None] - logits  # (P, rival, token)
    of_best = lead[here, :, best]
    rivals = of_best.copy()
    rivals[here, label] = np.inf
    share = multiplicity * np.exp(rivals.min(axis=1, keepdims=True) - rivals)
    share /= share.sum(axis=1, keepdims=True)
    return np.einsum("pj,pjv->pv", share, of_best[..., None] - lead)


def _pairs(corpora: Sequence[Corpus], recognitions: Sequence[Recognition]) -> Pairs:
    """Of realizable corpora.  The optimal token of a sentence is the first of its optimal ones."""
    size = max(corpora[0].vocab_size, corpora[0].classes)  # of a number for each pair
    collocation = np.array([found.collocation for found in recognitions])
    lengths = np.concatenate([corpus.rows.lengths for corpus in corpora])
    run = np.repeat(np.arange(len(corpora)), [corpus.size for corpus in corpora])
    label = np.concatenate([corpus.label for corpus in corpora])
    token = np.concatenate([corpus.rows.flat for corpus in corpora])
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    optimal = collocation[run[sentence], token] == label[sentence]
    first = np.flatnonzero(optimal)[::-1]
    best = np.empty(len(lengths), dtype=np.int64)
    best[sentence[first]] = token[first]
    keys, pair = np.unique((run * size + label) * size + best, return_inverse=True)
    wrong = np.zeros((len(keys), corpora[0].vocab_size), dtype=bool)
    wrong[pair[sentence[~optimal]], token[~optimal]] = True
    return Pairs(keys // size**2, keys // size % size, keys % size, wrong)
