"""Is a corpus realizable?  Linear-time recogniser with certificates.

Huang, Liang, Yang (2024), Definition 1 and Assumption 1, in this code's symbols: the samples of
length one define the collocation ``n``.  In a longer sample (X, y) the tokens x of X with
n(x) = y are optimal; each is *above*, under the query (the last token of X), every token of X with
another continuation.  The corpus is realizable when n is complete and single valued on the tokens
it uses, every label is reachable (some token is optimal) and each query's order is acyclic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.cycles import find_cycle
from ntp_dynamics.studies.next_token.data.orders import (
    Order,
    Orders,
    Relations,
    is_optimal,
    relations_of,
    relations_stated,
)
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
    orders: Mapping[int, Order] | None
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

    @cached_property
    def relations(self) -> Relations:
        """Of all orders; none where the corpus is not realizable."""
        return relations_of(self.orders or {})

    @cached_property
    def confused(self) -> tuple[tuple[int, int], ...]:
        """(query, token) pairs, empty where the corpus is not realizable."""
        pairs = self.relations.confused(len(self.collocation))
        return tuple((q, token) for q, token in pairs.tolist())

    @property
    def assumption1(self) -> bool:
        """The paper's sense: realizable, n injective, no confused token."""
        return self.realizable and self.injective and not self.confused


def recognise(corpus: Corpus) -> Recognition:
    """Decide realizability in linear time; the relations of the orders come on top."""
    found, certificate = _collocation(corpus)
    collocation = tuple(found.tolist())
    right = is_optimal(corpus, found)
    certificate = certificate or _missing(corpus, found) or _unreachable(corpus, right)
    if certificate is None and (cycle := find_cycle(corpus, collocation, right)):
        certificate = Certificate(Reason.CYCLE, cycle.samples, cycle.tokens, cycle.query)
    orders = None
    if certificate is None:
        orders = Orders(corpus, collocation, relations_stated(corpus, right))
    return Recognition(
        collocation=collocation,
        certificate=certificate,
        non_injective=_non_injective(collocation),
        orders=orders,
        assumption3_violations=_assumption3(corpus, right),
        open_prefixes=_open_prefixes(corpus),
    )


def require_collocation(corpus: Corpus, where: str) -> None:
    """Raises UserError where no token has a known continuation: stage 1, a sum over these tokens,
    is empty then, and no margin can stand for it."""
    collocation, _ = _collocation(corpus)
    if collocation.max() < 0:
        what = (
            "no token has a known continuation: there is nothing to train the feed-forward layer on"
        )
        remedy = "add sentences of one token, or use train.stages=[joint]"
        raise UserError(where, what, remedy)


def _collocation(corpus: Corpus) -> tuple[Int[np.ndarray, " V"], Certificate | None]:
    """n by token, -1 where it is unknown or double; the first sample that makes it double."""
    alone = np.flatnonzero(corpus.rows.lengths == 1)
    token = corpus.rows.first[alone]
    collocation = np.full(corpus.vocab_size, -1, dtype=np.int32)
    collocation[token] = corpus.label[alone]
    _, first, which = np.unique(token, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[which] != np.arange(len(token)))
    if not len(again):
        return collocation, None
    collocation[token[again]] = -1
    i = again[0]
    two = int(alone[first[which[i]]]), int(alone[i])
    return collocation, Certificate(Reason.TWO_CONTINUATIONS, two, (int(token[i]),))


def _missing(corpus: Corpus, collocation: Int[np.ndarray, " V"]) -> Certificate | None:
    missing = collocation[corpus.rows.flat] < 0
    if not missing.any():
        return None
    token = corpus.rows.flat[missing.argmax()]
    users = np.unique(corpus.rows.owner()[corpus.rows.flat == token])
    return Certificate(Reason.MISSING_COLLOCATION, tuple(users.tolist()), (int(token),))


def _unreachable(corpus: Corpus, right: Bool[np.ndarray, " E"]) -> Certificate | None:
    reached = np.logical_or.reduceat(right, corpus.bags.tokens.start[:-1])
    if reached.all():
        return None
    i = int(reached.argmin())
    label, query = int(corpus.label[i]), int(corpus.rows.last[i])
    return Certificate(Reason.UNREACHABLE_LABEL, (i,), (label,), query)


def _non_injective(collocation: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Pairs of tokens with one continuation: each token with the first that shares it."""
    first: dict[int, int] = {}
    pairs = []
    for token, continuation in enumerate(collocation):
        if continuation >= 0 and first.setdefault(continuation, token) != token:
            pairs.append((first[continuation], token))
    return tuple(pairs)


def _open_prefixes(corpus: Corpus) -> tuple[int, ...]:
    """One token less at a time is enough: a corpus without such a sample is prefix closed.  None
    is whose labels are no tokens."""
    if corpus.labels:
        return tuple(np.flatnonzero(corpus.rows.lengths > 1).tolist())
    from ntp_dynamics.studies.next_token.data.row_kernels import equals  # takes numba along

    before = equals(corpus.rows.ended_by(corpus.label)).before
    return tuple(np.flatnonzero((before < 0) & (corpus.rows.lengths > 1)).tolist())


def _assumption3(corpus: Corpus, right: Bool[np.ndarray, " E"]) -> tuple[int, ...]:
    bags = corpus.bags
    begin = bags.tokens.start[:-1]
    optimal = np.add.reduceat(np.where(right, bags.copies, 0), begin)
    most = np.maximum.reduceat(np.where(right, 0, bags.copies), begin)
    return tuple(np.flatnonzero((optimal > 0) & (most > optimal)).tolist())
