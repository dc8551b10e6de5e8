"""Gradient descent of all runs, by whatever way the expectation is taken.

A clump whose deviations are below 1e-6 moves by its linear map (A the mean of the means, c_k the
average of e^-kt over the noise levels, n students of equal weight):

    A <- (1 - 2 eta c_2/n) A,   axial deviations <- (1 + 4 eta c_4 A^2/n) of themselves

and becomes points in the step in which a deviation has reached 1e-6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.score_matching.config import Way
from ntp_dynamics.studies.score_matching.dynamics.state import State
from ntp_dynamics.studies.score_matching.dynamics.task import Coordinates, Task, Told
from ntp_dynamics.studies.score_matching.frame import CLUMPED
from ntp_dynamics.studies.score_matching.loss import grid, lattice, line, nodes
from ntp_dynamics.study import Logged, Saved, nothing_logged
from ntp_dynamics.system.compiled import compiled


@dataclass(frozen=True)
class Clump:
    """Of R runs that are clumps still: centre A, and deviations e^log_size z along the axis."""

    centre: Float[np.ndarray, " R"]
    log_size: Float[np.ndarray, " R"]
    z: Float[np.ndarray, "R n"]
    """Of mean 0."""

    @staticmethod
    def of(centre: float, log_size: Float[np.ndarray, " R"], z: Float[np.ndarray, "R n"]) -> Clump:
        """The mean of the deviations goes to the centre."""
        mean = z.mean(axis=1)
        return Clump(centre + np.exp(log_size) * mean, log_size.copy(), z - mean[:, None])

    def points(self, run: int) -> Float[np.ndarray, " n"]:
        """As they are in double precision."""
        return self.centre[run] + math.exp(self.log_size[run]) * self.z[run]

    @property
    def log_deviation(self) -> Float[np.ndarray, " R"]:
        """ln of the root mean square deviation."""
        with np.errstate(divide="ignore"):
            return self.log_size + np.log(self.z.std(axis=1))

    def drift(self, run: int, shrink: float, amplify: float, steps: int) -> tuple[int, bool]:
        """Move one by its linear map, in place; how many steps it took, and whether it is a clump
        still."""
        largest = float(np.abs(self.z[run]).max())
        log_z = math.log(largest) if largest > 0 else -math.inf
        given = self.centre[run], self.log_size[run], log_z, shrink, amplify, steps
        self.centre[run], self.log_size[run], taken, still = _drift(*given)
        return taken, still

    def copy(self) -> Clump:
        """One that may move on its own."""
        return replace(self, centre=self.centre.copy(), log_size=self.log_size.copy())


class Descent:
    """`study.Dynamics` of gradient descent, from points or from clumps."""

    measures: Sequence[str] = ()

    def __init__(self, task: Task, clump: Clump | None = None):
        runs, n = len(task.numbers), len(task.log_pi)
        self.task, self.at = task, 0
        self.y = task.frame.coordinates.copy()
        self.still = np.zeros(runs, dtype=bool)
        self.clumped = np.full(runs, clump is not None)
        blank = Clump(np.zeros(runs), np.zeros(runs), np.zeros((runs, n)))
        self.clump = blank if clump is None else clump.copy()

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        engine = self.task.engine
        if engine.line:
            self._on_a_line(to - self.at)
        for r in range(0 if engine.line else len(self.y)):
            if engine.way is Way.quadrature:
                self._on_grids(self.y[r], to - self.at)
            else:
                self._on_samples(r, to)
        self.at = to
        return nothing_logged(len(self.y))

    def _on_a_line(self, steps: int) -> None:
        task, n = self.task, len(self.task.log_pi)
        left = np.full(len(self.y), steps)
        shrink = 2 * task.step_size * task.moment(2) / n
        amplify = 4 * task.step_size * task.moment(4) / n
        for r in np.flatnonzero(self.clumped).tolist():
            taken, self.clumped[r] = self.clump.drift(r, shrink, amplify, steps)
            left[r] -= taken
            if not self.clumped[r]:
                self.y[r, :, 0] = self.clump.points(r)
        left[self.clumped] = 0
        y = np.ascontiguousarray(self.y[:, :, 0])
        line.descend(y, *task.loss, task.exponent, task.step_size, left, self.still)
        self.y[:, :, 0] = y

    def _on_grids(self, y: Coordinates, steps: int) -> None:
        task = self.task
        while steps > 0:
            level = grid.levels(task.widths(y))
            extent = grid.limits(level) / task.scales.max()
            how = task.step_size, steps, extent
            if grid.is_lattice(level, task.exponent):
                room = np.empty(y.shape), lattice.room_for(*y.shape)
                given = (grid.lattice(level, task.exponent), *how, *room)
                steps -= lattice.descend_along(y, *task.loss, *given)
            else:
                on = task.on_grid(level, task.exponent)
                steps -= nodes.descend_on(y, *task.loss, *on, *how)

    def _on_samples(self, r: int, to: int) -> None:
        task, y = self.task, self.y[r]
        for step in range(self.at, to):
            batch = task.drawn(y, r, step, task.engine.way)
            log_loss, size, g = nodes.node_loss(y, *task.loss, *batch)
            if log_loss > -math.inf:
                y -= task.step_size * math.exp(size) * g

    def state(self) -> State:
        """Where it stands."""
        y, told = self.y.copy(), []
        for r in range(len(y)):
            if self.clumped[r]:
                y[r, :, 0] = self.clump.points(r)
                told.append(self._of_clump(r))
            else:
                told.append(self.task.tell(y[r], r, self.at))
        spread = log_deviation(y[:, :, 0])
        spread = np.where(self.clumped, self.clump.log_deviation, spread)
        path, fourth = self.at * self.task.step_size, self.task.moment(4)
        return State.of(path, self.task.frame.full(y), told, spread, self.still.copy(), fourth)

    def _of_clump(self, r: int) -> Told:
        """To leading order L = c_2 A^2 + c_4 l^2, l the variance of the deviations."""
        task, n = self.task, len(self.task.log_pi)
        centre = abs(self.clump.centre[r])
        log_a = math.log(centre) if centre > 0 else -math.inf
        log_l = 2 * float(self.clump.log_deviation[r])
        c2, c4 = math.log(task.moment(2)), math.log(task.moment(4))
        loss = np.logaddexp(c2 + 2 * log_a, c4 + 2 * log_l)
        of_a, of_l = math.log(4 / n) + 2 * (c2 + log_a), math.log(16 / n) + 2 * c4 + 3 * log_l
        return Told(float(loss), 0.5 * float(np.logaddexp(of_a, of_l)), error=0.0)

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        clump = {"centre": self.clump.centre.copy(), "log_size": self.clump.log_size.copy()}
        own = {"y": self.y.copy(), "still": self.still.copy(), "clumped": self.clumped.copy()}
        return {**own, **clump, "at": np.full(len(self.y), self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.y, self.still = saved["y"].copy(), saved["still"].copy()
        self.clumped, self.at = saved["clumped"].copy(), int(saved["at"][0])
        moved = {name: saved[name].copy() for name in ("centre", "log_size")}
        self.clump = replace(self.clump, **moved)


def log_deviation(y: Float[np.ndarray, "R n"]) -> Float[np.ndarray, " R"]:
    """ln of the root mean square deviation from the mean."""
    with np.errstate(divide="ignore"):
        return np.log(y.std(axis=1))


@compiled(error_model="numpy")
def _drift(centre, log_size, log_z, shrink, amplify, steps):
    """Centre and log size after at most ``steps``, how many were taken, and whether it is a clump
    still."""
    for step in range(steps):
        if log_size + log_z >= CLUMPED:
            return centre, log_size, step, False
        log_size += math.log1p(amplify * centre * centre)
        centre *= 1.0 - shrink
    return centre, log_size, steps, True
