"""Minibatches of the runs of a stage: which sentences a step takes, the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from jaxtyping import Int

from ntp_dynamics.studies.next_token.model.batch import Batch

if TYPE_CHECKING:
    from ntp_dynamics.studies.next_token.model.sampling import Sampling


@dataclass(frozen=True)
class Minibatches:
    """How many sentences a step takes, and how they are drawn."""

    size: int
    replaced: bool
    keys: Sequence[int]
    """Of the random numbers of each run."""

    def of_run(
        self, batch: Batch, run: int, row: Int[np.ndarray, " N"] | None = None, rows: int = 0
    ) -> Sampling:
        """Of the sentences of one run, which stand in such rows of so many; None: as they come."""
        from ntp_dynamics.studies.next_token.model.sampling import sampling  # takes numba along

        size = int(batch.n_sentences[run])
        row = np.arange(size) if row is None else row
        log_pi = batch.log_pi[run, :size].numpy(force=True)
        given = np.uint64(self.keys[run]), self.size, self.replaced, log_pi
        return sampling(*given, row, rows or size)


class Draws:
    """The minibatches of all runs, step by step, as weights of the sentences of a batch."""

    def __init__(self, minibatches: Minibatches, batch: Batch):
        self._batch = batch
        self._runs = [minibatches.of_run(batch, run) for run in range(batch.runs)]

    def at(self, step: int) -> Batch:
        """The batch with the weights of a step; -inf where a sentence is not drawn."""
        from ntp_dynamics.studies.next_token.model.sampling import draw

        log_pi = torch.full_like(self._batch.log_pi, -torch.inf)
        for own, run in zip(log_pi, self._runs, strict=True):
            draw(run, step)
            own[: len(run.log_weight)] = torch.from_numpy(run.log_weight)
        return replace(self._batch, log_pi=log_pi)
