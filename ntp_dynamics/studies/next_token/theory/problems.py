"""Softmax-linear problems (`recession`) out of plain arrays.

Soft labels: column x is a context, T_n the whole vocabulary, p_n = p(.|x).  The log head of the
attention layer: column q is a query, T_n the tokens of a sentence, p_n its optimal token; attention
mass on that token is a softmax, and its log the loss.

With W_ov frozen at equal margins Delta, injective n and orthonormal embeddings, the cross-entropy
near its infimum is the second problem times a constant: attention phi_v on v and not on the optimal
token costs Delta (p_n(v) + 1 - p_y) phi_v = Delta |V| q phi_v,

    q = e^-Delta / (1 + (|V|-1) e^-Delta),

the same for every v and every sentence.  So both have one direction and one offset.  Derived for
this project.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.rows import Rows, starts
from ntp_dynamics.studies.next_token.theory.recession import Samples


def soft_labels(
    context: Int[np.ndarray, " M"],
    following: Int[np.ndarray, " M"],
    weight: Float[np.ndarray, " M"],
    vocab_size: int,
) -> Samples:
    """Of pairs of a context and a token that follows it; equal ones add up.

    pi is a context's share of all weight.  Sizes: E = contexts x vocabulary.
    """
    contexts, row = np.unique(context, return_inverse=True)
    counts = np.zeros((len(contexts), vocab_size))
    np.add.at(counts, (row, following), weight)
    total = counts.sum(axis=1)
    tokens = np.tile(np.arange(vocab_size, dtype=np.int32), len(contexts))
    return Samples(
        vocab_size,
        column=contexts,
        tokens=Rows(tokens, starts(np.full(len(contexts), vocab_size))),
        copies=np.ones(len(tokens)),
        target=(counts / total[:, None]).ravel(),
        weight=total,
    )


def log_head(
    tokens: Rows,
    copies: Int[np.ndarray, " E"],
    query: Int[np.ndarray, " N"],
    holder: Int[np.ndarray, " N"],
    weight: Float[np.ndarray, " N"],
    vocab_size: int,
) -> Samples:
    """Of sentences: their distinct tokens with copies, last and optimal tokens.

    ``holder``: the one token of each sentence whose continuation is the label.  Raises ValueError
    for a sentence without it.
    """
    target = tokens.flat == np.repeat(holder, tokens.lengths)
    if target.sum() != len(query):
        raise ValueError("some sentence does not hold the token that leads to its label")
    return Samples(vocab_size, query, tokens, copies.astype(float), target.astype(float), weight)


def attention_problem(corpus: Corpus, collocation: Int[np.ndarray, " V"]) -> Samples | None:
    """The log head of a corpus, of its sentences of two tokens or more: pi are their shares.

    None where there is no such sentence, or one has not exactly one optimal token.
    """
    longer = np.flatnonzero(corpus.rows.lengths > 1)
    bags = corpus.bags
    tokens = bags.tokens.take(longer)
    lengths = bags.tokens.lengths[longer]
    kept = np.repeat(corpus.rows.lengths > 1, bags.tokens.lengths)
    right = collocation[tokens.flat] == np.repeat(corpus.label[longer], lengths)
    if not len(longer) or (np.add.reduceat(right, tokens.start[:-1], dtype=int) != 1).any():
        return None
    return log_head(
        tokens,
        bags.copies[kept],
        corpus.rows.last[longer],
        tokens.flat[right],
        corpus.weight[longer],
        corpus.vocab_size,
    )
