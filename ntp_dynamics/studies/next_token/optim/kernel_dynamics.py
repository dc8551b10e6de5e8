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
from ntp_dynamics.studies.next_token.model.dense import DenseLayout, advance_dense
from ntp_dynamics.studies.next_token.model.excess import equal_margin
from ntp_dynamics.studies.next_token.model.growth import growth_before
from ntp_dynamics.studies.next_token.model.kernel import advance
from ntp_dynamics.studies.next_token.model.kernel_descent import Iterate, Steps
from ntp_dynamics.studies.next_token.model.kernel_reference import (
    attention_reference,
    columns_reference,
    no_reference,
    per_sentence_of,
)
from ntp_dynamics.studies.next_token.model.layout import lay_out
from ntp_dynamics.studies.next_token.model.measure import MEASURES, KernelReference
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.optim.memory import load_arrays, save_arrays, save_step
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
)
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved

NOT_DUE = 2**62
WIDEST_MARGIN = 300.0
"""e^{2 margin} must be a float for the kernel to measure the excess loss."""
ITERATE = ("moved", "lost", "exponent", "mantissa", "scale", "length")
"""What of an `Iterate` its next step depends on."""
PER_SENTENCE = ("odds_before", "power_before", "growth")
"""The same of a `PerSentence`."""


class KernelRun(NamedTuple):
    """One run, the kernel that moves it and what it is measured against."""

    advance: Callable[..., None]
    layout: Any
    iterate: Iterate
    against: KernelReference


class KernelDynamics:
    """Runs moved by fused kernels, one at a time on each thread."""

    def __init__(
        self,
        objective: AttentionObjective | FeedForwardObjective,
        runs: Sequence[KernelRun],
        measures: Mapping[str, int],
        steps: Steps,
        threads: int,
    ):
        self.objective = objective
        self.iterates = [run.iterate for run in runs]
        self.measures: Sequence[str] = tuple(measures)
        self._runs, self._columns = runs, measures
        self._per_sentence = [per_sentence_of(run.against) for run in runs]
        self._steps, self._threads = steps, threads
        self._step = 0

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        due = due if self.measures else due[:0]
        offsets = offsets_of(due, self._step)
        rows = np.empty((len(self._runs), len(due), len(MEASURES)))
        steps = self._steps._replace(count=to - self._step)

        def one(run: int) -> None:
            it = self._runs[run]
            per_sentence = self._per_sentence[run]
            it.advance(it.layout, it.iterate, steps, it.against, per_sentence, offsets, rows[run])

        each(one, len(self._runs), self._threads)
        self._step = to
        values = {name: rows[:, :, self._columns[name]] for name in self.measures}
        (name,) = self.objective.names
        return Logged(due, values, np.isfinite(rows[:, :, measure.NORM]), name)

    def moved(self) -> Float[Tensor, "R A B"]:
        """What training added to the trained matrix."""
        raise NotImplementedError

    def position(self) -> Position:
        """Where it stands."""
        length = torch.from_numpy(np.array([iterate.length[0] for iterate in self.iterates]))
        return Position(self._step, [self.moved()], length)

    def state(self) -> State:
        """As `Dynamics.state`."""
        return self.objective.state(self.position())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        iterates = save_arrays("iterate", self.iterates, ITERATE)
        per_sentence = save_arrays("per_sentence", self._per_sentence, PER_SENTENCE)
        return {"step": save_step(self._step, len(self.iterates)), **iterates, **per_sentence}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        load_arrays("iterate", self.iterates, ITERATE, saved)
        load_arrays("per_sentence", self._per_sentence, PER_SENTENCE, saved)
        self._step = int(saved["step"][0])


class AttentionKernel(KernelDynamics):
    """Stage 2 by the fused kernels."""

    def __init__(
        self,
        objective: AttentionObjective,
        step_size: float,
        normalised: bool,
        threads: int = 1,
        reference: Reference | None = None,
    ):
        """``reference``: what it measures against; None where it measures nothing."""
        batch, matrix, logits = objective.batch, token_matrix(objective.matrix), objective.logits
        self.laid = [lay_out(batch, 0, logits[0])]
        for run in range(1, batch.runs):
            same = _equal_runs(batch, logits, run - 1, run)
            self.laid.append(self.laid[-1] if same else lay_out(batch, run, logits[run]))
        self.shape = matrix.start.shape
        margins = equal_margin(logits, batch).where(batch.injective, math.nan)
        runs = []
        for run, laid in enumerate(self.laid):
            start = matrix.start[run]
            iterate, against = laid.iterate(start.numpy(force=True)), no_reference()
            if reference:
                against = attention_reference(
                    laid,
                    iterate,
                    batch,
                    run,
                    start,
                    logits[run],
                    float(margins[run]),
                    float(matrix.outside_norm[run]),
                    reference,
                )
            kernel = advance_dense if isinstance(laid.layout, DenseLayout) else advance
            runs.append(KernelRun(kernel, laid.layout, iterate, against))
        measures = dict(ATTENTION_MEASURES) if reference else {}
        if (margins > WIDEST_MARGIN).any():
            measures.pop("log_excess_loss", None)
        super().__init__(objective, runs, measures, Steps(0, float(step_size), normalised), threads)

    def moved(self) -> Float[Tensor, "R V Q"]:
        """What training added to the scores."""
        return moved_scores(self.iterates, [laid.pairs for laid in self.laid], self.shape)

    def position(self) -> Position:
        """Where it stands; growth was seen by the kernel alone."""
        growth = growth_before(self.objective.batch, self._step)
        return super().position()._replace(growth=growth)


