"""Which n to begin with: one that reaches much, the commonest follower, an injective one.

A sample is *reached* by n where one of its tokens x has n(x) = its next token.  The weight that is
reached is a monotone submodular function of n under a partition matroid (one y a token): greedy
reaches at least half of the most that any n reaches (Fisher, Nemhauser, Wolsey 1978).
"""

from __future__ import annotations

import heapq

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.repair.terms import Choice, Pairs, Terms
from ntp_dynamics.system.errors import UserError

ROUNDS = 3
"""Of coordinate ascent, at most."""
PARTS = 16
"""Of an n, for a bound."""
MOST_ASSIGNED = 5_000
"""So many tokens an injective n is looked for at most: its matrix is dense."""


def covering(pairs: Pairs, weight: Float[np.ndarray, " N"]) -> Int[np.ndarray, " V"]:
    """n by lazy greedy coverage, then coordinate ascent; -1 where no continuation is allowed."""
    n, reached = _greedy(pairs, weight)
    for _ in range(ROUNDS):
        before = n.copy()
        for token in np.flatnonzero(np.diff(pairs.of_token)).tolist():
            _choose(pairs, weight, n, reached, token)
        if (n == before).all():
            break
    return n


def followers(pairs: Pairs, weight: Float[np.ndarray, " N"]) -> Int[np.ndarray, " V"]:
    """The commonest follower of each token; what reaches most, where none follows it."""
    n = np.full(len(pairs.of_token) - 1, -1, dtype=np.int64)
    order = np.lexsort((-pairs.follows, pairs.token))
    tokens = np.flatnonzero(np.diff(pairs.of_token))
    best = order[pairs.of_token[tokens]]
    known = pairs.follows[best] > 0
    n[tokens[known]] = pairs.label[best[known]]
    reached = _reached(pairs, n, len(weight))
    for token in tokens[~known].tolist():
        _choose(pairs, weight, n, reached, token)
    return n


def injective(
    corpus: Corpus, pairs: Pairs, value: Float[np.ndarray, " P"]
) -> Int[np.ndarray, " V"]:
    """The injective n of most value, a sum over its pairs; by assignment.

    Where any continuation is allowed, tokens that are left over get those that are left over.
    Raises UserError for a vocabulary too large.
    """
    from scipy.optimize import linear_sum_assignment

    used = np.flatnonzero(np.diff(pairs.of_token))
    if len(used) > MOST_ASSIGNED:
        what = (
            f"{len(used):,} tokens are used: an injective n is looked for among {MOST_ASSIGNED:,}"
        )
        raise UserError("assumption 1", what, "give a smaller vocabulary")
    matrix = np.zeros((len(used), corpus.vocab_size - bool(corpus.unused)))
    allowed = np.flatnonzero(pairs.allowed)
    row = np.searchsorted(used, pairs.token[allowed])
    matrix[row, pairs.label[allowed]] = value[allowed]
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    n = np.full(corpus.vocab_size, -1, dtype=np.int64)
    n[used[rows]] = columns
    if not pairs.declared:
        for token in used.tolist():
            pair = pairs.find(token, int(n[token]))
            n[token] = n[token] if pair >= 0 and pairs.allowed[pair] else -1
        return n
    return completed(corpus, Terms(assumption1=True), pairs, n)


def most_reached(pairs: Pairs, weight: Float[np.ndarray, " N"], n: Int[np.ndarray, " V"]) -> float:
    """No n reaches more weight.

    What a part S of this n reaches, and for each token the most that a continuation adds to it:
    f(best) <= f(S) + sum of gains, for f monotone and submodular.  The least of a few S, the tokens
    that reach most first.
    """
    best, tokens = float(weight.sum()), np.flatnonzero(np.diff(pairs.of_token))
    begin = pairs.of_token[tokens]
    value = np.where(n[pairs.token] == pairs.label, cooccurrence(pairs, weight), 0.0)
    order = tokens[np.argsort(-np.add.reduceat(value, begin), kind="stable")]
    for size in np.linspace(0, len(order), PARTS + 1).astype(int):
        part = np.full(len(n), -1, dtype=np.int64)
        part[order[:size]] = n[order[:size]]
        reached = _reached(pairs, part, len(weight)) > 0
        gain = _sums(pairs, np.where(reached[pairs.sample], 0.0, weight[pairs.sample]))
        added = np.maximum.reduceat(np.where(pairs.allowed, gain, 0.0), begin).sum()
        best = min(best, float(weight[reached].sum() + added))
    return best


