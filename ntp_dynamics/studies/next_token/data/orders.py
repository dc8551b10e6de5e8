"""What stands above what under each query.

In a sample (X, y) of two tokens or more the tokens x of X with n(x) = y are optimal: each is
*above*, under the query (the last token of X), every other token of X.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.rows import starts


@dataclass(frozen=True)
class Order:
    """The order of one query: ``(above, below)`` relations, each with a witness sample."""

    relations: dict[tuple[int, int], int]

    @property
    def above(self) -> set[int]:
        return {a for a, _ in self.relations}

    @property
    def below(self) -> set[int]:
        return {b for _, b in self.relations}

    @property
    def optimal(self) -> set[int]:
        """Tokens with something below and nothing above."""
        return self.above - self.below

    @property
    def non_optimal(self) -> set[int]:
        """Tokens with something above and nothing below."""
        return self.below - self.above

    @property
    def confused(self) -> set[int]:
        """Tokens with something above and something below."""
        return self.above & self.below

    def non_comparable(self, vocab_size: int) -> set[int]:
        """Tokens without any relation."""
        return set(range(vocab_size)) - self.above - self.below


class Relations(NamedTuple):
    """The relations of all queries, each once: by query, then above, then below."""

    query: Int[np.ndarray, " M"]
    above: Int[np.ndarray, " M"]
    below: Int[np.ndarray, " M"]

    def by_query(self) -> tuple[Int[np.ndarray, " Q"], Int[np.ndarray, " Q+1"]]:
        """The queries that have relations, and where those of each begin."""
        queries, count = np.unique(self.query, return_counts=True)
        return queries, starts(count)

    def confused(self, vocab_size: int) -> Int[np.ndarray, "C 2"]:
        """(query, token) wherever a token is above one and below another."""
        query = self.query.astype(np.int64) * vocab_size
        both = np.intersect1d(query + self.above, query + self.below)
        return np.stack(np.divmod(both, vocab_size), axis=1)


class Orders(Mapping[int, Order]):
    """The orders of the queries that have relations; each is spelled out when it is asked for."""

    def __init__(self, corpus: Corpus, collocation: Sequence[int], relations: Relations):
        self.relations = relations
        self._corpus, self._collocation = corpus, collocation

    def __getitem__(self, query: int) -> Order:
        if query not in self._queries:
            raise KeyError(query)
        found: dict[tuple[int, int], int] = {}
        for i in self._asking(query):
            optimal, others = optimal_tokens(self._corpus, i, self._collocation)
            for a in optimal:
                for b in others:
                    found.setdefault((a, b), i)
        return Order(found)

    def __iter__(self) -> Iterator[int]:
        return iter(self._queries)

    def __len__(self) -> int:
        return len(self._queries)

    @cached_property
    def _queries(self) -> dict[int, None]:
        return dict.fromkeys(np.unique(self.relations.query).tolist())

    @cached_property
    def _by_last(self) -> tuple[Int[np.ndarray, " N"], Int[np.ndarray, " N"]]:
        """The samples in the order of their last tokens, and these."""
        last = self._corpus.rows.last
        order = np.argsort(last, kind="stable")
        return order, last[order]

    def _asking(self, query: int) -> list[int]:
        """The samples that end in a token."""
        order, last = self._by_last
        begin, end = np.searchsorted(last, [query, query + 1])
        return order[begin:end].tolist()


def optimal_tokens(
    corpus: Corpus, i: int, collocation: Sequence[int]
) -> tuple[list[int], list[int]]:
    """Distinct tokens of sample ``i``, by first occurrence: (optimal, the others)."""
    optimal, others, label = [], [], int(corpus.label[i])
    for token in dict.fromkeys(corpus.rows[i].tolist()):
        (optimal if collocation[token] == label else others).append(token)
    return optimal, others


def is_optimal(corpus: Corpus, collocation: Int[np.ndarray, " V"]) -> Bool[np.ndarray, " E"]:
    """Of each distinct token of each sentence, whether it leads to the next token."""
    bags = corpus.bags.tokens
    return collocation[bags.flat] == np.repeat(corpus.label, bags.lengths)


def optimal_types(corpus: Corpus, collocation: Sequence[int]) -> Int[np.ndarray, " N"]:
    """How many distinct tokens of each sample lead to its label."""
    right = is_optimal(corpus, np.asarray(collocation))
    return np.add.reduceat(right, corpus.bags.tokens.start[:-1], dtype=np.int64)


def one_optimal(corpus: Corpus, collocation: Sequence[int]) -> bool:
    """Whether each sentence of two tokens or more has exactly one optimal type of token."""
    return bool((optimal_types(corpus, collocation)[corpus.rows.lengths > 1] == 1).all())


def query_orders(corpus: Corpus, collocation: Sequence[int]) -> Orders:
    """The relations of every query that has one."""
    right = is_optimal(corpus, np.asarray(collocation))
    return Orders(corpus, collocation, relations_stated(corpus, right))


def relations_stated(corpus: Corpus, right: Bool[np.ndarray, " E"]) -> Relations:
    """Of all sentences; ``right`` is `is_optimal`."""
    bags, v = corpus.bags.tokens, np.int64(corpus.vocab_size)
    optimal = np.flatnonzero(right)
    count = np.add.reduceat(right, bags.start[:-1], dtype=np.int64)
    first = starts(count)
    below = np.flatnonzero(~right)
    owner = bags.owner()[below]
    times = count[owner]
    if (times == 1).all():
        above = optimal[first[owner]]
    else:  # each of the others with each optimal one
        below, owner = below.repeat(times), owner.repeat(times)
        which = np.arange(len(below)) - starts(times)[:-1].repeat(times)
        above = optimal[first[owner] + which]
    key = (corpus.rows.last[owner] * v + bags.flat[above]) * v + bags.flat[below]
    key.sort()
    key = key[np.concatenate([[True], key[1:] != key[:-1]])[: len(key)]]
    query, pair = np.divmod(key, v * v)
    above, below = np.divmod(pair, v)
    return Relations(*(x.astype(np.int32) for x in (query, above, below)))


def relations_of(orders: Mapping[int, Order]) -> Relations:
    """The relations of orders in arrays."""
    if isinstance(orders, Orders):
        return orders.relations
    found = sorted((q, a, b) for q, order in orders.items() for a, b in order.relations)
    return Relations(*np.array(found, dtype=np.int32).reshape(-1, 3).T)
