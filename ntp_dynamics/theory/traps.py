"""Traps: can frequent sentences drive a rare one to a wrong limit for good?

While the heavier sentences of a query are served, W follows their own max-margin solution W_S.  A
lighter sentence to which W_S gives a margin r < 0 is driven down; its gradient falls like e^{-|r| s}
and theirs like e^{-s}, s the margin that they have reached.  It comes back in time if r > -1, after
about sqrt(weight ratio) steps if r = -1, and above some ratio never if r < -1.

Without confused tokens there is no trap: W_S is then positive on tokens above others, negative on
tokens below others and 0 elsewhere, so that every r >= 0.  Derived for this project, for orthonormal
embeddings, where queries do not meet: each has its own W_S and its own gaps between weights.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ntp_dynamics.data.corpus import Corpus
from ntp_dynamics.data.realizable import Recognition, optimal_tokens
from ntp_dynamics.theory.certificate import Relation
from ntp_dynamics.theory.column import Column, solve

GAP = 10.0
"""Two sentences are of unequal weight from this factor on."""
ROUNDING = 1e-9
"""Relative: 1e-5 / 1e-6 is a factor of 10."""


def least_pull(corpus: Corpus, found: Recognition) -> float:
    """The least margin r that heavier sentences alone give a relation of a lighter one.

    Over every query with a confused token and every gap of a factor >= 10 between the sorted
    weights of its sentences; inf where there is none, nan for a corpus that is not realizable.
    """
    if found.orders is None:
        return math.nan
    queries = {query for query, order in found.orders.items() if order.confused}
    sentences = _relations(corpus, found, queries)
    return min((r for query in sentences.values() for r in _pulls(query)), default=math.inf)


def _relations(
    corpus: Corpus, found: Recognition, queries: set[int]
) -> Mapping[int, list[tuple[float, set[Relation]]]]:
    """Weight and relations of the sentences of some queries."""
    sentences = defaultdict(list)
    for i, sentence in enumerate(corpus.sentences):
        if len(sentence) > 1 and sentence[-1] in queries:
            optimal, others = optimal_tokens(corpus, i, found.collocation)
            relations = {(a, b) for a in optimal for b in others}
            if relations:
                sentences[sentence[-1]].append((corpus.weights[i], relations))
    return sentences


def _pulls(sentences: Sequence[tuple[float, set[Relation]]]) -> Iterator[float]:
    """r at every gap between the weights of the sentences of one query."""
    ordered = sorted(sentences, key=lambda sentence: -sentence[0])
    heavier: set[Relation] = set()
    for i in range(1, len(ordered)):
        heavier |= ordered[i - 1][1]
        if ordered[i - 1][0] >= GAP * (1 - ROUNDING) * ordered[i][0]:
            lighter = set().union(*(relations for _, relations in ordered[i:])) - heavier
            if lighter:
                yield _least_margin(solve(heavier), lighter)


def _least_margin(column: Column, relations: set[Relation]) -> float:
    w = column.values
    return min(float(w.get(a, 0) - w.get(b, 0)) for a, b in relations)
