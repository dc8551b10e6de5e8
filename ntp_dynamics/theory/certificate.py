"""Is a column the exact max-margin solution of its query?  Decided in integers, no solver trusted.

Problem (3) of Huang, Liang, Yang (2024), one query, orthonormal embeddings:

    min 1/2 ||w||^2   subject to   w_a - w_b >= 1   for every relation (a above b)

A rational w is its solution if and only if it is feasible and

    w = sum over tight relations of lambda_ab (e_a - e_b),   lambda >= 0,

that is: the tight relations (w_a - w_b = 1) carry a flow that leaves the tokens with w > 0 and
enters those with w < 0.  Derived for this project.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, maximum_flow

Relation = tuple[int, int]

# scipy's maximum_flow computes in 32-bit integers and wraps without a word beyond them.
LARGEST_FLOW = 2**31 - 1


@dataclass(frozen=True)
class Certificate:
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


def certify(values: Mapping[int, Fraction], relations: Collection[Relation]) -> Certificate:
    """Certify the column ``values`` (token -> w, zero elsewhere) against ``relations``.

    Every relation must be between tokens of ``values``, else ValueError.

    The flow needs integer supplies, and the numerators of w are such: a tight relation joins
    values that differ by exactly 1, so all values of a connected component of the tight relations
    share one denominator, and components exchange no flow.  No common multiple is formed; for a
    solution over V tokens the total stays below V^3 / 8.  From 2^31 on the dual is left unproved.
    """
    for a, b in relations:
        if a not in values or b not in values:
            raise ValueError(f"relation ({a}, {b}) names a token without a value")
    scale = math.lcm(*(w.denominator for w in values.values()))
    scaled = {token: w.numerator * (scale // w.denominator) for token, w in values.items()}
    primal = all(scaled[a] - scaled[b] >= scale for a, b in relations)
    tight = tuple(sorted({(a, b) for a, b in relations if scaled[a] - scaled[b] == scale}))
    flow = _flow({token: w.numerator for token, w in values.items()}, tight)
    forced_zero = () if flow is None else _forced_zero(values, tight, flow)
    return Certificate(primal, flow is not None, tight, forced_zero)


def _flow(supply: Mapping[int, int], tight: tuple[Relation, ...]) -> dict[Relation, int] | None:
    """A flow > 0 on some of ``tight`` with these net outflows; None if none was found."""
    total = sum(s for s in supply.values() if s > 0)
    if total > LARGEST_FLOW:
        return None
    tokens = list(supply)
    node = {token: i for i, token in enumerate(tokens)}
    source, sink = len(tokens), len(tokens) + 1
    # No arc needs more than the total, so that capacity is as good as none.
    arcs = [(node[a], node[b], total) for a, b in tight]
    arcs += [(source, node[token], s) for token, s in supply.items() if s > 0]
    arcs += [(node[token], sink, min(-s, total)) for token, s in supply.items() if s < 0]
    found = maximum_flow(_graph(arcs, len(tokens) + 2), source, sink).flow.tocoo()
    flow = {
        (tokens[a], tokens[b]): int(f)
        for a, b, f in zip(found.row, found.col, found.data, strict=True)
        if f > 0 and a < source and b < source
    }
    # Whatever the routine answered, what counts is what it adds up to.
    rest = dict(supply)
    for (a, b), f in flow.items():
        rest[a] -= f
        rest[b] += f
    return None if any(rest.values()) else flow


def _forced_zero(
    tokens: Collection[int], tight: tuple[Relation, ...], flow: Mapping[Relation, int]
) -> tuple[Relation, ...]:
    """Tight relations between different strong components of the residual graph.

    Another flow differs by residual cycles: every tight relation can take more, those with flow
    can also take less.  A relation without flow can therefore get some if and only if a residual
    path leads from its lower end back to its upper end.
    """
    node = {token: i for i, token in enumerate(tokens)}
    arcs = [(node[a], node[b], 1) for a, b in tight] + [(node[b], node[a], 1) for a, b in flow]
    graph = _graph(arcs, len(node))
    _, component = connected_components(graph, directed=True, connection="strong")
    return tuple((a, b) for a, b in tight if component[node[a]] != component[node[b]])


def _graph(arcs: list[tuple[int, int, int]], size: int) -> csr_array:
    """Arcs (tail, head, capacity), no two of them parallel, as scipy's graph routines want them."""
    tail, head, capacity = np.array(sorted(arcs), dtype=np.int32).reshape(-1, 3).T
    start = np.searchsorted(tail, np.arange(size + 1)).astype(np.int32)
    return csr_array((capacity.copy(), head.copy(), start), shape=(size, size))
