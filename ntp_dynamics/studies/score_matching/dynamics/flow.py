"""Gradient flow over many decades: d mu/du = -e^u grad L in u = ln s, by LSODA.

It is solved once, over the whole way, when it is first asked to move; where it stands is read from
that solution, so that no cut can change it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.score_matching.dynamics.descent import log_deviation
from ntp_dynamics.studies.score_matching.dynamics.state import State
from ntp_dynamics.studies.score_matching.dynamics.task import Coordinates, Task
from ntp_dynamics.study import Logged, NonFinite, Saved, nothing_logged

EARLIEST = 1e-3
"""Path length from which a flow that begins at the start is counted: it has not moved before."""
TOLERANCES: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-14}


@dataclass
class Flow:
    """`study.Dynamics` of the gradient flow; a step is the task's step size of path length."""

    task: Task
    horizon: int
    before: float = 0.0
    """Path length at its step 0."""
    at: int = 0

    @property
    def measures(self) -> Sequence[str]:
        """None: observables read the state."""
        return ()

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`.  Raises NonFinite where the solver gives up."""
        if to > 0 and not all(solved.success for solved in self._solutions):
            raise NonFinite(to, "the flow")
        self.at = to
        return nothing_logged(len(self.task.numbers))

    def path(self, step: int) -> float:
        """Path length, that before step 0 too."""
        return self.before + self.task.step_size * step

    @cached_property
    def _solutions(self) -> list[Any]:
        begin, end = math.log(self.before or EARLIEST), math.log(self.path(self.horizon))
        return [_solved(self.task, y, begin, end) for y in self.task.frame.coordinates]

    def _coordinates(self) -> Float[np.ndarray, "R n r"]:
        start = self.task.frame.coordinates
        if self.at == 0:
            return start.copy()
        u = math.log(self.path(self.at))
        return np.stack([solved.sol(u).reshape(start.shape[1:]) for solved in self._solutions])

    def state(self) -> State:
        """Where it stands."""
        y, task = self._coordinates(), self.task
        told = [task.tell(x, r, self.at) for r, x in enumerate(y)]
        still = np.zeros(len(y), dtype=bool)
        return State.of(
            self.path(self.at), task.frame.full(y), told, log_deviation(y[:, :, 0]), still
        )

    def save(self) -> Saved:
        """As `Dynamics.save`: the whole way follows from its start."""
        return {"at": np.full(len(self.task.numbers), self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.at = int(saved["at"][0])


def _solved(task: Task, y: Coordinates, begin: float, end: float) -> Any:
    """The flow of one run as a function of u.  Raises NonFinite."""
    if not np.isfinite(y).all():
        raise NonFinite(0, "its start")
    from scipy.integrate import solve_ivp

    def slope(u: float, flat: np.ndarray) -> np.ndarray:
        return -math.exp(u) * task.gradient(flat.reshape(y.shape)).ravel()

    return solve_ivp(
        slope, (begin, end), y.ravel(), method="LSODA", dense_output=True, **TOLERANCES
    )