def cooccurrence(pairs: Pairs, weight: Float[np.ndarray, " N"]) -> Float[np.ndarray, " P"]:
    """The weight of the samples of each pair."""
    return _sums(pairs, weight[pairs.sample])


def total(pairs: Pairs, value: Float[np.ndarray, " P"], n: Int[np.ndarray, " V"]) -> float:
    """The sum of values over the pairs of an n."""
    return float(value[n[pairs.token] == pairs.label].sum())


def _sums(pairs: Pairs, value: Float[np.ndarray, " E"]) -> Float[np.ndarray, " P"]:
    return np.add.reduceat(value, pairs.start[:-1])


def _reached(pairs: Pairs, n: Int[np.ndarray, " V"], size: int) -> Int[np.ndarray, " N"]:
    """How many tokens of each sample reach it."""
    right = (n[pairs.token] == pairs.label).repeat(np.diff(pairs.start))
    return np.bincount(pairs.sample[right], minlength=size)


def _greedy(
    pairs: Pairs, weight: Float[np.ndarray, " N"]
) -> tuple[Int[np.ndarray, " V"], Int[np.ndarray, " N"]]:
    """The pair that adds most, again and again; what it adds is asked again only at the top."""
    n = np.full(len(pairs.of_token) - 1, -1, dtype=np.int64)
    reached = np.zeros(len(weight), dtype=np.int64)
    allowed = np.flatnonzero(pairs.allowed)
    gain = cooccurrence(pairs, weight)[allowed]
    heap = list(zip((-gain).tolist(), allowed.tolist(), strict=True))
    heapq.heapify(heap)
    left = len(np.unique(pairs.token[allowed]))
    while left:
        promised, pair = heapq.heappop(heap)
        token = pairs.token[pair]
        if n[token] >= 0:
            continue
        samples = pairs.sample[pairs.start[pair] : pairs.start[pair + 1]]
        adds = weight[samples[reached[samples] == 0]].sum()
        if adds < -promised:
            heapq.heappush(heap, (-adds, pair))
            continue
        n[token] = pairs.label[pair]
        reached[samples] += 1
        left -= 1
    return n, reached


def _choose(
    pairs: Pairs,
    weight: Float[np.ndarray, " N"],
    n: Int[np.ndarray, " V"],
    reached: Int[np.ndarray, " N"],
    token: int,
) -> None:
    """Give a token the continuation that reaches most beside those of the others; in place."""
    first, last = pairs.of_token[token], pairs.of_token[token + 1]
    if not pairs.allowed[first:last].any():
        return
    samples = pairs.sample[pairs.start[first] : pairs.start[last]]
    begin = pairs.start[first : last + 1] - pairs.start[first]
    old = pairs.find(token, int(n[token]))
    if old >= 0:
        reached[samples[begin[old - first] : begin[old - first + 1]]] -= 1
    gain = np.add.reduceat(np.where(reached[samples] > 0, 0.0, weight[samples]), begin[:-1])
    gain[~pairs.allowed[first:last]] = -1.0
    best = int(gain.argmax())
    if old >= 0 and gain[old - first] == gain[best]:
        best = old - first
    n[token] = pairs.label[first + best]
    reached[samples[begin[best] : begin[best + 1]]] += 1


def completed(
    corpus: Corpus, terms: Terms, pairs: Pairs, n: Int[np.ndarray, " V"]
) -> Int[np.ndarray, " V"]:
    """With a continuation for each used token that has none, such that no sample is reached by it;
    under Assumption 1 for every token of the vocabulary, which n is then a permutation of.  As n is
    where continuations must be attested."""
    if terms.collocation is Choice.attested:
        return n
    n, labels = n.copy(), np.arange(corpus.vocab_size - bool(corpus.unused))
    if terms.assumption1:
        n[labels[n[labels] < 0]] = np.setdiff1d(labels, n)[: (n[labels] < 0).sum()]
        return n
    for token in np.flatnonzero((n < 0) & (np.diff(pairs.of_token) > 0)).tolist():
        follows = pairs.label[pairs.of_token[token] : pairs.of_token[token + 1]]
        n[token] = np.setdiff1d(labels, follows)[0]
    return n
