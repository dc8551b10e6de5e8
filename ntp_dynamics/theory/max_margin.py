"""Max-margin targets: problems (2) and (3) of Huang, Liang, Yang (2024), orthonormal embeddings.

    W*_ov = argmin ||W||_F   s.t.  (e_n(x) - e_v)^T W x >= 1          for all x and v != n(x)    (2)
    W*_kq = argmin ||W||_F   s.t.  (x_a - x_b)^T W x_q >= 1           for a above b under q      (3)

In token coordinates (2) is solved in closed form and (3) falls apart into one small quadratic
program a query, whose solution is rational: on every connected component of the relations with a
positive multiplier, w = level - mean level (derived for this project).  A float solver says which
relations those are; ``certificate`` then proves the rounded column.  The solver is not trusted.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import piqp
from jaxtyping import Float
from scipy import sparse

from ntp_dynamics.data.realizable import Certificate as Witness
from ntp_dynamics.data.realizable import Reason, Recognition
from ntp_dynamics.theory.certificate import Certificate, Relation, certify

# Loose first: it is the faster one, and what it rounds to is either proved or thrown away.
TOLERANCES = (1e-8, 1e-10, 1e-12)


class Infeasible(Exception):
    """Problem (3) has no solution, or no meaning: the corpus is not realizable.

    ``witness`` is the recogniser's certificate: samples that show it.
    """

    def __init__(self, witness: Witness):
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
class Column:
    """The solution of (3) for one query: ``values`` are w by token, 0 elsewhere.

    Exact columns hold Fractions and the ``certificate`` that proves them, and their ``gap`` is 0.
    The others hold floats that satisfy every relation, no certificate, and the duality gap: an
    upper bound of 1/2 ||w||^2 - 1/2 ||w*||^2, hence of 1/2 ||w - w*||^2.
    """

    values: Mapping[int, Fraction] | Mapping[int, float]
    gap: float
    certificate: Certificate | None

    @property
    def exact(self) -> bool:
        return self.certificate is not None

    @property
    def norm_squared(self) -> Fraction | float:
        return sum((w * w for w in self.values.values()), start=Fraction(0))


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


def feed_forward_target(collocation: Sequence[int], vocab_size: int) -> FeedForwardTarget:
    """W*_ov = sum_x (e_n(x) - 1/V) x^T,   ||W*_ov|| = sqrt(K (V - 1) / V).

    The sum is over the K tokens x whose continuation ``collocation[x]`` = n(x) is known (not -1);
    with K = V the norm is sqrt(V - 1).  Closed form derived for this project; n may be any map.
    """
    known = [x for x, following in enumerate(collocation) if following >= 0]
    matrix = np.zeros((vocab_size, vocab_size))
    matrix[:, known] = -1 / vocab_size
    matrix[[collocation[x] for x in known], known] += 1
    norm = math.sqrt(len(known) * (vocab_size - 1) / vocab_size)
    return FeedForwardTarget(matrix, norm, matrix)


def attention_target(recognition: Recognition) -> AttentionTarget:
    """W*_kq of a realizable corpus, column by column (see the module's docstring).

    Confused tokens and collocations that are not injective are welcome; queries without a relation
    have no column.  Raises Infeasible for a corpus that is not realizable.
    """
    if recognition.certificate is not None:
        raise Infeasible(recognition.certificate)
    orders = recognition.orders or {}
    return AttentionTarget({q: solve(order.relations) for q, order in orders.items()})


def solve(relations: Collection[Relation]) -> Column:
    """argmin 1/2 ||w||^2   s.t.   w_a - w_b >= 1 for the relations (a, b) of one query.

    Where no tolerance leads to a proof, the float solution of the tightest stays, scaled to be
    feasible, with its duality gap (inf if the solver found nothing near feasible).
    Raises ValueError where the solver finds that the relations have a cycle.
    """
    relations = sorted(relations)
    tokens = sorted({token for relation in relations for token in relation})
    if not relations:
        return Column({}, 0.0, certify({}, ()))
    node = {token: i for i, token in enumerate(tokens)}
    above, below = np.array([(node[a], node[b]) for a, b in relations]).T
    for tolerance in TOLERANCES:
        w, multipliers = _quadratic_program(above, below, len(tokens), tolerance)
        # Of multiplier and slack one goes to 0.  Where both do, either answer rounds right.
        active = multipliers > w[above] - w[below] - 1
        values = _round(tokens, [r for r, on in zip(relations, active, strict=True) if on])
        certificate = certify(values, relations)
        if certificate.optimal:
            return Column(values, 0.0, certificate)
    w, multipliers = _quadratic_program(above, below, len(tokens), TOLERANCES[-1])
    return _float_column(tokens, w, multipliers, above, below)


def _quadratic_program(
    above: np.ndarray, below: np.ndarray, size: int, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """(w, multipliers >= 0) by an interior-point method."""
    rows = np.arange(len(above))
    ones = np.ones(len(above))
    difference = sparse.csc_matrix(
        (np.r_[ones, -ones], (np.r_[rows, rows], np.r_[above, below])), shape=(len(above), size)
    )
    solver = piqp.SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = tolerance
    identity = sparse.csc_matrix((np.ones(size), np.arange(size), np.arange(size + 1)))
    solver.setup(identity, np.zeros(size), G=difference, h_l=ones)
    if solver.solve() == piqp.PIQP_PRIMAL_INFEASIBLE:
        raise ValueError("the relations have a cycle")
    return solver.result.x, np.maximum(solver.result.z_l, 0)


def _round(tokens: Iterable[int], active: Iterable[Relation]) -> dict[int, Fraction]:
    """Level minus mean level on each connected component of the active relations."""
    steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b in active:
        steps[a].append((b, -1))
        steps[b].append((a, +1))
    level: dict[int, int] = {}
    values = {}
    for start in tokens:
        if start in level:
            continue
        level[start] = 0
        component = [start]
        for token in component:  # grows while it is walked
            for neighbour, step in steps[token]:
                if neighbour not in level:
                    level[neighbour] = level[token] + step
                    component.append(neighbour)
        mean = Fraction(sum(level[token] for token in component), len(component))
        values |= {token: level[token] - mean for token in component}
    return values


def _float_column(
    tokens: Sequence[int],
    w: np.ndarray,
    multipliers: np.ndarray,
    above: np.ndarray,
    below: np.ndarray,
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
