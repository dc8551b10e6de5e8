"""Max-margin targets: problems (2) and (3) of Huang, Liang, Yang (2024), orthonormal embeddings.

    W*_ov = argmin ||W||_F   s.t.  (e_n(x) - e_v)^T W x >= 1          for all x and v != n(x)    (2)
    W*_kq = argmin ||W||_F   s.t.  (x_a - x_b)^T W x_q >= 1           for a above b under q      (3)

In token coordinates (2) is solved in closed form and (3) falls apart into one quadratic program a
query (``column``).  Small ones are posed together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.data.orders import Relations
from ntp_dynamics.studies.next_token.data.realizable import Certificate, Reason, Recognition
from ntp_dynamics.studies.next_token.data.rows import starts
from ntp_dynamics.studies.next_token.theory.column import Column, Solved, solve_entries
from ntp_dynamics.studies.next_token.theory.columns import Columns

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

    columns: Columns

    @cached_property
    def norm(self) -> float:
        """||W*_kq||_F."""
        return math.sqrt(self.columns.norm_squared)

    @property
    def exact(self) -> bool:
        """Whether every column is proved."""
        return not self.columns.inexact

    @property
    def gap(self) -> float:
        """Largest duality gap of a column; 0 if the target is exact."""
        return max((column.gap for column in self.columns.inexact.values()), default=0.0)

    @property
    def tight(self) -> int:
        """Number of relations that hold by exactly 1, over the exact columns."""
        return int(self.columns.tight.sum())

    @property
    def forced_zero(self) -> int:
        """Number of tight relations without a positive multiplier, over the exact columns."""
        return int(self.columns.forced_zero.sum())

    def matrix(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """W*_kq[:, queries] in token coordinates: score of key v (row) under query q (column)."""
        matrix = np.zeros((vocab_size, len(queries)))
        asked = np.full(vocab_size, -1)
        asked[np.array(queries, dtype=int)] = np.arange(len(queries))
        token, query, value = self.columns.floats()
        kept = asked[query] >= 0
        matrix[token[kept], asked[query[kept]]] = value[kept]
        return matrix

    def coefficients(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """B with W*_kq = E B E_Q^T: the scores themselves, as E is orthonormal."""
        return self.matrix(queries, vocab_size)


@dataclass(frozen=True)
class FeedForwardTarget:
    """W*_ov in token coordinates (column x = logits that token x causes), and its norm."""

    matrix: Float[np.ndarray, "J V"]
    norm: float
    coefficients: Float[np.ndarray, "J V"]
    """C with W*_ov = C E^T; for orthonormal E the logits themselves."""
    gap: float = 0.0
    """Duality gap: an upper bound of 1/2 ||W - W*_ov||^2; 0 for the closed form."""


class ClosedFormTarget(FeedForwardTarget):
    """W*_ov for orthonormal embeddings; its matrix is made when it is asked for.

    W*_ov = sum_x (e_n(x) - 1/V) x^T,   ||W*_ov|| = sqrt(K (V - 1) / V)

    The sum is over the K tokens x whose continuation ``collocation[x]`` = n(x) is known (not -1);
    with K = V the norm is sqrt(V - 1).  Closed form derived for this project; n may be any map.
    The last of the J rows stands for ``unused`` ones of |V| = J + unused - 1 (0: for itself).
    """

    def __init__(self, collocation: Sequence[int], label_size: int, unused: int = 0):
        """``label_size`` is J: the vocabulary size, unless labels are no tokens."""
        known = sum(following >= 0 for following in collocation)
        classes = label_size + max(unused - 1, 0)
        norm = math.sqrt(known * (classes - 1) / classes)
        told = {"_collocation": collocation, "_label_size": label_size, "_unused": unused}
        for name, value in {**told, "_classes": classes, "norm": norm}.items():
            object.__setattr__(self, name, value)

    _collocation: Sequence[int]
    _label_size: int
    _unused: int
    _classes: int

    @cached_property
    def matrix(self) -> Float[np.ndarray, "J V"]:
        known = [x for x, following in enumerate(self._collocation) if following >= 0]
        matrix = np.zeros((self._label_size, len(self._collocation)))
        matrix[:, known] = -1 / self._classes
        matrix[[self._collocation[x] for x in known], known] += 1
        return matrix

    @cached_property
    def coefficients(self) -> Float[np.ndarray, "J V"]:
        if not self._unused:
            return self.matrix
        coefficients = self.matrix.copy()
        # One logit of many rows: its vector has squared length 1 / unused.
        coefficients[-1] *= self._unused
        return coefficients


def attention_target(recognition: Recognition) -> AttentionTarget:
    """W*_kq of a realizable corpus (see the module's docstring).

    Confused tokens and collocations that are not injective are welcome; queries without a relation
    have no column.  Raises Infeasible for a corpus that is not realizable.
    """
    if recognition.certificate is not None:
        raise Infeasible(recognition.certificate)
    return AttentionTarget(solve_relations(recognition.relations, len(recognition.collocation)))


def solve_relations(
    relations: Relations, vocab_size: int, sizes: Int[np.ndarray, "2 M"] | None = None
) -> Columns:
    """The max-margin column of every query, as many at a time as make a problem worth posing.

    Queries side by side are one order: entry (v, q) of W is its token q V + v.  No relation joins
    two queries, so that what is proved of all is proved of each.  ``sizes`` as in `solve_entries`.
    """
    query = relations.query.astype(np.int64)
    a, b = query * vocab_size + relations.above, query * vocab_size + relations.below
    _, begin = relations.by_query()
    parts: list[Solved] = []
    inexact: dict[int, Column] = {}

    def solve(first: int, last: int) -> Solved | Column:
        asked = None if sizes is None else sizes[:, first:last]
        return solve_entries(a[first:last], b[first:last], asked)

    for first, last in _batches(begin):
        solved = solve(first, last)
        if isinstance(solved, Solved):
            parts.append(solved)
            continue
        inside = begin[(begin >= first) & (begin <= last)].tolist()
        for first_of_one, last_of_one in pairwise(inside):
            one = solve(first_of_one, last_of_one)
            if isinstance(one, Solved):
                parts.append(one)
            else:
                values = {entry % vocab_size: w for entry, w in one.values.items()}
                size = {entry % vocab_size: n for entry, n in one.size.items()}
                inexact[int(query[first_of_one])] = replace(one, values=values, size=size)
    return _gathered(parts, inexact, vocab_size)


def _batches(begin: Int[np.ndarray, " Q+1"]) -> Iterator[tuple[int, int]]:
    """Queries in their order, as many at a time as have some TOGETHER relations."""
    first, last = 0, int(begin[-1])
    for end in begin[1:].tolist():
        if end - first >= TOGETHER or end == last:
            yield first, end
            first = end


def _gathered(parts: Sequence[Solved], inexact: Mapping[int, Column], vocab_size: int) -> Columns:
    """One after the other."""
    offset = starts(np.array([len(part.entries) for part in parts], dtype=np.int64))

    def joined(kind: type, each: Callable[[Solved, int], np.ndarray]) -> np.ndarray:
        found = [each(part, at) for part, at in zip(parts, offset.tolist(), strict=False)]
        return np.concatenate([np.zeros(0, kind), *found])

    return Columns(
        vocab_size,
        entries=joined(int, lambda part, at: part.entries),
        size=joined(int, lambda part, at: part.size),
        p=joined(int, lambda part, at: part.p),
        q=joined(int, lambda part, at: part.q),
        above=joined(int, lambda part, at: part.above + at),
        below=joined(int, lambda part, at: part.below + at),
        tight=joined(bool, lambda part, at: part.proof.tight),
        forced_zero=joined(bool, lambda part, at: part.proof.forced_zero),
        inexact=inexact,
    )
