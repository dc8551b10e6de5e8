"""How far the part of W across W* can still move: the constant behind 1 - cos = O(1/t^2).

Notation of `continuation`; v is W less its part along W*.  On the relations that carry q* the
products <z_r, v> change by no more than log q does, which KL(q*|q_t) <= K keeps in place:

    sum q* (<z_r, v_t> - <z_r, v_0>)^2 <= 4 (2 + rho) K,   rho the most that log q* - log q can be,

and B times that sum bounds a squared length, 1 / B the least positive eigenvalue of sum q* z z^T.
Every other relation has slack s_r > 0 if none is forced to zero, and a share q_r that falls like
e^{-gamma s_r eta n}.  Both together: |v_t - v_0| <= M for ever, where M is large enough for itself.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ntp_dynamics.studies.next_token.theory.continuation import (
    ONE,
    ROOM,
    TWO,
    Closed,
    Rule,
    Standing,
)
from ntp_dynamics.studies.next_token.theory.exponentials import Exponentials
from ntp_dynamics.studies.next_token.theory.interval import Interval

ROUNDS = 40
OFF = 1e-9
"""Relative error that an eigenvalue is taken to have; the solver's is some 1e-14."""
LARGEST = 2000
"""Tokens of a component up to which eigenvalues are computed."""


def spread(e: Exponentials, s: Standing) -> float | None:
    """B: ||v||^2 <= B sum q* <z_r, v>^2 for v without a mean on each component of the relations
    that carry q*; None where a component is too large."""
    support = s.support
    above, below = e.above[support], e.below[support]
    weight = s.of_support().low
    graph = csr_array((np.ones(len(support)), (above, below)), shape=(e.size, e.size))
    _, component = connected_components(graph, directed=False)
    least = np.inf
    for number in np.unique(component[above]).tolist():
        tokens = np.flatnonzero(component == number)
        if len(tokens) > LARGEST:
            return None
        mine = component[above] == number
        place = np.searchsorted(tokens, np.stack([above[mine], below[mine]]))
        laplacian = np.zeros((len(tokens), len(tokens)))
        np.add.at(laplacian, (place[0], place[1]), -weight[mine])
        laplacian += laplacian.T
        np.fill_diagonal(laplacian, -laplacian.sum(1))
        least = min(least, float(np.linalg.eigvalsh(laplacian)[1]) * (1 - OFF))
    return float(np.nextafter(1 / least, np.inf)) if least > 0 else None


def drift(e: Exponentials, s: Standing, closed: Closed, rule: Rule) -> tuple[float, float] | None:
    """M and B; None where a relation is forced to zero, or no M is large enough for itself."""
    others = np.setdiff1d(np.arange(len(e.above)), s.support)
    slack = e.slack[others]
    if (slack.low <= 0).any() or (b := spread(e, s)) is None:
        return None
    eta, k = Interval.exactly(rule.step_size), Interval.exactly(closed.divergence)
    theta, root = eta / s.gamma, TWO.root()
    least = Interval.exactly(s.of_support().low.min())
    half = k / least / TWO
    rho = half + (half.square() + TWO * TWO * half).root()
    carried = TWO * (Interval.exactly(b) * (TWO + rho) * k).root()
    fall = s.gamma * slack
    late = s.log_q[others].exp() * (fall * Interval.exactly(closed.deficit)).exp()
    passing = (late / (ONE - (-(fall * eta)).exp())).sum() if others.size else Interval.exactly(0.0)
    passing = passing * s.divergence.exp()
    errors = Interval.exactly(closed.errors) / TWO
    moved = 0.0
    for _ in range(ROUNDS):
        lost = errors + passing * (root * Interval.exactly(moved)).exp()
        found = float((carried + root * theta * lost).high)
        if found <= moved:
            return moved, b
        if not found < 1e3:
            return None
        moved = found * ROOM
    return None
