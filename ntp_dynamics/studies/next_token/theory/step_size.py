"""The step size at which the sharp laws of normalised descent end.

With z_i = (e_a - e_b) e_q^T of the relations, q* the multipliers of problem (3) divided by their
sum, and u = W* / ||W*||, the linearised dual of normalised descent is

    delta <- (1 - eta ||W*|| Cov_{q*} z) delta   across u,   stable below

    eta_c = 2 / (||W*|| lambda_max(Cov_{q*} z)).

E zz^T is one weighted graph Laplacian a connected component of the relations that can have a
positive multiplier.  As those hold by exactly 1, each component of W* is an eigenvector of its
Laplacian, with the eigenvalue 1/||W*||^2; W* itself, their sum, is in the kernel of Cov.  Hence

    eta_c <= 2 ||W*||   where there are two components or more, whatever the multipliers are;
    eta_c  = 2 ||W*||   if moreover in none of them a token is both above and below another:
                        |w| > 0 is then a Perron vector, and 1/||W*||^2 the largest eigenvalue.

Elsewhere multipliers are asked for.  They are unique, and rational, where the component is a tree;
where it is not, eta_c is not known.  Derived for this project, for orthonormal embeddings.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ntp_dynamics.studies.next_token.theory.certificate import Relation
from ntp_dynamics.studies.next_token.theory.columns import Columns
from ntp_dynamics.studies.next_token.theory.forest import flows_on
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget

LARGEST_TREE = 1000
"""Tokens up to which eigenvalues are computed."""


@dataclass(frozen=True)
class Threshold:
    """eta_c, or what is known of it.

    ``value`` is nan where it is not known, inf where every step size will do (one relation).
    ``at_most`` is the value, or where that is not known an upper bound of it.
    """

    value: float
    at_most: float


UNKNOWN = Threshold(math.nan, math.inf)


def threshold(target: AttentionTarget) -> Threshold:
    """eta_c of an exact target; unknown for one that is not exact, or has no relation."""
    if not target.exact or not target.columns:
        return UNKNOWN
    norm_squared = float(target.columns.norm_squared)
    several, components = _components(target.columns)
    largest = 1 / norm_squared if several else 0.0
    known = True
    for component in components:
        if component.is_tree:
            largest = max(largest, component.largest_beside(norm_squared))
        else:
            known = False
    eta = 2 / (math.sqrt(norm_squared) * largest) if largest > 0 else math.inf
    return Threshold(eta if known else math.nan, eta)


@dataclass(frozen=True)
class _Component:
    """Relations of one query that hold by 1 and can have a positive multiplier, connected."""

    relations: list[Relation]
    values: Mapping[int, Fraction]

    @property
    def tokens(self) -> list[int]:
        return sorted({token for relation in self.relations for token in relation})

    @property
    def is_tree(self) -> bool:
        """Whether its multipliers are unique; False too where they are too many to look at."""
        return len(self.relations) == len(self.tokens) - 1 < LARGEST_TREE

    def multipliers(self) -> dict[Relation, Fraction]:
        """Those of a tree: what a leaf puts out or takes in passes through its only relation."""
        return flows_on(self.relations, {token: self.values[token] for token in self.tokens})

    def largest_beside(self, norm_squared: float) -> float:
        """Largest eigenvalue of the Laplacian of a tree with weights lambda / ||W*||^2, across its
        own part of W*."""
        place = {token: i for i, token in enumerate(self.tokens)}
        laplacian = np.zeros((len(place), len(place)))
        for (a, b), flow in self.multipliers().items():
            z = np.array([place[a], place[b]])
            laplacian[np.ix_(z, z)] += float(flow) / norm_squared * np.array([[1, -1], [-1, 1]])
        w = np.array([float(self.values[token]) for token in place])
        laplacian -= np.outer(w, w) / (w @ w) / norm_squared
        top = float(np.linalg.eigvalsh(laplacian)[-1])
        return top if top > 1e-12 / norm_squared else 0.0


def _components(columns: Columns) -> tuple[bool, Iterator[_Component]]:
    """Whether there are several; those without 1 / ||W*||^2 for their largest eigenvalue, which is
    that of one of several in which no token is above one token and below another."""
    can = columns.tight & ~columns.forced_zero
    above, below, size = columns.above[can], columns.below[can], len(columns.entries)
    graph = csr_array((np.ones(len(above), dtype=np.int8), (above, below)), shape=(size, size))
    _, component = connected_components(graph, directed=False)
    of_relation = component[above]
    several = len(np.unique(of_relation)) > 1
    asked = of_relation
    if several:
        both = np.intersect1d(above, below)
        asked = of_relation[np.isin(of_relation, component[both])]
    return several, (_spelled(columns, above[x], below[x]) for x in _groups(of_relation, asked))


def _groups(number: Int[np.ndarray, " A"], asked: Int[np.ndarray, " B"]) -> Iterator[np.ndarray]:
    """Where each of the numbers that are asked for stands."""
    order = np.argsort(number, kind="stable")
    kinds = np.unique(asked)
    begin = np.searchsorted(number[order], kinds)
    end = np.searchsorted(number[order], kinds, side="right")
    return (order[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True))


def _spelled(
    columns: Columns, above: Int[np.ndarray, " A"], below: Int[np.ndarray, " A"]
) -> _Component:
    """Tokens by their places in the columns."""
    places = np.unique(np.concatenate([above, below]))
    each = zip(places.tolist(), columns.p[places].tolist(), columns.q[places].tolist(), strict=True)
    relations = list(zip(above.tolist(), below.tolist(), strict=True))
    return _Component(relations, {place: Fraction(p, q) for place, p, q in each})
