"""The joint stage as a course."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.gauge import no_gauge, tally_of
from ntp_dynamics.model.joint import advance_joint, start_joint
from ntp_dynamics.model.token_space import TokenMatrix
from ntp_dynamics.model.walk import JointPace
from ntp_dynamics.optim.course import Logged, each, moved_logits, moved_scores


class JointCourse:
    """Both layers of all runs, moved by the fused kernel; it measures nothing on its way."""

    measures: Sequence[str] = ()

    def __init__(
        self,
        batch: Batch,
        attention: TokenMatrix,
        feed_forward: TokenMatrix,
        pace: JointPace,
        threads: int,
    ):
        self._many = max(batch.unused, 1)
        self._shape, self._vocab_size = attention.start.shape, batch.vocab_size
        self._pace, self._threads = pace, threads
        self._runs = [
            start_joint(batch, run, attention.start[run], feed_forward.start[run])
            for run in range(batch.runs)
        ]
        self._lengths = np.zeros((batch.runs, 2))
        self._nothing = no_gauge(), tally_of(no_gauge())

    def advance(self, steps: int) -> Logged:
        """Take some steps."""
        pace = self._pace._replace(steps=steps)

        def one(run: int) -> None:
            layout, _, scores, logits = self._runs[run]
            advance_joint(layout, scores, logits, pace, *self._nothing, self._lengths[run])

        each(one, len(self._runs), self._threads)
        return Logged(np.zeros(0, dtype=np.int64), {}, np.zeros(0, dtype=bool))

    def position(self) -> tuple[list[Float[Tensor, "R A B"]], Float[Tensor, " R"]]:
        """Coefficients of the scores and of the logits, and path lengths."""
        _, pairs, scores, logits = zip(*self._runs, strict=True)
        moved = moved_logits(logits, self._vocab_size)
        moved[:, -1] *= math.sqrt(self._many)  # the coefficients of as many classes add up
        coefficients = [moved_scores(scores, pairs, self._shape), moved]
        return coefficients, torch.from_numpy(self._lengths[:, 0].copy())