class ColumnsKernel(KernelDynamics):
    """Stage 1 from any start."""

    def __init__(
        self,
        objective: FeedForwardObjective,
        step_size: float,
        normalised: bool,
        threads: int = 1,
        reference: Reference | None = None,
    ):
        """As `AttentionKernel`."""
        batch, matrix = objective.batch, token_matrix(objective.matrix)
        runs = []
        for run in range(batch.runs):
            columns, iterate = start_columns(batch, run, matrix.start[run])
            against = no_reference()
            if reference:
                outside = float(matrix.outside_norm[run])
                against = columns_reference(columns, iterate, run, outside, reference)
            runs.append(KernelRun(advance_columns, columns, iterate, against))
        measures = FEED_FORWARD_MEASURES if reference else {}
        super().__init__(objective, runs, measures, Steps(0, float(step_size), normalised), threads)

    def moved(self) -> Float[Tensor, "R V V"]:
        """What training added to the logits."""
        return moved_logits(self.iterates, self.objective.batch.vocab_size)


_ANY_STAGE = {
    name: MEASURES.index(name)
    for name in ("path_length", "norm_ratio", "log_grad_norm", "zero_sum_residual", "log_loss")
} | {"accuracy": measure.ACCURACY}
FEED_FORWARD_MEASURES = {
    **_ANY_STAGE,
    "norm_ov": measure.NORM,
    "direction_gap_ov": measure.DIRECTION_GAP,
    "margin_min": measure.MARGIN_MIN,
    "margin_max": measure.MARGIN_MAX,
}
ATTENTION_MEASURES = {
    **_ANY_STAGE,
    "norm_kq": measure.NORM,
    "direction_gap_kq": measure.DIRECTION_GAP,
    "log_excess_loss": measure.LOG_EXCESS_LOSS,
    "gradient_alignment_kq": measure.GRADIENT_ALIGNMENT,
    "score_margin": measure.SCORE_MARGIN,
    "order_extension_margin": measure.ORDER_EXTENSION_MARGIN,
    "log_leak": measure.LOG_LEAK,
    "attention_mass_min": measure.ATTENTION_MASS_MIN,
    "attention_mass_mean": measure.ATTENTION_MASS_MEAN,
    "accuracy_unweighted": measure.ACCURACY_UNWEIGHTED,
    "log_attention_growth": measure.LOG_ATTENTION_GROWTH,
}
"""Where each observable stands in a row of a kernel."""


def moved_scores(
    iterates: Sequence[Iterate], pairs: Sequence[Int[np.ndarray, " P"]], shape: Sequence[int]
) -> Float[Tensor, "R V Q"]:
    """What training added to the scores; ``pairs`` is where those that occur stand, a run each."""
    moved = np.zeros((len(iterates), math.prod(shape[1:])))
    for run, (iterate, where) in enumerate(zip(iterates, pairs, strict=True)):
        moved[run, where] = iterate.moved[: len(where)]
    return torch.from_numpy(moved).view(*shape)


def moved_logits(iterates: Sequence[Iterate], vocab_size: int) -> Float[Tensor, "R V V"]:
    """What training added to the logits, whose columns are laid out one after the other."""
    v = vocab_size
    return torch.from_numpy(
        np.stack([iterate.moved.reshape(v, -1)[:, :v].T for iterate in iterates])
    )


def offsets_of(due: Int[np.ndarray, " n"], step: int) -> Int[np.ndarray, " n+1"]:
    """Due steps as kernels want them: counted from a step, with an end that is never reached."""
    return np.append(due - step, NOT_DUE)


def token_matrix(matrix: Any) -> TokenMatrix:
    """The matrix of a kernel, which knows no other."""
    assert isinstance(matrix, TokenMatrix)
    return matrix


def _equal_runs(batch: Batch, logits: Float[Tensor, "R V V"], a: int, b: int) -> bool:
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
