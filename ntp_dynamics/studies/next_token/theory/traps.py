"""Traps: can frequent sentences drive a rare one to a wrong limit for good?

While the heavier sentences of a query are served, W follows their own max-margin solution W_S.  A
lighter sentence to which W_S gives a margin r < 0 is driven down; its gradient falls like
e^{-|r| s} and theirs like e^{-s}, s the margin that they have reached.  It comes back in time if
r > -1; late, or not at all where relations with a positive multiplier hold it, if r = -1; and never
above some ratio of the weights if r < -1.  So r <= -1 rules a run out.  The ratio depends on the
margin of the frozen logits too; a factor of 10 is taken, which rules out too much, not too little.

Without confused tokens there is no trap: W_S is then positive on tokens above others, negative on
tokens below others and 0 elsewhere, so that every r >= 0.  Derived for this project, for
orthonormal embeddings, where queries do not meet: each has its own W_S.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import Order, optimal_tokens, relations_of
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.theory.certificate import Relation
from ntp_dynamics.studies.next_token.theory.column import Column
from ntp_dynamics.studies.next_token.theory.max_margin import solve_relations

UNEQUAL = 10.0
"""A sentence is lighter than another from this factor between their weights on."""
ROUNDING = 1e-9
"""Relative: 1e-5 is lighter than 1e-4 by a factor of 10."""


class Split(NamedTuple):
    """Relations of the sentences of a query from some weight on; others of lighter sentences."""

    heavier: frozenset[Relation]
    lighter: frozenset[Relation]


def least_pull(corpus: Corpus, found: Recognition) -> float:
    """The least margin r that heavier sentences alone give a relation of a lighter one.

    Over every query with a confused token, with W_S of its sentences from any weight on and those
    lighter by a factor of 10 or more; inf where there are none, nan for a corpus that is not
    realizable.
    """
    if found.orders is None:
        return math.nan
    if corpus.weight.min() > corpus.weight.max() / UNEQUAL * (1 + ROUNDING):
        return math.inf
    queries = {query for query, _ in found.confused}
    said = _relations(corpus, found, queries).values()
    splits = [split for sentences in said for split in _splits(sentences)]
    orders = {i: Order(dict.fromkeys(split.heavier, 0)) for i, split in enumerate(splits)}
    columns = solve_relations(relations_of(orders), corpus.vocab_size)
    pulls = (_least_margin(columns[i], split.lighter) for i, split in enumerate(splits))
    return min(pulls, default=math.inf)


def _relations(
    corpus: Corpus, found: Recognition, queries: set[int]
) -> Mapping[int, list[tuple[float, set[Relation]]]]:
    """Weight and relations of the sentences of some queries."""
    sentences = defaultdict(list)
    last = corpus.rows.last
    asked = np.isin(last, list(queries)) & (corpus.rows.lengths > 1)
    for i in np.flatnonzero(asked).tolist():
        optimal, others = optimal_tokens(corpus, i, found.collocation)
        if relations := {(a, b) for a in optimal for b in others}:
            sentences[int(last[i])].append((float(corpus.weight[i]), relations))
    return sentences


def _splits(sentences: Sequence[tuple[float, set[Relation]]]) -> Iterator[Split]:
    """Every way to split the sentences of a query by weight, equal sets of relations once."""
    ordered = sorted(sentences, key=lambda sentence: -sentence[0])
    lightest: dict[Relation, float] = {}
    for weight, relations in reversed(ordered):
        lightest |= dict.fromkeys(relations - lightest.keys(), weight)
    heavier: set[Relation] = set()
    seen: set[Split] = set()
    for i, (weight, relations) in enumerate(ordered):
        heavier |= relations
        if i + 1 < len(ordered) and ordered[i + 1][0] == weight:
            continue
        limit = weight / UNEQUAL * (1 + ROUNDING)
        lighter = {r for r, least in lightest.items() if least <= limit and r not in heavier}
        split = Split(frozenset(heavier), frozenset(lighter))
        if lighter and split not in seen:
            seen.add(split)
            yield split


def _least_margin(column: Column, relations: frozenset[Relation]) -> float:
    w = column.values
    return min(float(w.get(a, 0) - w.get(b, 0)) for a, b in relations)
