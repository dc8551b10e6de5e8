"""Courses: descents of the fused kernels, which measure where they are asked to.

A course holds the coefficients of the trained matrix of every run.  Where it stands, and what it
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

from ntp_dynamics.model import measure
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.columns import advance_columns, start_columns
from ntp_dynamics.model.dense import DenseLayout, advance_dense
from ntp_dynamics.model.excess import equal_margin
from ntp_dynamics.model.gauge import attention_gauge, columns_gauge, no_gauge, tally_of
from ntp_dynamics.model.growth import growth_before
from ntp_dynamics.model.kernel import advance
from ntp_dynamics.model.layout import lay_out
from ntp_dynamics.model.measure import MEASURES, Gauge
from ntp_dynamics.model.reference import Reference
from ntp_dynamics.model.token_space import TokenMatrix
from ntp_dynamics.model.walk import Pace, Walk
from ntp_dynamics.optim.memory import load_arrays, save_arrays, save_step
from ntp_dynamics.optim.objectives import Attention, FeedForward
from ntp_dynamics.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved

NOT_DUE = 2**62
WIDEST_MARGIN = 300.0
"""e^{2 margin} must be a float for the kernel to measure the excess loss."""
WALKED = ("moved", "lost", "exponent", "mantissa", "scale", "length")
"""What of a `Walk` its next step depends on."""
TALLIED = ("odds_before", "power_before", "growth")
"""The same of a `Tally`."""


class Lane(NamedTuple):
    """One run, the kernel that moves it and what it is measured against."""

    advance: Callable[..., None]
    layout: Any
    walk: Walk
    gauge: Gauge


class KernelCourse:
    """Runs moved by fused kernels, one at a time on each thread."""

    def __init__(
        self,
        objective: Attention | FeedForward,
        lanes: Sequence[Lane],
        measures: Mapping[str, int],
        pace: Pace,
        threads: int,
    ):
        self.objective = objective
        self.walks = [lane.walk for lane in lanes]
        self.measures: Sequence[str] = tuple(measures)
        self._lanes, self._columns = lanes, measures
        self._tallies = [tally_of(lane.gauge) for lane in lanes]
        self._pace, self._threads = pace, threads
        self._step = 0

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        due = due if self.measures else due[:0]
        offsets = offsets_of(due, self._step)
        rows = np.empty((len(self._lanes), len(due), len(MEASURES)))
        pace = self._pace._replace(steps=to - self._step)

        def one(run: int) -> None:
            lane = self._lanes[run]
            tally = self._tallies[run]
            lane.advance(lane.layout, lane.walk, pace, lane.gauge, tally, offsets, rows[run])

        each(one, len(self._lanes), self._threads)
        self._step = to
        values = {name: rows[:, :, self._columns[name]] for name in self.measures}
        (name,) = self.objective.names
        return Logged(due, values, np.isfinite(rows[:, :, measure.NORM]), name)

    def moved(self) -> Float[Tensor, "R A B"]:
        """What training added to the trained matrix."""
        raise NotImplementedError

    def position(self) -> Position:
        """Where it stands."""
        length = torch.from_numpy(np.array([walk.length[0] for walk in self.walks]))
        return Position(self._step, [self.moved()], length)

    def state(self) -> State:
        """As `Dynamics.state`."""
        return self.objective.state(self.position())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        walks = save_arrays("walk", self.walks, WALKED)
        tallies = save_arrays("tally", self._tallies, TALLIED)
        return {"step": save_step(self._step, len(self.walks)), **walks, **tallies}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        load_arrays("walk", self.walks, WALKED, saved)
        load_arrays("tally", self._tallies, TALLIED, saved)
        self._step = int(saved["step"][0])


class AttentionCourse(KernelCourse):
    """Stage 2 by the fused kernels."""

    def __init__(
        self,
        objective: Attention,
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
        lanes = []
        for run, laid in enumerate(self.laid):
            start = matrix.start[run]
            walk, gauge = laid.walk(start.numpy(force=True)), no_gauge()
            if reference:
                gauge = attention_gauge(
                    laid,
                    walk,
                    batch,
                    run,
                    start,
                    logits[run],
                    float(margins[run]),
                    float(matrix.outside_norm[run]),
                    reference,
                )
            kernel = advance_dense if isinstance(laid.layout, DenseLayout) else advance
            lanes.append(Lane(kernel, laid.layout, walk, gauge))
        measures = dict(ATTENTION_MEASURES) if reference else {}
        if (margins > WIDEST_MARGIN).any():
            measures.pop("log_excess_loss", None)
        super().__init__(objective, lanes, measures, Pace(0, float(step_size), normalised), threads)

    def moved(self) -> Float[Tensor, "R V Q"]:
        """What training added to the scores."""
        return moved_scores(self.walks, [laid.pairs for laid in self.laid], self.shape)

    def position(self) -> Position:
        """Where it stands; growth was seen by the kernel alone."""
        growth = growth_before(self.objective.batch, self._step)
        return super().position()._replace(growth=growth)


class ColumnsCourse(KernelCourse):
    """Stage 1 from any start."""

    def __init__(
        self,
        objective: FeedForward,
        step_size: float,
        normalised: bool,
        threads: int = 1,
        reference: Reference | None = None,
    ):
        """As `AttentionCourse`."""
        batch, matrix = objective.batch, token_matrix(objective.matrix)
        lanes = []
        for run in range(batch.runs):
            columns, walk = start_columns(batch, run, matrix.start[run])
            gauge = no_gauge()
            if reference:
                outside = float(matrix.outside_norm[run])
                gauge = columns_gauge(columns, walk, run, outside, reference)
            lanes.append(Lane(advance_columns, columns, walk, gauge))
        measures = FEED_FORWARD_MEASURES if reference else {}
        super().__init__(objective, lanes, measures, Pace(0, float(step_size), normalised), threads)

    def moved(self) -> Float[Tensor, "R V V"]:
        """What training added to the logits."""
        return moved_logits(self.walks, self.objective.batch.vocab_size)


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
    walks: Sequence[Walk], pairs: Sequence[Int[np.ndarray, " P"]], shape: Sequence[int]
) -> Float[Tensor, "R V Q"]:
    """What training added to the scores; ``pairs`` is where those that occur stand, a run each."""
    moved = np.zeros((len(walks), math.prod(shape[1:])))
    for run, (walk, where) in enumerate(zip(walks, pairs, strict=True)):
        moved[run, where] = walk.moved[: len(where)]
    return torch.from_numpy(moved).view(*shape)


def moved_logits(walks: Sequence[Walk], vocab_size: int) -> Float[Tensor, "R V V"]:
    """What training added to the logits, whose columns are laid out one after the other."""
    v = vocab_size
    return torch.from_numpy(np.stack([walk.moved.reshape(v, -1)[:, :v].T for walk in walks]))


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
