"""Descents of the fused kernels, which measure where they are asked to.

Each holds the coefficients of the trained matrix of every run.  Where it stands, and what it
measures there, depends on the number of steps taken, never on how they were cut into calls, on the
other runs or on threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model import measure
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.columns import advance_columns, start_columns
from ntp_dynamics.studies.next_token.model.dense import advance_dense
from ntp_dynamics.studies.next_token.model.dense_layout import DenseLayout
from ntp_dynamics.studies.next_token.model.excess import WIDEST_MARGIN, equal_margin
from ntp_dynamics.studies.next_token.model.growth import growth_before
from ntp_dynamics.studies.next_token.model.iterate import Iterate
from ntp_dynamics.studies.next_token.model.kernel import advance
from ntp_dynamics.studies.next_token.model.kernel_descent import Steps
from ntp_dynamics.studies.next_token.model.kernel_reference import (
    attention_reference,
    columns_reference,
    loss_reference,
    no_reference,
    per_sentence_of,
    sentence_reference,
)
from ntp_dynamics.studies.next_token.model.layout import Laid, lay_out
from ntp_dynamics.studies.next_token.model.measure import MEASURES
from ntp_dynamics.studies.next_token.model.per_sentence import PerSentence
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.sampling import Sampling
from ntp_dynamics.studies.next_token.model.trained import POLYAK, Rule, Trained, trained_by
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
from ntp_dynamics.studies.next_token.optim.measured import (
    ATTENTION_MEASURES,
    FEED_FORWARD_MEASURES,
    SENTENCE_MEASURES,
    measurable,
)
from ntp_dynamics.studies.next_token.optim.memory import load_arrays, save_arrays, save_step
from ntp_dynamics.studies.next_token.optim.minibatches import Minibatches
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    Objective,
)
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved

NOT_DUE = 2**62
POLYAK_NEEDS = "Polyak's step needs inf L: equal margins, and an injective collocation or votes"
PER_SENTENCE = ("odds_before", "power_before", "growth")
"""The same of a `PerSentence`."""


class KernelRun(NamedTuple):
    """One run, the kernel that moves it and what it is measured against."""

    advance: Callable[..., None]
    layout: Any
    iterate: Iterate
    trained: Trained | None
    against: Any
    sampling: Sampling | None
    per_sentence: PerSentence | None


class KernelDynamics:
    """Runs moved by fused kernels, one at a time on each thread."""

    def __init__(
        self,
        objective: Objective,
        runs: Sequence[KernelRun],
        measures: Mapping[str, int],
        steps: Any,
        threads: int,
    ):
        self.objective = objective
        self.iterates = [run.iterate for run in runs]
        self._trained = [run.trained for run in runs]
        self.measures: Sequence[str] = tuple(measures)
        self._runs, self._columns = runs, measures
        self._per_sentence = [run.per_sentence for run in runs]
        self._steps, self._threads = steps, threads
        (self._matrix,) = objective.matrices
        self._step = 0
        norms = [measures[name] for name in ("norm_kq", "norm_ov") if name in measures]
        self._tell = norms or [measure.PATH_LENGTH, measure.ATTENTION_MASS_MEAN]
        """Measures that are no numbers where weights are none."""

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        due = due if self.measures else due[:0]
        offsets = offsets_of(due, self._step)
        rows = np.full((len(self._runs), len(due), len(MEASURES)), math.nan)
        steps = self._steps._replace(count=to - self._step, taken=self._step)

        def one(run: int) -> None:
            it = self._runs[run]
            per_sentence = self._per_sentence[run]
            given = it.sampling, it.against, per_sentence
            it.advance(it.layout, it.iterate, it.trained, steps, *given, offsets, rows[run])

        each(one, len(self._runs), self._threads)
        self._step = to
        values = {name: rows[:, :, self._columns[name]] for name in self.measures}
        (name,) = self.objective.names
        finite = np.logical_and.reduce([np.isfinite(rows[:, :, i]) for i in self._tell])
        return Logged(due, values, finite, name)

    def moved(self) -> Float[Tensor, "R A B"]:
        """What training added to the trained matrix."""
        raise NotImplementedError

    def position(self) -> Position:
        """Where it stands."""
        length = torch.from_numpy(np.array([iterate.length[0] for iterate in self.iterates]))
        return Position(self._step, [self.moved()], length, kept=kept_of(self.iterates))

    def state(self) -> State:
        """As `Dynamics.state`."""
        check_memories(self._step, self._trained)
        return self.objective.state(self.position())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        iterates = save_iterates("iterate", self.iterates, self._trained)
        said = [one for one in self._per_sentence if one is not None]
        per_sentence = save_arrays("per_sentence", said, PER_SENTENCE) if said else {}
        return {"step": save_step(self._step, len(self.iterates)), **iterates, **per_sentence}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        load_iterates("iterate", self.iterates, self._trained, saved)
        if said := [one for one in self._per_sentence if one is not None]:
            load_arrays("per_sentence", said, PER_SENTENCE, saved)
        self._step = int(saved["step"][0])


class AttentionKernel(KernelDynamics):
    """Stage 2 by the fused kernels."""

    def __init__(
        self,
        objective: AttentionObjective,
        rule: Rule,
        threads: int = 1,
        reference: Reference | None = None,
        minibatches: Minibatches | None = None,
    ):
        """``reference``: what it measures against; None where it measures nothing.
        ``minibatches`` None: every step takes all sentences."""
        batch, matrix, logits = objective.batch, objective.matrix, objective.logits
        self.laid = [lay_out(batch, 0, logits[0])]
        for run in range(1, batch.runs):
            same = _equal_runs(batch, logits, run - 1, run)
            self.laid.append(self.laid[-1] if same else lay_out(batch, run, logits[run]))
        margins = equal_margin(logits, batch).where(batch.measured_excess, math.nan)
        measured = reference is not None and measurable(matrix, rule)
        runs = []
        for run, laid in enumerate(self.laid):
            start = matrix.start[run]
            within = score_coordinates(matrix, run, laid, batch)
            iterate = laid.iterate(start.numpy(force=True), within)
            trained = trained_by(rule, len(iterate.start), within)
            against = no_reference()
            if reference and measured:
                against = attention_reference(
                    laid.pairs,
                    laid.layout.log_pi,
                    iterate,
                    batch,
                    run,
                    start,
                    logits[run],
                    float(margins[run]),
                    float(matrix.outside_norm[run]),
                    reference,
                )
            elif reference or rule.kind == POLYAK:
                said = float(margins[run]), batch, float(logits[run].abs().max())
                against = sentence_reference(laid.layout.log_pi, *said)
            kernel = advance_dense if isinstance(laid.layout, DenseLayout) else advance
            drawn = sampling_of(minibatches, batch, run, laid)
            said = per_sentence_of(against)
            runs.append(KernelRun(kernel, laid.layout, iterate, trained, against, drawn, said))
        measures = dict(ATTENTION_MEASURES if measured else SENTENCE_MEASURES) if reference else {}
        too_wide = bool((margins > WIDEST_MARGIN).any())
        if too_wide:
            measures.pop("log_excess_loss", None)
        if rule.kind == POLYAK and (too_wide or bool(margins.isnan().any())):
            raise ValueError(POLYAK_NEEDS)  # too wide: `choice` leaves it to tensors
        super().__init__(objective, runs, measures, Steps(0, rule), threads)

    def moved(self) -> Float[Tensor, "R A B"]:
        """What training added to W_kq."""
        pairs = [laid.pairs for laid in self.laid]
        return moved_scores(self.iterates, pairs, self._matrix)

    def position(self) -> Position:
        """Where it stands; growth was seen by the kernel alone."""
        growth = growth_before(self.objective.batch, self._step)
        return super().position()._replace(growth=growth)


class ColumnsKernel(KernelDynamics):
    """Stage 1 from any start."""

    def __init__(
        self,
        objective: FeedForwardObjective,
        rule: Rule,
        threads: int = 1,
        reference: Reference | None = None,
    ):
        """As `AttentionKernel`."""
        batch, matrix = objective.batch, objective.matrix
        measured = reference is not None and measurable(matrix, rule)
        runs = []
        for run in range(batch.runs):
            within = logit_coordinates(matrix, run)
            start = matrix.start[run]
            columns, iterate = start_columns(batch, run, start, within)
            trained = trained_by(rule, len(iterate.start), within)
            against = no_reference()
            if reference and measured:
                outside = float(matrix.outside_norm[run])
                against = columns_reference(columns, iterate, run, outside, reference)
            elif rule.kind == POLYAK:
                against = loss_reference(np.zeros(len(columns.label)))
            told = against, None, per_sentence_of(against)
            runs.append(KernelRun(advance_columns, columns, iterate, trained, *told))
        measures = dict(FEED_FORWARD_MEASURES) if measured else {}
        if batch.unused > 1:  # the slope of many classes is that along their unit vector
            measures.pop("zero_sum_residual", None)
        super().__init__(objective, runs, measures, Steps(0, rule), threads)

    def moved(self) -> Float[Tensor, "R A B"]:
        """What training added to W_ov."""
        return moved_logits(self.iterates, self._matrix, self.objective.batch)


def sampling_of(
    minibatches: Minibatches | None, batch: Batch, run: int, laid: Laid
) -> Sampling | None:
    """How the sentences of a step of one run are drawn."""
    if minibatches is None:
        return None
    return minibatches.of_run(batch, run, laid.row, len(laid.layout.log_pi))


def offsets_of(due: Int[np.ndarray, " n"], step: int) -> Int[np.ndarray, " n+1"]:
    """Due steps as kernels want them: counted from a step, with an end that is never reached."""
    return np.append(due - step, NOT_DUE)


def _equal_runs(batch: Batch, logits: Float[Tensor, "R J V"], a: int, b: int) -> bool:
    """Whether two runs have the same corpus and logits, and can share a layout."""
    told = (batch.token, batch.log_copies, batch.query, batch.next_token, batch.log_pi)
    return all(torch.equal(x[a], x[b]) for x in (*told, batch.collocation, logits))


def each(one: Callable[[int], None], runs: int, threads: int) -> None:
    """All runs, on threads if there are several."""
    if threads > 1 and runs > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(runs)))
    else:
        for run in range(runs):
            one(run)
