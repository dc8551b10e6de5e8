"""Is a column the exact max-margin solution of its query?  Decided in integers, no solver trusted.

Problem (3) of Huang, Liang, Yang (2024), one query, orthonormal embeddings:

    min 1/2 ||w||^2   subject to   w_a - w_b >= 1   for every relation (a above b)

A rational w is its solution if and only if it is feasible and

    w = sum over tight relations of lambda_ab (e_a - e_b),   lambda >= 0,

that is: the tight relations (w_a - w_b = 1) carry a flow that leaves the tokens with w > 0 and
enters those with w < 0.  Where a node stands for ``size`` tokens that move together (`recession`),
the objective is 1/2 sum size w^2 and a node gives or takes size w.  Derived for this project.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, maximum_flow

Relation = tuple[int, int]

# scipy's maximum_flow computes in 32-bit integers and wraps without a word beyond them.
LARGEST_FLOW = 2**31 - 1


@dataclass(frozen=True)
class OptimalityCertificate:
    """What was proved of a column.

    ``primal``: every relation holds by at least 1.  ``dual``: multipliers >= 0 on the ``tight``
    relations (those that hold by exactly 1) reproduce the column; False also where the flow is too
    large to be decided.  ``forced_zero``: tight relations whose multiplier is 0 in every choice of
    multipliers; empty unless ``dual``.
    """

    primal: bool
    dual: bool
    tight: tuple[Relation, ...]
    forced_zero: tuple[Relation, ...]

    @property
    def optimal(self) -> bool:
        """Whether the column is proved to be the solution."""
        return self.primal and self.dual


class Proof(NamedTuple):
    """What was proved of a column in arrays, a flag a relation."""

    primal: bool
    dual: bool
    tight: Bool[np.ndarray, " M"]
    forced_zero: Bool[np.ndarray, " M"]

    @property
    def optimal(self) -> bool:
        """Whether the column is proved to be the solution."""
        return self.primal and self.dual


def certify(
    values: Mapping[int, Fraction], relations: Collection[Relation]
) -> OptimalityCertificate:
    """Certify the column ``values`` (token -> w, zero elsewhere) against ``relations``.

    Every relation must be between tokens of ``values``, else ValueError.
    """
    for a, b in relations:
        if a not in values or b not in values:
            raise ValueError(f"relation ({a}, {b}) names a token without a value")
    node = {token: i for i, token in enumerate(values)}
    pairs = sorted(set(relations))
    above, below = np.array([(node[a], node[b]) for a, b in pairs], int).reshape(-1, 2).T
    p, q = [w.numerator for w in values.values()], [w.denominator for w in values.values()]
    primal, dual, tight, forced_zero = prove(whole(p), whole(q), above, below)
    kept, forced = (tuple(pairs[i] for i in np.flatnonzero(x)) for x in (tight, forced_zero))
    return OptimalityCertificate(primal, dual, kept, forced)


def whole(x: Sequence[int]) -> np.ndarray:
    """Integers in an array, of Python's own kind where 64 bits do not hold them."""
    return np.array(x, np.int64 if max(map(abs, x), default=0) < 2**63 else object)


def prove(
    p: np.ndarray,
    q: np.ndarray,
    above: Int[np.ndarray, " M"],
    below: Int[np.ndarray, " M"],
    size: Int[np.ndarray, " T"] | int = 1,
) -> Proof:
    """Certify w = p / q, in lowest terms, against relations no two of which are equal.

    The flow needs integer supplies, and size times the numerator of w is such: a tight relation
    joins values that differ by exactly 1, so all values of a connected component of the tight
    relations share one denominator, and components exchange no flow.  No common multiple is formed;
    for a solution over V tokens the total stays below V^3 / 8.  From 2^31 on the dual is left
    unproved.
    """
    excess = _excess(p, q, above, below)
    primal = bool((excess >= 0).all())
    tight = np.asarray(excess == 0, dtype=bool)
    kept = np.flatnonzero(tight)
    tail, head = above[kept], below[kept]
    flow = _flow(size * p, tail, head)
    forced_zero = np.zeros(len(above), dtype=bool)
    if flow is None:
        return Proof(primal, False, tight, forced_zero)
    forced_zero[kept] = _forced_zero(len(p), tail, head, flow)
    return Proof(primal, True, tight, forced_zero)


def _excess(
    p: np.ndarray, q: np.ndarray, above: Int[np.ndarray, " M"], below: Int[np.ndarray, " M"]
) -> np.ndarray:
    """w_a - w_b - 1 of every relation, times both denominators: an exact integer."""
    largest = max((int(abs(x).max()) for x in (p, q) if len(x)), default=0)
    if 3 * largest**2 >= 2**63:  # Python's own integers, slower, where 64 bits might not do
        p, q = p.astype(object), q.astype(object)
    return p[above] * q[below] - p[below] * q[above] - q[above] * q[below]


def _flow(
    supply: np.ndarray, tail: Int[np.ndarray, " A"], head: Int[np.ndarray, " A"]
) -> Int[np.ndarray, " A"] | None:
    """A flow >= 0 on the arcs with these net outflows; None if none was found."""
    total = sum(supply[supply > 0].tolist())
    if total > LARGEST_FLOW or sum(supply.tolist()) != 0:
        return None
    rest = supply.astype(np.int64)
    origins, ends = np.flatnonzero(rest > 0), np.flatnonzero(rest < 0)
    source, sink, size = len(supply), len(supply) + 1, len(supply) + 2
    graph = _graph(
        np.r_[tail, np.full(len(origins), source), ends],
        np.r_[head, origins, np.full(len(ends), sink)],
        # No arc needs more than the total, so that capacity is as good as none.
        np.r_[np.full(len(tail), total), rest[origins], -rest[ends]],
        size,
    )
    found = maximum_flow(graph, source, sink).flow
    # Its entries are sorted and hold every arc, also one that carries nothing.
    rows = np.repeat(np.arange(size), np.diff(found.indptr))
    place = np.searchsorted(rows * size + found.indices, tail * size + head)
    flow = found.data[place].astype(np.int64)
    # Whatever the routine answered, what counts is what it adds up to.
    np.subtract.at(rest, tail, flow)
    np.add.at(rest, head, flow)
    return None if rest.any() or (flow < 0).any() else flow


def _forced_zero(
    size: int,
    tail: Int[np.ndarray, " A"],
    head: Int[np.ndarray, " A"],
    flow: Int[np.ndarray, " A"],
) -> Bool[np.ndarray, " A"]:
    """Whether an arc joins different strong components of the residual graph.

    Another flow differs by residual cycles: every tight relation can take more, those with flow
    can also take less.  A relation without flow can therefore get some if and only if a residual
    path leads from its lower end back to its upper end.
    """
    less = flow > 0
    tails, heads = np.r_[tail, head[less]], np.r_[head, tail[less]]
    graph = _graph(tails, heads, np.ones(len(tails)), size)
    _, component = connected_components(graph, directed=True, connection="strong")
    return component[tail] != component[head]


def _graph(
    tail: Int[np.ndarray, " A"], head: Int[np.ndarray, " A"], capacity: np.ndarray, size: int
) -> csr_array:
    """Arcs, no two of them parallel, as scipy's graph routines want them."""
    order = np.lexsort((head, tail))
    start = np.searchsorted(tail[order], np.arange(size + 1)).astype(np.int32)
    arcs = capacity[order].astype(np.int32), head[order].astype(np.int32), start
    return csr_array(arcs, shape=(size, size))
