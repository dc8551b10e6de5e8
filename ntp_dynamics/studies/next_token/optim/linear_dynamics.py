"""Softmax-linear losses moved by their fused kernel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.model import measure
from ntp_dynamics.studies.next_token.model.iterate import Iterate, iterate_at
from ntp_dynamics.studies.next_token.model.linear_kernel import LinearSteps, advance_linear
from ntp_dynamics.studies.next_token.model.linear_layout import LaidLinear, lay_out_linear
from ntp_dynamics.studies.next_token.model.linear_reference import (
    log_head_reference,
    soft_reference,
)
from ntp_dynamics.studies.next_token.model.measure import MEASURES
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.softmax_linear import WholeColumns
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, is_nothing
from ntp_dynamics.studies.next_token.model.trained import Rule, trained_by
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import (
    KernelDynamics,
    KernelRun,
    offsets_of,
)
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.measured import linear_measures, measurable
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Saved

HERE = np.zeros(1, dtype=np.int64)
"""The step where it stands is due, and no other is taken."""


class LinearKernel(KernelDynamics):
    """A stage with soft labels or the log head."""

    def __init__(
        self,
        objective: LinearObjective,
        rule: Rule,
        finite_step_size: float | None,
        threads: int = 1,
        reference: Reference | None = None,
    ):
        """``finite_step_size`` of split descent; None: 1 / beta of each run.  ``reference`` as for
        `AttentionKernel`."""
        matrix, loss, batch = objective.matrix, objective.loss, objective.batch
        assert isinstance(matrix, TokenMatrix)
        assert matrix.many is None
        known = reference if measurable(matrix, rule) else None
        self.laid: list[LaidLinear] = []
        runs = []
        for run in range(batch.runs):
            start = matrix.start[run]
            merges = isinstance(loss.reader, WholeColumns) and is_nothing(start)
            laid = lay_out_linear(loss, run, merges, finite_step_size)
            iterate = start_linear(laid, start)
            told = laid, iterate, batch, run, matrix
            if objective.stage is Stage.feed_forward:
                against = soft_reference(*told, known)
            else:
                against = log_head_reference(*told, objective.logits[run], known)
            trained = trained_by(rule, len(iterate.start), None)
            runs.append(
                KernelRun(advance_linear, laid.layout, iterate, trained, against, None, None)
            )
            self.laid.append(laid)
        measures = linear_measures(objective.stage, known is not None) if reference else {}
        if not objective.keeps_least:
            measures.pop("log_least_excess", None)
        steps = LinearSteps(0, rule, objective.keeps_least)
        super().__init__(objective, runs, measures, steps, threads)

    def moved(self) -> Float[Tensor, "R A B"]:
        """What training added to the matrix."""
        shape = self.objective.matrices[0].start.shape
        found = np.zeros(shape)
        for run, (laid, iterate) in enumerate(zip(self.laid, self.iterates, strict=True)):
            each = iterate.moved[: len(laid.place)] / laid.layout.root[: len(laid.place)]
            found[run][:, laid.column[laid.alike]] = each[laid.alike]
            found[run].reshape(-1)[laid.place] = each
        return torch.from_numpy(found)

    @property
    def _least(self) -> list[Float[np.ndarray, " 1"]]:
        """Log of the least excess loss of each run up to the step before."""
        return [laid.layout.room.least for laid in self.laid]

    def position(self) -> Position:
        """Where it stands."""
        at = super().position()
        if not self._steps.keeps_least:
            return at
        return at._replace(least=torch.from_numpy(np.concatenate(self._least)))

    def state(self) -> State:
        """As `Dynamics.state`; the least excess loss is what the kernel says."""
        found = self.objective.state(self.position()._replace(least=None))
        if not self._steps.keeps_least:
            return found
        rows = np.empty((len(self._runs), 1, len(MEASURES)))
        for run, row in zip(self._runs, rows, strict=True):
            given = self._steps._replace(count=0), None, run.against, None
            run.advance(run.layout, run.iterate, run.trained, *given, offsets_of(HERE, 0), row)
        return replace(found, least=torch.from_numpy(rows[:, 0, measure.LOG_LEAST_EXCESS]))

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return super().save() | {"least": np.array(self._least)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        super().load(saved)
        for own, kept in zip(self._least, saved["least"], strict=True):
            own[:] = kept


def start_linear(laid: LaidLinear, start: Float[Tensor, "A B"]) -> Iterate:
    """The entries of a layout before the first step."""
    found = np.zeros(len(laid.layout.root))
    if not is_nothing(start):
        found[: len(laid.place)] = start.numpy(force=True).ravel()[laid.place]
    return iterate_at(found, False)
