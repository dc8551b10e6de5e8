"""One query of problem (3) of Huang, Liang, Yang (2024), orthonormal embeddings:

    min 1/2 ||w||^2   subject to   w_a - w_b >= 1   for every relation (a above b)

The solution is rational: on every connected component of the relations with a positive multiplier,
w = level - mean level (derived for this project).  A float solver says which relations those are;
``certificate`` then proves the rounded column.  The solver is not trusted.

Where an entry stands for ``size`` tokens that move together (`recession`), the objective is
1/2 sum size w^2, and the mean is one with these weights.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import piqp
from jaxtyping import Float, Int
from scipy import sparse
from scipy.sparse import csgraph

from ntp_dynamics.studies.next_token.theory.certificate import (
    OptimalityCertificate,
    Proof,
    Relation,
    prove,
)

# Loose first: it is the faster one, and what it rounds to is either proved or thrown away.
TOLERANCES = (1e-8, 1e-10, 1e-12)


@dataclass(frozen=True)
class Column:
    """The solution of (3) for one query: ``values`` are w by token, 0 elsewhere.

    Exact columns hold Fractions and the ``certificate`` that proves them, and their ``gap`` is 0.
    The others hold floats that satisfy every relation, no certificate, and the duality gap: an
    upper bound of 1/2 ||w||^2 - 1/2 ||w*||^2, hence of 1/2 ||w - w*||^2.
    """

    values: Mapping[int, Fraction] | Mapping[int, float]
    gap: float
    certificate: OptimalityCertificate | None
    size: Mapping[int, int] = field(default_factory=dict)
    """Of how many tokens an entry speaks; 1 where it is not told."""

    @property
    def exact(self) -> bool:
        return self.certificate is not None

    @property
    def norm_squared(self) -> Fraction | float:
        squares = (self.size.get(v, 1) * w * w for v, w in self.values.items())
        return sum(squares, start=Fraction(0))


class Solved(NamedTuple):
    """Problem (3) for relations between entries of W, exact, in arrays: w = p / q."""

    entries: Int[np.ndarray, " T"]
    """Those that a relation names, in increasing order."""
    size: Int[np.ndarray, " T"]
    p: np.ndarray
    q: np.ndarray
    above: Int[np.ndarray, " M"]
    """Places in `entries`."""
    below: Int[np.ndarray, " M"]
    proof: Proof


def solve_column(relations: Collection[Relation]) -> Column:
    """argmin 1/2 ||w||^2   s.t.   w_a - w_b >= 1 for the relations (a, b) of one query.

    Where no tolerance leads to a proof, the float solution of the tightest stays, scaled to be
    feasible, with its duality gap (inf if the solver found nothing near feasible).
    Raises ValueError where the solver finds that the relations have a cycle.
    """
    if not relations:
        return Column({}, 0.0, OptimalityCertificate(True, True, (), ()))
    solved = solve_entries(*np.array(sorted(set(relations))).T)
    return solved if isinstance(solved, Column) else column_of(solved)


def solve_entries(
    a: Int[np.ndarray, " M"],
    b: Int[np.ndarray, " M"],
    sizes: Int[np.ndarray, "2 M"] | None = None,
) -> Solved | Column:
    """As `solve_column`, of sorted relations a > b in arrays, no two of which are equal.

    ``sizes``: of how many tokens the entries a and b of each relation speak; None: of one.
    """
    entries, first, nodes = np.unique(
        np.concatenate([a, b]), return_index=True, return_inverse=True
    )
    size = np.ones(len(entries), dtype=np.int64) if sizes is None else sizes.ravel()[first]
    above, below = np.split(nodes, 2)
    w, multipliers = np.zeros(0), np.zeros(0)
    for tolerance in TOLERANCES:
        w, multipliers = _quadratic_program(above, below, size, tolerance)
        # Of multiplier and slack one goes to 0.  Where both do, either answer rounds right.
        active = multipliers > w[above] - w[below] - 1
        p, q = _round(size, above[active], below[active])
        proof = prove(p, q, above, below, size)
        if proof.optimal:
            return Solved(entries, size, p, q, above, below, proof)
    return _float_column(entries.tolist(), size, w, multipliers, above, below)


def column_of(solved: Solved) -> Column:
    """The same with Fractions."""
    tokens = solved.entries.tolist()
    fractions = map(Fraction, solved.p.tolist(), solved.q.tolist())
    kept, forced = (
        tuple((tokens[i], tokens[j]) for i, j in zip(*ends, strict=True))
        for which in (solved.proof.tight, solved.proof.forced_zero)
        for ends in [(solved.above[which].tolist(), solved.below[which].tolist())]
    )
    certificate = OptimalityCertificate(True, True, kept, forced)
    values = dict(zip(tokens, fractions, strict=True))
    return Column(values, 0.0, certificate, _told(tokens, solved.size))


def _told(entries: list[int], size: Int[np.ndarray, " T"]) -> dict[int, int]:
    """The sizes that are not 1."""
    return {entry: n for entry, n in zip(entries, size.tolist(), strict=True) if n != 1}


def _quadratic_program(
    above: Int[np.ndarray, " M"],
    below: Int[np.ndarray, " M"],
    size: Int[np.ndarray, " T"],
    tolerance: float,
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " M"]]:
    """(w, multipliers >= 0) by an interior-point method."""
    m, n = len(above), len(size)
    entries = np.tile([1.0, -1.0], m), np.stack([above, below], 1).ravel(), 2 * np.arange(m + 1)
    difference = sparse.csc_matrix(sparse.csr_matrix(entries, shape=(m, n)))
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = tolerance
    weight = sparse.csc_matrix((size.astype(float), np.arange(n), np.arange(n + 1)))
    solver.setup(weight, np.zeros(n), G=difference, h_l=np.ones(m))
    if solver.solve() == piqp.PIQP_PRIMAL_INFEASIBLE:
        raise ValueError("the relations have a cycle")
    return solver.result.x, np.maximum(solver.result.z_l, 0)


def _round(
    size: Int[np.ndarray, " T"], above: Int[np.ndarray, " A"], below: Int[np.ndarray, " A"]
) -> tuple[Int[np.ndarray, " T"], Int[np.ndarray, " T"]]:
    """Level minus mean level on each connected component of the active relations: p / q."""
    edges = np.ones(len(above), dtype=np.int8), (above, below)
    graph = sparse.csr_array(edges, shape=(len(size), len(size)))
    _, component = csgraph.connected_components(graph, directed=False)
    level = _levels(len(size), above, below, np.unique(component, return_index=True)[1])
    count, total = np.zeros((2, len(size)), dtype=np.int64)
    np.add.at(count, component, size)
    np.add.at(total, component, size * level)
    count = count[component]
    p = level * count - total[component]
    shared = np.gcd(p, count)
    return p // shared, count // shared


def _levels(
    size: int,
    above: Int[np.ndarray, " A"],
    below: Int[np.ndarray, " A"],
    starts: Int[np.ndarray, " C"],
) -> Int[np.ndarray, " T"]:
    """The level of each token: one less than that of a token above it, breadth first from one token
    of each component."""
    ends = np.stack([above, below, below, above], axis=1).reshape(-1, 2)
    step = np.tile([-1, 1], len(above))
    order = np.argsort(ends[:, 0], kind="stable")
    to, step = ends[order, 1], step[order]
    first = np.searchsorted(ends[order, 0], np.arange(size + 1))
    level, seen = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool)
    seen[starts] = True
    front = starts
    while len(front):
        degree = first[front + 1] - first[front]
        begin = first[front] - (degree.cumsum() - degree)
        edge = np.repeat(begin, degree) + np.arange(degree.sum())
        come = np.repeat(level[front], degree) + step[edge]
        fresh = ~seen[to[edge]]
        nodes, come = to[edge][fresh], come[fresh]
        _, earliest = np.unique(nodes, return_index=True)
        earliest.sort()  # in the order in which they are met
        front = nodes[earliest]
        level[front], seen[front] = come[earliest], True
    return level


def _float_column(
    tokens: list[int],
    size: Int[np.ndarray, " T"],
    w: Float[np.ndarray, " T"],
    multipliers: Float[np.ndarray, " M"],
    above: Int[np.ndarray, " M"],
    below: Int[np.ndarray, " M"],
) -> Column:
    """The float solution, scaled to satisfy every relation, and its duality gap.

    Dual objective: sum lambda - 1/2 ||sum lambda_ab (e_a - e_b)||^2, squares divided by the sizes,
    a lower bound for any lambda >= 0.
    """
    margin = float((w[above] - w[below]).min())
    outflow = np.bincount(above, multipliers, len(w)) - np.bincount(below, multipliers, len(w))
    feasible = w / margin if margin > 0 else w
    dual = multipliers.sum() - outflow @ (outflow / size) / 2
    gap = float(feasible @ (size * feasible) / 2 - dual) if margin > 0 else math.inf
    values = dict(zip(tokens, feasible.tolist(), strict=True))
    return Column(values, max(gap, 0.0), None, _told(tokens, size))
