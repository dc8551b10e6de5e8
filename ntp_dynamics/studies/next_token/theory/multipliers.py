"""Multipliers of problem (3), exact, and close to given weights.

    W*_kq = sum_r lambda_r z_r,   lambda >= 0,   z_r = (e_a - e_b) e_q^T,

so lambda is a flow on the tight relations that leaves token a of query q by w_aq.  Of all such
flows the one closest to weights p (least sum lambda log(lambda / p)) is p_r e^{y_a - y_b}, with
potentials y found by Newton's method.  Relations off a spanning forest keep their flow to 24 bits;
those on it then carry what is left, in fractions, so that the sum above holds exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from ntp_dynamics.studies.next_token.theory.forest import flows_on

STEPS = 60
"""Of Newton's method; a dozen is usual."""
SHORTEST = 1e-9
"""Part of a step of it, below which it is given up."""
CLOSE = 1e-14
"""What a step of it gains, relative to the total flow, below which it stops."""


def closest_flow(
    above: Int[np.ndarray, " M"],
    below: Int[np.ndarray, " M"],
    supply: Sequence[Fraction],
    weights: Float[np.ndarray, " M"],
) -> list[Fraction] | None:
    """A flow > 0 on relations between tokens 0 .. len(supply) - 1, each of which leaves by its
    supply; close to ``weights`` > 0 of any scale.  None where none was found.
    """
    near = _near(above, below, np.array([float(x) for x in supply]), weights)
    if near is None or not (near > 0).all():
        return None
    edges = csr_array((1 / near, (above, below)), shape=(len(supply),) * 2)
    heads = minimum_spanning_tree(edges).tocoo()
    forest = set(zip(heads.row.tolist(), heads.col.tolist(), strict=True))
    pairs = list(zip(above.tolist(), below.tolist(), strict=True))
    kept = {p: Fraction(float(np.float32(x))) for p, x in zip(pairs, near, strict=True)}
    off = {pair: flow for pair, flow in kept.items() if pair not in forest}
    flows = off | _on_forest(forest, supply, off)
    found = [flows[pair] for pair in pairs]
    return found if all(flow > 0 for flow in found) else None


def _near(
    above: Int[np.ndarray, " M"],
    below: Int[np.ndarray, " M"],
    supply: Float[np.ndarray, " T"],
    weights: Float[np.ndarray, " M"],
) -> Float[np.ndarray, " M"] | None:
    """The closest flow in floats: the minimum over y of sum p e^{y_a - y_b} - <supply, y>."""
    size, total = len(supply), float(supply[supply > 0].sum())
    graph = csr_array((np.ones(len(above)), (above, below)), shape=(size, size))
    _, owner = connected_components(graph, directed=False)
    same = (owner[:, None] == owner[None]).astype(float)  # y is free up to a constant on each
    y = np.zeros(size)
    p = weights / weights.sum() * total
    if not (np.isfinite(p).all() and (p > 0).all()):
        return None

    def flow_at(y: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return p * np.exp(y[above] - y[below])

    def value(y: np.ndarray) -> float:
        return float(flow_at(y).sum() - supply @ y)

    for _ in range(STEPS):
        flow = flow_at(y)
        rest = supply - np.bincount(above, flow, size) + np.bincount(below, flow, size)
        laplacian = np.zeros((size, size))
        np.add.at(laplacian, (above, below), -flow)
        laplacian += laplacian.T
        np.fill_diagonal(laplacian, -laplacian.sum(1))
        try:
            step = np.linalg.solve(laplacian + same * laplacian.diagonal().mean(), rest)
        except np.linalg.LinAlgError:
            return None
        gain = float(rest @ step)
        if not gain > CLOSE * total:
            break
        length, before = 1.0, value(y)
        while value(y + length * step) > before - 1e-4 * length * gain:
            length /= 2
            if length < SHORTEST:
                return None
        y = y + length * step
    return flow_at(y)


def _on_forest(
    forest: set[tuple[int, int]],
    supply: Sequence[Fraction],
    off: Mapping[tuple[int, int], Fraction],
) -> dict[tuple[int, int], Fraction]:
    """Flows on a forest beside given ones: what is left of a leaf passes its only relation."""
    rest = dict(enumerate(supply))
    for (a, b), flow in off.items():
        rest[a] -= flow
        rest[b] += flow
    return flows_on(forest, rest)
