"""Many clumps on a line at once: distances times spreads, of R patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.score_matching.dynamics.descent import Clump
from ntp_dynamics.studies.score_matching.dynamics.state import NEAR
from ntp_dynamics.studies.score_matching.loss import line
from ntp_dynamics.study import Logged, Saved, nothing_logged


@dataclass(frozen=True)
class Counts:
    """How many students have converged in every cell."""

    path: float
    count: Float[np.ndarray, "R distance spread"]


class Cells:
    """`study.Dynamics` of plain descents that end where it is known who converges.

    A run's cells lie side by side: (R distance spread) of them, ``log_size`` (distance, spread).
    """

    measures: Sequence[str] = ()

    def __init__(
        self,
        distances: Sequence[float],
        log_size: Float[np.ndarray, "distance spread"],
        z: Float[np.ndarray, "R n"],
        step_size: float,
    ):
        self.shape = len(z), *log_size.shape
        self.step_size, self.at = step_size, 0
        cells = log_size.size
        every = np.repeat(z, cells, axis=0)
        centres = np.tile(np.repeat(distances, log_size.shape[1]), len(z))
        self.clump = Clump.of(0.0, np.tile(log_size.ravel(), len(z)), every)
        self.clump = Clump(self.clump.centre + centres, self.clump.log_size, self.clump.z)
        self.clumped = np.ones(len(every), dtype=bool)
        self.still = np.zeros(len(every), dtype=bool)
        self.y = np.stack([self.clump.points(cell) for cell in range(len(every))])

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        cells, n = self.y.shape
        left = np.full(cells, to - self.at)
        shrink, amplify = 2 * self.step_size / n, 4 * self.step_size / n
        for cell in np.flatnonzero(self.clumped).tolist():
            taken, self.clumped[cell] = self.clump.drift(cell, shrink, amplify, to - self.at)
            left[cell] -= taken
            self.y[cell] = self.clump.points(cell)
        left[self.clumped] = 0
        line.settle(self.y, np.full(n, -np.log(n)), self.step_size, left, self.still)
        self.at = to
        return nothing_logged(self.shape[0])

    def state(self) -> Counts:
        """Where it stands."""
        count = (np.abs(self.y) < NEAR).sum(axis=1).astype(float)
        return Counts(self.at * self.step_size, count.reshape(self.shape))

    def save(self) -> Saved:
        """As `Dynamics.save`: the cells of a run are its own."""
        c, runs = self.clump, self.shape[0]
        whole = {"centre": c.centre, "log_size": c.log_size, "clumped": self.clumped}
        arrays = {"y": self.y, "still": self.still, **whole}
        rows = {name: x.reshape(runs, -1, *x.shape[1:]).copy() for name, x in arrays.items()}
        return {**rows, "at": np.full(runs, self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        flat = {name: x.reshape(-1, *x.shape[2:]).copy() for name, x in saved.items() if x.ndim > 1}
        self.y, self.still, self.clumped = flat["y"], flat["still"], flat["clumped"]
        self.clump = Clump(flat["centre"], flat["log_size"], self.clump.z)
        self.at = int(saved["at"][0])
