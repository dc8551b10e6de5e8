"""Cycles in the orders of queries.

Linear time whatever n is: a sentence is a node of its own, below its optimal tokens and above the
others, so a sentence costs as many edges as it has distinct tokens.  A cycle through those nodes
names its witnesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import optimal_tokens


class Cycle(NamedTuple):
    """Tokens x1 > x2 > ... > x1 under a query; sample k shows that token k is above the next."""

    query: int
    tokens: tuple[int, ...]
    samples: tuple[int, ...]


def find_cycle(
    corpus: Corpus, collocation: Sequence[int], right: Bool[np.ndarray, " E"]
) -> Cycle | None:
    """A cycle of the order of some query; ``right`` is `orders.is_optimal`."""
    return _named(corpus, collocation) if len(on_cycles(corpus, right)) else None


def on_cycles(corpus: Corpus, right: Bool[np.ndarray, " E"]) -> Int[np.ndarray, " M"]:
    """The samples that a cycle leads through.

    It leads only through tokens that are above one token and below another: where there are such,
    strong components of those and of the sentences that join them tell.
    """
    bags, v = corpus.bags.tokens, np.int64(corpus.vocab_size)
    count = np.add.reduceat(right, bags.start[:-1], dtype=np.int64)
    stating = (count > 0) & (count < bags.lengths)
    states = stating.repeat(bags.lengths)
    owner, right = bags.owner()[states], right[states]
    key = corpus.rows.last[owner] * v + bags.flat[states]
    confused = np.intersect1d(key[right], key[~right])
    if not len(confused):
        return np.zeros(0, dtype=np.int64)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    kept = np.isin(key, confused)
    (samples, owner), right = np.unique(owner[kept], return_inverse=True), right[kept]
    token = np.searchsorted(confused, key[kept])
    sentence = len(confused) + owner
    size = len(confused) + len(samples)
    ends = np.where(right, token, sentence), np.where(right, sentence, token)
    graph = csr_array((np.ones(len(token), dtype=np.int8), ends), shape=(size, size))
    _, component = connected_components(graph, directed=True, connection="strong")
    return samples[np.bincount(component)[component[len(confused) :]] > 1]


def _named(corpus: Corpus, collocation: Sequence[int]) -> Cycle | None:
    """Tokens are nodes (query, token), sentences are nodes i: one sort covers every query."""
    sorter: TopologicalSorter[Any] = TopologicalSorter()
    last = corpus.rows.last.tolist()
    for i in np.flatnonzero(corpus.rows.lengths > 1).tolist():
        optimal, others = optimal_tokens(corpus, i, collocation)
        sorter.add(i, *((last[i], token) for token in optimal))
        for token in others:
            sorter.add((last[i], token), i)
    try:
        sorter.prepare()
    except CycleError as error:
        nodes: list[Any] = error.args[1][
            :-1
        ]  # each node is just above the next one, the last above the first
        if isinstance(nodes[0], int):  # start at a token
            nodes = nodes[1:] + nodes[:1]
        tokens = tuple(token for _, token in nodes[::2])
        return Cycle(nodes[0][0], tokens, tuple(nodes[1::2]))
    return None
