"""Descent by tensors: any objective, any update rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.optim.minibatches import Draws, Minibatches
from ntp_dynamics.studies.next_token.optim.objectives import Objective
from ntp_dynamics.studies.next_token.optim.place import load_place, save_place
from ntp_dynamics.studies.next_token.optim.rules import Rule, known
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.optim.step import Step
from ntp_dynamics.study import Logged, Saved, nothing_logged


class Descent:
    """All runs of a stage; it measures nothing on its way, and evaluates every step once."""

    measures: Sequence[str] = ()

    def __init__(
        self,
        objective: Objective,
        rule: Rule,
        step_sizes: Sequence[float],
        weight_decay: float = 0.0,
        minibatches: Minibatches | None = None,
    ):
        """``step_sizes`` and ``weight_decay`` as for `Step`; ``minibatches`` None: every step takes
        all sentences."""
        self.objective = objective
        self._step = Step(objective, rule, step_sizes, weight_decay)
        self._place = self._step.start
        self._draws = Draws(minibatches, objective.batch) if minibatches else None
        self._nothing = nothing_logged(objective.batch.runs)
        self._state: State | None = None

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`.  Raises NonFinite at a step on the way that is not finite."""
        while self._place.at.step < to:
            self._update()
        return self._nothing

    def state(self) -> State:
        """As `Dynamics.state`; kept for the next update."""
        if self._state is None:
            self._state = self.objective.state(self._place.at)
        return self._state

    def _update(self) -> None:
        """One step."""
        state = self.state()
        self._place = self._step(
            self._place, state, self._drawn(state), lambda: known(self.objective.log_gap(state))
        )
        self._state = None

    def _drawn(self, state: State) -> State:
        """What the sentences of this step say."""
        if self._draws is None:
            return state
        batch = self._draws.at(state.step)
        return self.objective.weighed(batch).state(self._place.at._replace(growth=None, least=None))

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return save_place(self._place, self.objective.names)

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self._place = load_place(self._place, self.objective.names, saved)
        self._state = None
