"""The span of the students, to which everything reduces, and how expectations over it are taken.

Weights and score depend on x through its projection on span{mu_i} only, and gradients lie in it: r
coordinates a student are enough, at any dimension d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.config import ScoreMatchingConfig, Start, Way
from ntp_dynamics.studies.score_matching.loss.grid import MOST, THIN, size_of
from ntp_dynamics.studies.score_matching.loss.nodes import spread
from ntp_dynamics.studies.score_matching.starts import Starts
from ntp_dynamics.system.errors import UserError

QUICK = 20_000
"""Nodes of a grid up to which it is preferred to sampling."""
CLUMPED = np.log(1e-6)
"""ln of the largest deviation up to which a clump moves by its linear map, exact to the same."""


@dataclass(frozen=True)
class Frame:
    """R runs in coordinates: mu = coordinates @ basis + rest, the rest standing still."""

    basis: Float[np.ndarray, "R r d"]
    rest: Float[np.ndarray, "R n d"]
    coordinates: Float[np.ndarray, "R n r"]
    """At the start."""

    def full(self, coordinates: Float[np.ndarray, "R n r"]) -> Float[np.ndarray, "R n d"]:
        """The means themselves."""
        return coordinates @ self.basis + self.rest


@dataclass(frozen=True)
class Engine:
    """How the expectation is taken in a job, and why not by the fastest way, which is a line."""

    way: Way
    line: bool
    clumped: bool
    """Whether runs start as a clump that moves by its linear map."""
    why: str


def frame_of(start: Starts, tolerance: float) -> Frame:
    """The directions of all runs that are wider than ``tolerance`` of the widest; the first one is
    that of the centre, where there is one."""
    points = start.points
    axis = np.linalg.norm(start.centre) > 0
    kept, bases = [], []
    for x in points:
        first = np.eye(x.shape[1])[:1] if axis else np.zeros((0, x.shape[1]))
        across = x - (x @ first.T) @ first
        _, sizes, others = np.linalg.svd(across, full_matrices=False)
        widest = max(np.linalg.norm(x @ first.T), sizes.max(initial=0.0))
        kept.append(len(first) + int((sizes > tolerance * widest).sum()))
        bases.append(np.vstack([first, others])[: x.shape[1]])
    rank = max(1, max(kept))
    basis = np.stack([b[:rank] for b in bases])
    coordinates = points @ basis.swapaxes(1, 2)
    return Frame(basis, points - coordinates @ basis, coordinates)


def whole_space(start: Starts) -> Frame:
    """All d directions, as plain batches draw them."""
    points = start.points
    basis = np.tile(np.eye(points.shape[2]), (len(points), 1, 1))
    return Frame(basis, np.zeros_like(points), points)


def engine_of(config: ScoreMatchingConfig, start: Starts) -> Engine:
    """What moves a job.  Raises UserError where no grid is small enough for what is asked."""
    wanted = config.expectation.kind
    if wanted is Way.monte_carlo:
        return Engine(wanted, False, False, f"plain batches of {config.expectation.batch:,}")
    if wanted is Way.importance:
        return Engine(wanted, False, False, f"importance batches of {config.expectation.batch:,}")
    frame = frame_of(start, config.expectation.rank_tol)
    rank = frame.coordinates.shape[2]
    if rank == 1:
        clump = (
            config.init.kind is Start.clump
            and not config.model.weights
            and bool((start.log_largest < CLUMPED).all())
        )
        return Engine(Way.quadrature, True, clump, "students on a line: numba, trapezoid rule")
    widths = [widths_of(x) for x in frame.coordinates]
    wide = max(int((w >= THIN).sum()) for w in widths)
    nodes = max(size_of(w, config.expectation.exponent) for w in widths)
    if wanted is Way.quadrature and (wide > 2 or nodes > MOST):
        what = f"quadrature needs rank <= 2 or a thin rank 3 (rank {rank} here)"
        raise UserError("expectation", what, "use importance")
    if wanted is Way.auto and (wide > 2 or nodes > QUICK):
        why = f"rank {rank}, too many nodes for a grid: importance batches"
        return Engine(Way.importance, False, False, f"{why} of {config.expectation.batch:,}")
    return Engine(Way.quadrature, False, False, f"rank {rank}: numba, tensor grid")


def widths_of(coordinates: Float[np.ndarray, "n r"]) -> Float[np.ndarray, " r"]:
    """How far the students, and the truth, lie apart in each direction."""
    return np.array([spread(coordinates, d) for d in range(coordinates.shape[1])])
