"""One query of problem (3) of Huang, Liang, Yang (2024), orthonormal embeddings:

    min 1/2 ||w||^2   subject to   w_a - w_b >= 1   for every relation (a above b)

The solution is rational: on every connected component of the relations with a positive multiplier,
w = level - mean level (derived for this project).  A float solver says which relations those are;
``certificate`` then proves the rounded column.  The solver is not trusted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import piqp
from jaxtyping import Float, Int
from scipy import sparse

from ntp_dynamics.studies.next_token.theory.certificate import (
    OptimalityCertificate,
    Relation,
    certify,
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

    @property
    def exact(self) -> bool:
        return self.certificate is not None

    @property
    def norm_squared(self) -> Fraction | float:
        return sum((w * w for w in self.values.values()), start=Fraction(0))


def solve_column(relations: Collection[Relation]) -> Column:
    """argmin 1/2 ||w||^2   s.t.   w_a - w_b >= 1 for the relations (a, b) of one query.

    Where no tolerance leads to a proof, the float solution of the tightest stays, scaled to be
    feasible, with its duality gap (inf if the solver found nothing near feasible).
    Raises ValueError where the solver finds that the relations have a cycle.
    """
    if not relations:
        return Column({}, 0.0, certify({}, ()))
    labels, nodes = np.unique(np.array(sorted(relations)), return_inverse=True)
    tokens: list[int] = labels.tolist()
    above, below = nodes.reshape(-1, 2).T
    w, multipliers = np.zeros(0), np.zeros(0)
    for tolerance in TOLERANCES:
        w, multipliers = _quadratic_program(above, below, len(tokens), tolerance)
        # Of multiplier and slack one goes to 0.  Where both do, either answer rounds right.
        active = multipliers > w[above] - w[below] - 1
        values = dict(zip(tokens, _round(len(tokens), above[active], below[active]), strict=True))
        certificate = certify(values, relations)
        if certificate.optimal:
            return Column(values, 0.0, certificate)
    return _float_column(tokens, w, multipliers, above, below)


def _quadratic_program(
    above: Int[np.ndarray, " M"], below: Int[np.ndarray, " M"], size: int, tolerance: float
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " M"]]:
    """(w, multipliers >= 0) by an interior-point method."""
    m = len(above)
    entries = np.tile([1.0, -1.0], m), np.stack([above, below], 1).ravel(), 2 * np.arange(m + 1)
    difference = sparse.csc_matrix(sparse.csr_matrix(entries, shape=(m, size)))
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = tolerance
    identity = sparse.csc_matrix((np.ones(size), np.arange(size), np.arange(size + 1)))
    solver.setup(identity, np.zeros(size), G=difference, h_l=np.ones(m))
    if solver.solve() == piqp.PIQP_PRIMAL_INFEASIBLE:
        raise ValueError("the relations have a cycle")
    return solver.result.x, np.maximum(solver.result.z_l, 0)


def _round(size: int, above: Int[np.ndarray, " A"], below: Int[np.ndarray, " A"]) -> list[Fraction]:
    """Level minus mean level on each connected component of the active relations."""
    steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b in zip(above.tolist(), below.tolist(), strict=True):
        steps[a].append((b, -1))
        steps[b].append((a, +1))
    level: dict[int, int] = {}
    values = [Fraction(0)] * size
    for start in range(size):
        if start in level:
            continue
        level[start] = 0
        component = [start]
        for node in component:  # grows while it is walked
            for neighbour, step in steps[node]:
                if neighbour not in level:
                    level[neighbour] = level[node] + step
                    component.append(neighbour)
        levels, count = [level[node] for node in component], len(component)
        total = sum(levels)
        from_mean = {height: Fraction(height * count - total, count) for height in set(levels)}
        for node, height in zip(component, levels, strict=True):
            values[node] = from_mean[height]
    return values


def _float_column(
    tokens: list[int],
    w: Float[np.ndarray, " T"],
    multipliers: Float[np.ndarray, " M"],
    above: Int[np.ndarray, " M"],
    below: Int[np.ndarray, " M"],
) -> Column:
    """The float solution, scaled to satisfy every relation, and its duality gap.

    Dual objective: sum lambda - 1/2 ||sum lambda_ab (e_a - e_b)||^2, a lower bound for any
    lambda >= 0.
    """
    margin = float((w[above] - w[below]).min())
    outflow = np.bincount(above, multipliers, len(w)) - np.bincount(below, multipliers, len(w))
    feasible = w / margin if margin > 0 else w
    dual = multipliers.sum() - outflow @ outflow / 2
    gap = float(feasible @ feasible / 2 - dual) if margin > 0 else math.inf
    return Column(dict(zip(tokens, feasible.tolist(), strict=True)), max(gap, 0.0), None)
