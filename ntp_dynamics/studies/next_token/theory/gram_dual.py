"""Max-margin targets for embeddings that are not orthonormal, from their Gram matrix G = E^T E.

In token coordinates W_kq = E B E_Q^T and W_ov = C E^T, and problems (2), (3) of Huang, Liang, Yang
(2024) read

    min <B, G B G_Q>   s.t.   S_aq - S_bq >= 1     for a above b under q,        S = G B G_Q,   (3)
    min <C, C G>       s.t.   M_n(x)x - M_vx >= 1  for all x and v != n(x),      M = C G.       (2)

(2) is (3) with G = I on its left, one "query" a token x whose continuation is known.  Queries do
not decouple and solutions are not rational: what stands for a proof is the duality gap
(``separation``).  (2) has a candidate in closed form, M = P - 1/V (columns e_n(x) - 1/V), which is
the solution if and only if (P - 1/V) G^-1 has no positive entry off P.  Derived for this project.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.theory import min_norm
from ntp_dynamics.studies.next_token.theory.max_margin import FeedForwardTarget
from ntp_dynamics.studies.next_token.theory.min_norm import TARGET_GAP, Contradiction, Unsolved
from ntp_dynamics.studies.next_token.theory.separation import Relations, Solution, solution_of

UNKNOWN = -1
TIGHT = 1e-9
CLEAR = 1e-6
"""Slacks and multipliers below the first are 0, above the second are not; between: undecided."""


class NoGramTarget(Exception):
    """Problem (2) or (3) has no solution for these embeddings, or none was found.

    ``multipliers``, if any: numbers > 0 by (above, below, query), of sum 1, that combine the
    relations to nothing, E B E_Q^T = 0.
    """

    def __init__(self, reason: str, multipliers: Mapping[tuple[int, int, int], float]):
        super().__init__(reason)
        self.multipliers = multipliers


@dataclass(frozen=True)
class GramTarget:
    """W*_kq = E B E^T in token coordinates; ``gap`` bounds 1/2 ||W - W*_kq||^2."""

    scores: Float[np.ndarray, "V V"]
    """G B G: score of key v (row) under query q (column), of every token as a query."""
    weights: Float[np.ndarray, "V V"]
    """B: columns of queries without a relation are 0."""
    norm: float
    gap: float
    tight: int
    """Number of relations that hold by 1, to 1e-9."""
    forced_zero: int
    """0 where every tight relation has a multiplier clearly above 0, all others a clear slack: the
    rule for embeddings from a density.  Else -1: floats do not decide how many there are."""
    exact: bool = False

    def matrix(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """S* = E^T W*_kq E_Q."""
        return self.scores[:, list(queries)]

    def coefficients(self, queries: Sequence[int], vocab_size: int) -> Float[np.ndarray, "V Q"]:
        """B with W*_kq = E B E_Q^T."""
        return self.weights[:, list(queries)]


def attention_dual(orders: Mapping[int, Order], gram: Float[np.ndarray, "V V"]) -> GramTarget:
    """W*_kq of the relations in ``orders`` (by query), to a relative gap of 1e-10.

    Raises NoGramTarget.
    """
    size = len(gram)
    triples = [(a, b, q) for q, order in sorted(orders.items()) for a, b in sorted(order.relations)]
    if not triples:
        nothing = np.zeros((size, size))
        return GramTarget(nothing, nothing, 0.0, 0.0, tight=0, forced_zero=0, exact=True)
    root = factor(gram)
    relations = _relations(triples, root, root)
    solution = _solve(relations, triples, 3)
    weights = relations.coefficients(solution.multipliers)
    slack = relations.margins(relations.matrix(solution.multipliers)) - 1
    tight = slack <= TIGHT
    decided = (solution.multipliers[tight] > CLEAR).all() and (slack[~tight] > CLEAR).all()
    return GramTarget(
        scores=gram @ weights @ gram,
        weights=weights,
        norm=math.sqrt(solution.norm_squared),
        gap=solution.gap * solution.norm_squared / 2,
        tight=int(tight.sum()),
        forced_zero=0 if decided else UNKNOWN,
    )


def feed_forward_dual(
    collocation: Sequence[int], gram: Float[np.ndarray, "V V"], label_size: int | None = None
) -> FeedForwardTarget:
    """W*_ov, where ``collocation[x]`` = n(x) or -1, to a relative gap of 1e-10.

    ``label_size`` is the number of its rows, V where it is None.  Raises NoGramTarget.
    """
    label_size = label_size or len(gram)
    triples = [
        (y, v, x) for x, y in enumerate(collocation) if y >= 0 for v in range(label_size) if v != y
    ]
    if not triples:
        nothing = np.zeros((label_size, len(gram)))
        return FeedForwardTarget(nothing, 0.0, nothing, 0.0)
    relations = _relations(triples, np.eye(label_size), factor(gram))
    solution = _candidate(relations, collocation, gram, label_size)
    if solution.gap > TARGET_GAP:
        solution = _solve(relations, triples, 2)
    weights = relations.coefficients(solution.multipliers)
    gap = solution.gap * solution.norm_squared / 2
    return FeedForwardTarget(weights @ gram, math.sqrt(solution.norm_squared), weights, gap)


def factor(gram: Float[np.ndarray, "V V"]) -> Float[np.ndarray, "A V"]:
    """R with R^T R = G and as many rows as G has rank."""
    values, vectors = np.linalg.eigh(gram)
    kept = values > 10 * len(gram) * np.finfo(float).eps * values[-1]
    return np.sqrt(values[kept])[:, None] * vectors[:, kept].T


def _relations(
    triples: Sequence[tuple[int, int, int]], left: np.ndarray, right: np.ndarray
) -> Relations:
    above, below, query = np.array(triples).T
    return Relations(above, below, query, left, right)


def _candidate(
    relations: Relations, collocation: Sequence[int], gram: np.ndarray, size: int
) -> Solution:
    """The closed form over the tokens with a known continuation; its gap says if it is right."""
    known = [x for x, following in enumerate(collocation) if following >= 0]
    logits = np.full((size, len(known)), -1 / size)
    logits[[collocation[x] for x in known], range(len(known))] += 1
    coefficients = np.zeros((size, len(gram)))
    coefficients[:, known] = np.linalg.lstsq(gram[np.ix_(known, known)], logits.T, rcond=None)[0].T
    multipliers = np.maximum(-coefficients[relations.below, relations.query], 0.0)
    return solution_of(relations, multipliers)


def _solve(relations: Relations, triples: Sequence[tuple[int, int, int]], problem: int) -> Solution:
    try:
        return min_norm.solve(relations)
    except Contradiction as found:
        used = {t: float(w) for t, w in zip(triples, found.multipliers, strict=True) if w > 0}
        said = f"a combination of {len(used)} relations cancels"
        reason = f"problem ({problem}) is infeasible for these embeddings: {said}"
        raise NoGramTarget(reason, used) from None
    except Unsolved as error:
        raise NoGramTarget(f"problem ({problem}) was not solved: {error}", {}) from None
