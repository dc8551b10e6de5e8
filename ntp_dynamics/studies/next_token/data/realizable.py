"""Is a corpus realizable?  Linear-time recogniser with certificates.

Huang, Liang, Yang (2024), Definition 1 and Assumption 1, in this code's symbols: the samples of
length one define the collocation ``n``.  In a longer sample (X, y) the tokens x of X with
n(x) = y are optimal; each is *above*, under the query (the last token of X), every token of X with
another continuation.  The corpus is realizable when n is complete and single valued on the tokens
it uses, every label is reachable (some token is optimal) and each query's order is acyclic.

Linear time whatever n is: a sentence is a node of its own, below its optimal tokens and above the
others, so a sentence costs as many edges as it has distinct tokens.  A cycle through those nodes
names its witnesses.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.system.errors import UserError


class Reason(StrEnum):
    """Why a corpus is not realizable, in the order in which reasons are looked for."""

    TWO_CONTINUATIONS = "two continuations"
    MISSING_COLLOCATION = "missing collocation"
    UNREACHABLE_LABEL = "unreachable label"
    CYCLE = "cycle"


@dataclass(frozen=True)
class Certificate:
    """Samples that show by hand why a corpus is not realizable.

    ``samples`` are indices into the corpus, ``tokens`` what they are about:
    two continuations: the token, and its two length-one samples; missing collocation: the token,
    and the samples that use it; unreachable label: the label, and the sample; cycle: tokens
    x1 > x2 > ... > x1 (the last is above the first), sample k showing that token k is above the
    next one, all under ``query``.
    """

    reason: Reason
    samples: tuple[int, ...]
    tokens: tuple[int, ...]
    query: int | None = None


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


@dataclass(frozen=True)
class Recognition:
    """What the recogniser found.

    ``collocation`` has -1 where a token's continuation is unknown or double.  ``orders`` (by query)
    is None unless the corpus is realizable.  ``assumption3_violations`` are the samples in which
    some non-optimal token has more copies than the optimal tokens together, ``open_prefixes`` those
    of two tokens or more whose sentence without its last token is no sample continued by it.
    """

    collocation: tuple[int, ...]
    certificate: Certificate | None
    non_injective: tuple[tuple[int, int], ...]
    orders: dict[int, Order] | None
    assumption3_violations: tuple[int, ...]
    open_prefixes: tuple[int, ...] = ()

    @property
    def prefix_closed(self) -> bool:
        """Whether every prefix of a sample is a sample too: the set-up of the paper."""
        return not self.open_prefixes

    @property
    def realizable(self) -> bool:
        return self.certificate is None

    @property
    def injective(self) -> bool:
        return not self.non_injective

    @property
    def confused(self) -> tuple[tuple[int, int], ...]:
        """(query, token) pairs, empty where the corpus is not realizable."""
        orders = self.orders or {}
        return tuple((q, token) for q in sorted(orders) for token in sorted(orders[q].confused))

    @property
    def assumption1(self) -> bool:
        """The paper's sense: realizable, n injective, no confused token."""
        return self.realizable and self.injective and not self.confused


def recognise(corpus: Corpus) -> Recognition:
    """Decide realizability in linear time; the relations of the orders come on top."""
    collocation, certificate = _collocation(corpus)
    certificate = certificate or _missing(corpus, collocation) or _unreachable(corpus, collocation)
    certificate = certificate or _cycle(corpus, collocation)
    realizable = certificate is None
    return Recognition(
        collocation=tuple(collocation),
        certificate=certificate,
        non_injective=_non_injective(collocation),
        orders=query_orders(corpus, collocation) if realizable else None,
        assumption3_violations=_assumption3(corpus, collocation),
        open_prefixes=_open_prefixes(corpus),
    )


def require_collocation(corpus: Corpus, where: str) -> None:
    """Raises UserError where no token has a known continuation: stage 1, a sum over these tokens,
    is empty then, and no margin can stand for it."""
    collocation, _ = _collocation(corpus)
    if max(collocation) < 0:
        what = (
            "no token has a known continuation: there is nothing to train the feed-forward layer on"
        )
        remedy = "add sentences of one token, or use train.stages=[joint]"
        raise UserError(where, what, remedy)


