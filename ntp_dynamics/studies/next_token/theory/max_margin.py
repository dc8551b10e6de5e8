"""Max-margin targets: problems (2) and (3) of Huang, Liang, Yang (2024), orthonormal embeddings.

    W*_ov = argmin ||W||_F   s.t.  (e_n(x) - e_v)^T W x >= 1          for all x and v != n(x)    (2)
    W*_kq = argmin ||W||_F   s.t.  (x_a - x_b)^T W x_q >= 1           for a above b under q      (3)

In token coordinates (2) is solved in closed form and (3) falls apart into one quadratic program a
query (``column``).  Small ones are posed together: orders side by side are an order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import Certificate, Reason, Recognition
from ntp_dynamics.studies.next_token.theory.certificate import OptimalityCertificate, Relation
from ntp_dynamics.studies.next_token.theory.column import Column, solve_column

TOGETHER = 1000
"""Relations from which on the cost of posing a problem is lost in that of solving it."""


class Infeasible(Exception):
    """Problem (3) has no solution, or no meaning: the corpus is not realizable.

    ``witness`` is the recogniser's certificate: samples that show it.
    """

    def __init__(self, witness: Certificate):
        super().__init__(witness)
        self.witness = witness

    def __str__(self) -> str:
        return self.spell(str)

    def spell(self, name: Callable[[int], str]) -> str:
        """The reason, with tokens called by ``name``."""
        witness = self.witness
        first = name(witness.tokens[0])
        if witness.reason is Reason.CYCLE:
            cycle = " > ".join([*map(name, witness.tokens), first])
            return f"problem (3) is infeasible: under query {name(witness.query or 0)}, {cycle}"
        why = {
            Reason.TWO_CONTINUATIONS: f"token {first} has two continuations",
            Reason.MISSING_COLLOCATION: f"token {first} has no continuation",
            Reason.UNREACHABLE_LABEL: f"no token of sample {witness.samples[0]} leads to {first}",
        }[witness.reason]
        return f"problem (3) is not defined: {why}"


@dataclass(frozen=True)
class AttentionTarget:
    """W*_kq: the columns of the queries that have relations; all other entries are 0."""

    columns: Mapping[int, Column]

    @property
    def norm(self) -> float:
        """||W*_kq||_F."""
        squares = (column.norm_squared for column in self.columns.values())
        return math.sqrt(sum(squares, start=Fraction(0)))

    @property
    def exact(self) -> bool:
        """Whether every column is proved."""
        return all(column.exact for column in self.columns.values())

    @property
    def gap(self) -> float:
        """Largest duality gap of a column; 0 if the target is exact."""
        return max((column.gap for column in self.columns.values()), default=0.0)

    @property
    def tight(self) -> int:
        """Number of relations that hold by exactly 1, over the exact columns."""
        return sum(len(c.certificate.tight) for c in self.columns.values() if c.certificate)

    @property
    def forced_zero(self) -> int:
        """Number of tight relations without a positive multiplier, over the exact columns."""
        return sum(len(c.certificate.forced_zero) for c in self.columns.values() if c.certificate)

    def matrix(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """W*_kq[:, queries] in token coordinates: score of key v (row) under query q (column)."""
        matrix = np.zeros((vocab_size, len(queries)))
        for j, query in enumerate(queries):
            if query in self.columns:
                for token, w in self.columns[query].values.items():
                    matrix[token, j] = w
        return matrix

    def coefficients(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """B with W*_kq = E B E_Q^T: the scores themselves, as E is orthonormal."""
        return self.matrix(queries, vocab_size)


@dataclass(frozen=True)
class FeedForwardTarget:
    """W*_ov in token coordinates (column x = logits that token x causes), and its norm."""

    matrix: Float[np.ndarray, "V V"]
    norm: float
    coefficients: Float[np.ndarray, "V V"]
    """C with W*_ov = C E^T; for orthonormal E the logits themselves."""
    gap: float = 0.0
    """Duality gap: an upper bound of 1/2 ||W - W*_ov||^2; 0 for the closed form."""


def feed_forward_target(
    collocation: Sequence[int], vocab_size: int, unused: int = 0
) -> FeedForwardTarget:
    """W*_ov = sum_x (e_n(x) - 1/V) x^T,   ||W*_ov|| = sqrt(K (V - 1) / V).

    The sum is over the K tokens x whose continuation ``collocation[x]`` = n(x) is known (not -1);
    with K = V the norm is sqrt(V - 1).  Closed form derived for this project; n may be any map.
    The last row stands for ``unused`` rows of |V| = vocab_size + unused - 1 (0: for itself).
    """
    classes = vocab_size + max(unused - 1, 0)
    known = [x for x, following in enumerate(collocation) if following >= 0]
    matrix = np.zeros((vocab_size, vocab_size))
    matrix[:, known] = -1 / classes
    matrix[[collocation[x] for x in known], known] += 1
    norm = math.sqrt(len(known) * (classes - 1) / classes)
    if not unused:
        return FeedForwardTarget(matrix, norm, matrix)
    coefficients = matrix.copy()
    coefficients[-1] *= unused  # one logit of many rows: its vector has squared length 1 / unused
    return FeedForwardTarget(matrix, norm, coefficients)


def attention_target(recognition: Recognition) -> AttentionTarget:
    """W*_kq of a realizable corpus (see the module's docstring).

    Confused tokens and collocations that are not injective are welcome; queries without a relation
    have no column.  Raises Infeasible for a corpus that is not realizable.
    """
    if recognition.certificate is not None:
        raise Infeasible(recognition.certificate)
    return AttentionTarget(solve_orders(recognition.orders or {}, len(recognition.collocation)))


def solve_orders(orders: Mapping[int, Order], vocab_size: int) -> dict[int, Column]:
    """The max-margin column of every order, as many at a time as make a problem worth posing."""
    columns: dict[int, Column] = {}
    for batch in _batches(orders):
        columns |= _columns(batch, vocab_size)
    return columns


def _batches(orders: Mapping[int, Order]) -> Iterator[dict[int, Order]]:
    """Queries in their order, as many at a time as have some TOGETHER relations."""
    batch: dict[int, Order] = {}
    relations = 0
    for query, order in orders.items():
        batch[query] = order
        relations += len(order.relations)
        if relations >= TOGETHER:
            yield batch
            batch, relations = {}, 0
    if batch:
        yield batch


def _columns(orders: Mapping[int, Order], vocab_size: int) -> dict[int, Column]:
    """The columns of some queries, solved as that of one order: entry (v, q) of W is its token
    q V + v.  No relation joins two queries, so that what is proved of all is proved of each."""
    entries = [
        (query * vocab_size + a, query * vocab_size + b)
        for query, order in orders.items()
        for a, b in order.relations
    ]
    joint = solve_column(entries)
    if joint.certificate is None:
        return {query: solve_column(order.relations) for query, order in orders.items()}
    values: dict[int, dict[int, Any]] = {query: {} for query in orders}
    for entry, w in joint.values.items():
        values[entry // vocab_size][entry % vocab_size] = w
    tight = _by_query(joint.certificate.tight, orders, vocab_size)
    forced_zero = _by_query(joint.certificate.forced_zero, orders, vocab_size)
    return {
        query: Column(
            values[query], 0.0, OptimalityCertificate(True, True, tight[query], forced_zero[query])
        )
        for query in orders
    }


def _by_query(
    entries: Iterable[Relation], queries: Iterable[int], vocab_size: int
) -> dict[int, tuple[Relation, ...]]:
    """Relations between entries of W as relations of each query."""
    found: dict[int, list[Relation]] = {query: [] for query in queries}
    for a, b in entries:
        found[a // vocab_size].append((a % vocab_size, b % vocab_size))
    return {query: tuple(relations) for query, relations in found.items()}
