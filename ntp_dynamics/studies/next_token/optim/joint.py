"""The joint stage by the fused kernel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int

from ntp_dynamics.studies.next_token.model.columns import start_columns
from ntp_dynamics.studies.next_token.model.joint import advance_joint, lay_out_joint
from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps
from ntp_dynamics.studies.next_token.model.kernel_reference import (
    loss_reference,
    per_sentence_of,
)
from ntp_dynamics.studies.next_token.model.layout import Laid
from ntp_dynamics.studies.next_token.model.trained import trained_by
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import each, sampling_of
from ntp_dynamics.studies.next_token.optim.kernel_weights import (
    check_memories,
    kept_of,
    load_iterates,
    logit_coordinates,
    moved_logits,
    moved_scores,
    save_iterates,
    score_coordinates,
)
from ntp_dynamics.studies.next_token.optim.memory import save_step
from ntp_dynamics.studies.next_token.optim.minibatches import Minibatches
from ntp_dynamics.studies.next_token.optim.objectives import JointObjective
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved, nothing_logged


class JointKernel:
    """Both layers of all runs, moved by the fused kernel; it measures nothing on its way."""

    measures: Sequence[str] = ()

    def __init__(
        self,
        objective: JointObjective,
        steps: JointSteps,
        threads: int = 1,
        minibatches: Minibatches | None = None,
    ):
        """``minibatches`` None: every step takes all sentences."""
        self.objective = objective
        batch = objective.batch
        attention, feed_forward = objective.matrices
        self._steps, self._threads = steps, threads
        self.laid, self._scores, self._logits = [], [], []
        self._trained_scores, self._trained_logits = [], []
        for run in range(batch.runs):
            start = feed_forward.start[run]
            laid = Laid(*lay_out_joint(batch, run, start))
            within = score_coordinates(attention, run, laid, batch)
            scores = attention.start[run].numpy(force=True)
            self.laid.append(laid)
            self._scores.append(laid.iterate(scores, within))
            size = len(self._scores[-1].start)
            self._trained_scores.append(trained_by(steps.scores, size, within))
            within = logit_coordinates(feed_forward, run)
            self._logits.append(start_columns(batch, run, start, within)[1])
            size = len(self._logits[-1].start)
            self._trained_logits.append(trained_by(steps.logits, size, within))
        self._against = [loss_reference(laid.layout.log_pi) for laid in self.laid]
        laid = enumerate(self.laid)
        self._drawn = [sampling_of(minibatches, batch, run, one) for run, one in laid]
        self._said = [per_sentence_of(against) for against in self._against]
        self._lengths = np.zeros((batch.runs, 2))
        self._step = 0

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        steps = self._steps._replace(count=to - self._step, taken=self._step)

        def one(run: int) -> None:
            iterates = self._scores[run], self._logits[run]
            trained = self._trained_scores[run], self._trained_logits[run]
            told = self._drawn[run], self._against[run], self._said[run], self._lengths[run]
            advance_joint(self.laid[run].layout, *iterates, *trained, steps, *told)

        each(one, len(self.laid), self._threads)
        self._step = to
        return nothing_logged(len(self.laid))

    def position(self) -> Position:
        """Where it stands."""
        attention, feed_forward = self.objective.matrices
        pairs = [laid.pairs for laid in self.laid]
        coefficients = [
            moved_scores(self._scores, pairs, attention),
            moved_logits(self._logits, feed_forward, self.objective.batch),
        ]
        length = torch.from_numpy(self._lengths[:, 0].copy())
        kept = kept_of(self._scores, self._logits)
        return Position(self._step, coefficients, length, kept=kept)

    def state(self) -> State:
        """As `Dynamics.state`."""
        check_memories(self._step, [*self._trained_scores, *self._trained_logits])
        return self.objective.state(self.position())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        scores, logits = (
            save_iterates("scores", self._scores, self._trained_scores),
            save_iterates("logits", self._logits, self._trained_logits),
        )
        step = save_step(self._step, len(self.laid))
        return {"step": step, "length": self._lengths.copy(), **scores, **logits}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        load_iterates("scores", self._scores, self._trained_scores, saved)
        load_iterates("logits", self._logits, self._trained_logits, saved)
        self._lengths[:] = saved["length"]
        self._step = int(saved["step"][0])