def optimal_tokens(corpus: Corpus, i: int, collocation: Any) -> tuple[list[int], list[int]]:
    """Distinct tokens of sample ``i``, by first occurrence: (optimal, the others)."""
    optimal, others = [], []
    for token in dict.fromkeys(corpus.sentences[i]):
        (optimal if collocation[token] == corpus.next_tokens[i] else others).append(token)
    return optimal, others


def query_orders(corpus: Corpus, collocation: Any) -> dict[int, Order]:
    """The relations of every query that has one, each with its first witness."""
    relations: dict[int, dict[tuple[int, int], int]] = defaultdict(dict)
    for i, sentence in enumerate(corpus.sentences):
        if len(sentence) > 1:
            optimal, others = optimal_tokens(corpus, i, collocation)
            for a in optimal:
                for b in others:
                    relations[sentence[-1]].setdefault((a, b), i)
    return {q: Order(relations[q]) for q in sorted(relations)}


def _collocation(corpus: Corpus) -> tuple[list[int], Certificate | None]:
    collocation = [-1] * corpus.vocab_size
    source: dict[int, int] = {}
    certificate = None
    for i, sentence in enumerate(corpus.sentences):
        if len(sentence) != 1:
            continue
        token = sentence[0]
        if token in source:
            two = (source[token], i)
            certificate = certificate or Certificate(Reason.TWO_CONTINUATIONS, two, (token,))
            collocation[token] = -1
        else:
            source[token] = i
            collocation[token] = corpus.next_tokens[i]
    return collocation, certificate


def _missing(corpus: Corpus, collocation: list[int]) -> Certificate | None:
    for sentence in corpus.sentences:
        for token in sentence:
            if collocation[token] < 0:
                users = tuple(i for i, s in enumerate(corpus.sentences) if token in s)
                return Certificate(Reason.MISSING_COLLOCATION, users, (token,))
    return None


def _unreachable(corpus: Corpus, collocation: list[int]) -> Certificate | None:
    for i, (sentence, label) in enumerate(zip(corpus.sentences, corpus.next_tokens, strict=True)):
        if all(collocation[token] != label for token in sentence):
            return Certificate(Reason.UNREACHABLE_LABEL, (i,), (label,), sentence[-1])
    return None


def _cycle(corpus: Corpus, collocation: list[int]) -> Certificate | None:
    """Tokens are nodes (query, token), sentences are nodes i: one sort covers every query."""
    sorter: TopologicalSorter[Any] = TopologicalSorter()
    for i, sentence in enumerate(corpus.sentences):
        if len(sentence) > 1:
            optimal, others = optimal_tokens(corpus, i, collocation)
            query = sentence[-1]
            sorter.add(i, *((query, token) for token in optimal))
            for token in others:
                sorter.add((query, token), i)
    try:
        sorter.prepare()
    except CycleError as error:
        nodes: list[Any] = error.args[1][
            :-1
        ]  # each node is just above the next one, the last above the first
        if isinstance(nodes[0], int):  # start at a token
            nodes = nodes[1:] + nodes[:1]
        tokens = tuple(token for _, token in nodes[::2])
        return Certificate(Reason.CYCLE, tuple(nodes[1::2]), tokens, nodes[0][0])
    return None


def _non_injective(collocation: list[int]) -> tuple[tuple[int, int], ...]:
    """Pairs of tokens with one continuation: each token with the first that shares it."""
    first: dict[int, int] = {}
    pairs = []
    for token, continuation in enumerate(collocation):
        if continuation >= 0 and first.setdefault(continuation, token) != token:
            pairs.append((first[continuation], token))
    return tuple(pairs)


def _open_prefixes(corpus: Corpus) -> tuple[int, ...]:
    """One token less at a time is enough: a corpus without such a sample is prefix closed."""
    samples = set(zip(corpus.sentences, corpus.next_tokens, strict=True))
    return tuple(
        i for i, s in enumerate(corpus.sentences) if len(s) > 1 and (s[:-1], s[-1]) not in samples
    )


def _assumption3(corpus: Corpus, collocation: list[int]) -> tuple[int, ...]:
    violations = []
    for i, sentence in enumerate(corpus.sentences):
        optimal, others = optimal_tokens(corpus, i, collocation)
        copies = dict.fromkeys((*optimal, *others), 0)
        for token in sentence:
            copies[token] += 1
        most = max((copies[token] for token in others), default=0)
        if optimal and most > sum(copies[token] for token in optimal):
            violations.append(i)
    return tuple(violations)
