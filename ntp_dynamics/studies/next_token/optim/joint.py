"""The joint stage by the fused kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int

from ntp_dynamics.studies.next_token.model.joint import advance_joint, start_joint
from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps
from ntp_dynamics.studies.next_token.model.kernel_reference import no_reference, per_sentence_of
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import (
    ITERATE,
    each,
    moved_logits,
    moved_scores,
    token_matrix,
)
from ntp_dynamics.studies.next_token.optim.memory import load_arrays, save_arrays, save_step
from ntp_dynamics.studies.next_token.optim.objectives import JointObjective
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved, nothing_logged


class JointKernel:
    """Both layers of all runs, moved by the fused kernel; it measures nothing on its way."""

    measures: Sequence[str] = ()

    def __init__(self, objective: JointObjective, steps: JointSteps, threads: int = 1):
        self.objective = objective
        batch = objective.batch
        attention, feed_forward = map(token_matrix, objective.matrices)
        self._many = max(batch.unused, 1)
        self._shape, self._vocab_size = attention.start.shape, batch.vocab_size
        self._steps, self._threads = steps, threads
        runs = [
            start_joint(batch, run, attention.start[run], feed_forward.start[run])
            for run in range(batch.runs)
        ]
        self._layouts, self._pairs, self._scores, self._logits = zip(*runs, strict=True)
        self._lengths = np.zeros((batch.runs, 2))
        self._nothing = no_reference(), per_sentence_of(no_reference())
        self._step = 0

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        steps = self._steps._replace(count=to - self._step)

        def one(run: int) -> None:
            iterates = self._scores[run], self._logits[run]
            advance_joint(self._layouts[run], *iterates, steps, *self._nothing, self._lengths[run])

        each(one, len(self._layouts), self._threads)
        self._step = to
        return nothing_logged(len(self._layouts))

    def position(self) -> Position:
        """Where it stands: coefficients of the scores and of the logits."""
        logits = moved_logits(self._logits, self._vocab_size)
        logits[:, -1] *= math.sqrt(self._many)  # the coefficients of as many classes add up
        coefficients = [moved_scores(self._scores, self._pairs, self._shape), logits]
        return Position(self._step, coefficients, torch.from_numpy(self._lengths[:, 0].copy()))

    def state(self) -> State:
        """As `Dynamics.state`."""
        return self.objective.state(self.position())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        scores = save_arrays("scores", self._scores, ITERATE)
        logits = save_arrays("logits", self._logits, ITERATE)
        step = save_step(self._step, len(self._layouts))
        return {"step": step, "length": self._lengths.copy(), **scores, **logits}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        load_arrays("scores", self._scores, ITERATE, saved)
        load_arrays("logits", self._logits, ITERATE, saved)
        self._lengths[:] = saved["length"]
        self._step = int(saved["step"][0])
