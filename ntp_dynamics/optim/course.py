"""Courses: descents that move many steps at a time, and measure where they are asked to.

A course holds the coefficients of the trained matrix of every run.  Where it stands, and what it
measures there, depends on the number of steps taken, never on how they were cut into calls, on the
other runs or on threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ntp_dynamics.model import measure
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.columns import advance_columns, start_columns
from ntp_dynamics.model.dense import DenseLayout, advance_dense
from ntp_dynamics.model.excess import equal_margin
from ntp_dynamics.model.gauge import attention_gauge, columns_gauge, no_gauge, tally_of
from ntp_dynamics.model.kernel import advance
from ntp_dynamics.model.layout import lay_out
from ntp_dynamics.model.measure import MEASURES, Gauge
from ntp_dynamics.model.reference import Reference
from ntp_dynamics.model.token_space import TokenMatrix
from ntp_dynamics.model.walk import Pace, Walk

NOT_DUE = 2**62
WIDEST_MARGIN = 300.0
"""e^{2 margin} must be a float for the kernel to measure the excess loss."""


class Watch(NamedTuple):
    """What a course measures against, and after which steps (increasing)."""

    reference: Reference
    due: Int[np.ndarray, " T"]


class Logged(NamedTuple):
    """What a course measured on its way."""

    steps: Int[np.ndarray, " n"]
    values: Mapping[str, Float[np.ndarray, "R n"]]
    """By the names of observables."""
    finite: Bool[np.ndarray, " n"]
    """Whether all weights were."""

    def until(self, i: int) -> Logged:
        """The first i steps."""
        values = {name: x[:, :i] for name, x in self.values.items()}
        return Logged(self.steps[:i], values, self.finite[:i])


class Agenda:
    """Which steps are due while a course goes on."""

    def __init__(self, watch: Watch | None):
        self.steps = 0
        """How many were taken."""
        self._due = watch.due if watch else np.zeros(0, dtype=np.int64)
        self._noted = 0

    def go(self, steps: int) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n+1"]]:
        """Go on by some steps: what is due on the way, the last step included; and the same as
        kernels want it, counted from here, with an end that is never reached."""
        begin, self.steps = self.steps, self.steps + steps
        last = int(np.searchsorted(self._due, self.steps, side="right"))
        due, self._noted = self._due[self._noted : last], last
        return due, np.append(due - begin, NOT_DUE)


class Course(Protocol):
    """All runs of a stage on their way."""

    @property
    def measures(self) -> Sequence[str]:
        """The observables it measures."""
        ...

    def advance(self, steps: int) -> Logged:
        """Take some steps; what was due on the way, the last step included."""
        ...

    def position(self) -> tuple[list[Float[Tensor, "R A B"]], Float[Tensor, " R"]]:
        """Coefficients of each matrix that is trained, and path lengths."""
        ...


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
        lanes: Sequence[Lane],
        measures: Mapping[str, int],
        pace: Pace,
        threads: int,
        watch: Watch | None,
    ):
        self.walks = [lane.walk for lane in lanes]
        self.measures = tuple(measures) if watch else ()
        self._lanes, self._columns = lanes, measures
        self._tallies = [tally_of(lane.gauge) for lane in lanes]
        self._pace, self._threads = pace, threads
        self._agenda = Agenda(watch)

    def advance(self, steps: int) -> Logged:
        """Take some steps; what was due on the way, the last step included."""
        due, offsets = self._agenda.go(steps)
        rows = np.empty((len(self._lanes), len(due), len(MEASURES)))
        pace = self._pace._replace(steps=steps)

        def one(run: int) -> None:
            lane = self._lanes[run]
            tally = self._tallies[run]
            lane.advance(lane.layout, lane.walk, pace, lane.gauge, tally, offsets, rows[run])

        each(one, len(self._lanes), self._threads)
        values = {name: rows[:, :, self._columns[name]] for name in self.measures}
        finite = np.isfinite(rows[:, :, measure.NORM])
        return Logged(due, values, np.logical_and.reduce(finite))

    def path_length(self) -> Float[Tensor, " R"]:
        return torch.from_numpy(np.array([walk.length[0] for walk in self.walks]))


class AttentionCourse(KernelCourse):
    """Stage 2 by the fused kernels."""

    def __init__(
        self,
        batch: Batch,
        matrix: TokenMatrix,
        logits: Float[Tensor, "R V V"],
        step_size: float,
        normalised: bool,
        threads: int,
        watch: Watch | None = None,
    ):
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
            if watch:
                gauge = attention_gauge(
                    laid,
                    walk,
                    batch,
                    run,
                    start,
                    logits[run],
                    float(margins[run]),
                    float(matrix.outside_norm[run]),
                    watch.reference,
                )
            kernel = advance_dense if isinstance(laid.layout, DenseLayout) else advance
            lanes.append(Lane(kernel, laid.layout, walk, gauge))
        measures = dict(ATTENTION_MEASURES)
        if (margins > WIDEST_MARGIN).any():
            del measures["log_excess_loss"]
        pace = Pace(0, float(step_size), normalised)
        super().__init__(lanes, measures, pace, threads, watch)

    def position(self) -> tuple[list[Float[Tensor, "R V Q"]], Float[Tensor, " R"]]:
        pairs = [laid.pairs for laid in self.laid]
        return [moved_scores(self.walks, pairs, self.shape)], self.path_length()


class ColumnsCourse(KernelCourse):
    """Stage 1 from any start."""

    def __init__(
        self,
        batch: Batch,
        matrix: TokenMatrix,
        step_size: float,
        normalised: bool,
        threads: int,
        watch: Watch | None = None,
    ):
        lanes = []
        for run in range(batch.runs):
            columns, walk = start_columns(batch, run, matrix.start[run])
            gauge = no_gauge()
            if watch:
                outside = float(matrix.outside_norm[run])
                gauge = columns_gauge(columns, walk, run, outside, watch.reference)
            lanes.append(Lane(advance_columns, columns, walk, gauge))
        self.vocab_size = batch.vocab_size
        pace = Pace(0, float(step_size), normalised)
        super().__init__(lanes, FEED_FORWARD_MEASURES, pace, threads, watch)

    def position(self) -> tuple[list[Float[Tensor, "R V V"]], Float[Tensor, " R"]]:
        return [moved_logits(self.walks, self.vocab_size)], self.path_length()


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
