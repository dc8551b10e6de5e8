"""The joint stage as a course."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int

from ntp_dynamics.model.gauge import no_gauge, tally_of
from ntp_dynamics.model.joint import advance_joint, start_joint
from ntp_dynamics.model.walk import JointPace
from ntp_dynamics.optim.course import WALKED, each, moved_logits, moved_scores, token_matrix
from ntp_dynamics.optim.memory import load_arrays, save_arrays, save_step
from ntp_dynamics.optim.objectives import Joint
from ntp_dynamics.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved, nothing_logged


class JointCourse:
    """Both layers of all runs, moved by the fused kernel; it measures nothing on its way."""

    measures: Sequence[str] = ()

    def __init__(self, objective: Joint, pace: JointPace, threads: int = 1):
        self.objective = objective
        batch = objective.batch
        attention, feed_forward = map(token_matrix, objective.matrices)
        self._many = max(batch.unused, 1)
        self._shape, self._vocab_size = attention.start.shape, batch.vocab_size
        self._pace, self._threads = pace, threads
        runs = [
            start_joint(batch, run, attention.start[run], feed_forward.start[run])
            for run in range(batch.runs)
        ]
        self._layouts, self._pairs, self._scores, self._logits = zip(*runs, strict=True)
        self._lengths = np.zeros((batch.runs, 2))
        self._nothing = no_gauge(), tally_of(no_gauge())
        self._step = 0

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        pace = self._pace._replace(steps=to - self._step)

        def one(run: int) -> None:
            walks = self._scores[run], self._logits[run]
            advance_joint(self._layouts[run], *walks, pace, *self._nothing, self._lengths[run])

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
        scores = save_arrays("scores", self._scores, WALKED)
        logits = save_arrays("logits", self._logits, WALKED)
        step = save_step(self._step, len(self._layouts))
        return {"step": step, "length": self._lengths.copy(), **scores, **logits}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        load_arrays("scores", self._scores, WALKED, saved)
        load_arrays("logits", self._logits, WALKED, saved)
        self._lengths[:] = saved["length"]
        self._step = int(saved["step"][0])
