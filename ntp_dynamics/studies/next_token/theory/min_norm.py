"""Solver of ``separation``: the shortest matrix that separates relations by 1.

An interior-point method on the kernel <F_i, F_j>, or for many relations a gradient method without
it, says which relations are active; these are then solved as equations.  No solver is trusted:
what counts are the two bounds that ``measure`` takes, or multipliers that cancel.  Derived for this
project.
"""

from __future__ import annotations

import numpy as np
import piqp
from jaxtyping import Bool, Float

from ntp_dynamics.studies.next_token.theory.dual_gradient import dual_gradient
from ntp_dynamics.studies.next_token.theory.separation import EPS, Relations, Solution, solution_of

TARGET_GAP = 1e-10
TOLERANCES = (1e-10, 1e-13)
LARGEST_KERNEL = 1500
"""Relations up to which their kernel is formed."""
LARGEST_SYSTEM = 20_000_000
"""Entries up to which the F_i are written out to look for a contradiction."""


class Unsolved(Exception):
    """Neither a solution to the wanted gap nor a contradiction was found."""


class Contradiction(Exception):
    """``multipliers`` >= 0, of sum 1, combine the constraints to 0 >= 1."""

    def __init__(self, multipliers: Float[np.ndarray, " M"]):
        super().__init__(multipliers)
        self.multipliers = multipliers


def solve(relations: Relations) -> Solution:
    """The optimum to a relative gap of TARGET_GAP.

    Raises Contradiction where the constraints contradict each other, else Unsolved.
    """
    m = len(relations.above)
    best = Solution(np.zeros(m), np.inf, np.inf)
    if m <= LARGEST_KERNEL:
        for tolerance in TOLERANCES:
            start = _interior_point(relations, tolerance)
            best = min(best, _polish(relations, start), key=lambda s: s.gap)
            if best.gap <= TARGET_GAP:
                return best
    else:
        best = _polish(relations, dual_gradient(relations))
    if best.gap <= TARGET_GAP:
        return best
    cancelling = _contradiction(relations)
    if cancelling is not None:
        raise Contradiction(cancelling)
    raise Unsolved(f"the duality gap stayed at {best.gap:.1e}")


def _interior_point(relations: Relations, tolerance: float) -> Float[np.ndarray, " M"]:
    """Multipliers from the shortest point of the convex hull of the F_i, a problem that always has
    a solution; they are its weights over its squared length."""
    m = len(relations.above)
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = tolerance
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = tolerance
    kernel = relations.kernel(np.ones(m, dtype=bool))
    solver.setup(kernel, np.zeros(m), A=np.ones((1, m)), b=np.ones(1), x_l=np.zeros(m))
    solver.solve()
    weights = np.maximum(np.nan_to_num(solver.result.x), 0.0)
    square = (relations.matrix(weights) ** 2).sum()
    return weights / max(square, np.finfo(float).tiny)


def _polish(relations: Relations, multipliers: Float[np.ndarray, " M"]) -> Solution:
    """The active constraints solved as equations, by the smallest change of their multipliers."""
    best = solution_of(relations, multipliers)
    # Of multiplier and slack one goes to 0.
    active = multipliers > relations.margins(relations.matrix(multipliers)) - 1
    for _ in range(20):
        if not 0 < active.sum() <= LARGEST_KERNEL:
            break
        multipliers = _equalise(relations, np.where(active, multipliers, 0.0), active)
        negative = multipliers < 0
        multipliers = np.maximum(multipliers, 0.0)
        found = solution_of(relations, multipliers)
        best = min(best, found, key=lambda s: s.gap)
        violated = relations.margins(relations.matrix(multipliers)) < 1 - 1e-12
        changed = (active & ~negative) | violated
        if best.gap <= 1e-14 or (changed == active).all():
            break
        active = changed
    return best


def _equalise(
    relations: Relations, multipliers: Float[np.ndarray, " M"], active: Bool[np.ndarray, " M"]
) -> Float[np.ndarray, " M"]:
    """Multipliers of ``active`` changed least so that their margins are 1."""
    values, vectors = np.linalg.eigh(relations.kernel(active))
    kept = values > values[-1] * len(values) * EPS
    values, vectors = values[kept], vectors[:, kept]
    multipliers = multipliers.copy()
    for _ in range(3):  # the second and third time refine what rounding left
        wanted = 1 - relations.margins(relations.matrix(multipliers))[active]
        multipliers[active] += vectors @ ((vectors.T @ wanted) / values)
    return multipliers


def _contradiction(relations: Relations) -> Float[np.ndarray, " M"] | None:
    """Few multipliers >= 0 of sum 1 with ||W||^2 <= 1e-20 (mean ||F_i||)^2; None if not found."""
    if len(relations.above) * len(relations.left) * len(relations.right) > LARGEST_SYSTEM:
        return None
    from scipy.optimize import linprog  # a third of a second, for what few jobs need

    rows = relations.rows()
    system = np.vstack([rows.T, np.ones(len(rows))])
    wanted = np.append(np.zeros(rows.shape[1]), 1.0)
    found = linprog(np.zeros(len(rows)), A_eq=system, b_eq=wanted, method="highs-ds")
    if found.x is None:
        return None
    weights = np.zeros(len(rows))
    support = found.x > 1e-9
    weights[support] = np.linalg.lstsq(system[:, support], wanted, rcond=None)[0]
    if (weights < 0).any() or not support.any():
        return None
    weights /= weights.sum()
    length = weights @ np.linalg.norm(rows, axis=1)
    square = (relations.matrix(weights) ** 2).sum()
    return weights if square <= 1e-20 * length**2 else None
