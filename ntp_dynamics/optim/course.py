"""Courses: descents that move many steps at a time, without a state in between.

A course holds the coefficients of the trained matrix of every run.  Where it stands depends on the
number of steps taken, never on how they were cut into calls, on the other runs or on threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.dense import DenseLayout, advance_columns, advance_dense, start_columns
from ntp_dynamics.model.kernel import Walk, advance, compiled
from ntp_dynamics.model.layout import lay_out


class Course(Protocol):
    """All runs of a stage on their way."""

    def advance(self, steps: int) -> None:
        """Take some steps."""
        ...

    def position(self) -> tuple[Float[Tensor, "R A B"], Float[Tensor, " R"]]:
        """Coefficients and path lengths."""
        ...


class AttentionCourse:
    """Stage 2 by the fused kernels, a run at a time."""

    def __init__(
        self,
        batch: Batch,
        start: Float[Tensor, "R V Q"],
        logits: Float[Tensor, "R V V"],
        step_size: float,
        normalised: bool,
        threads: int,
    ):
        self.laid = [lay_out(batch, 0, logits[0])]
        for run in range(1, batch.runs):
            same = _equal_runs(batch, logits, run - 1, run)
            self.laid.append(self.laid[-1] if same else lay_out(batch, run, logits[run]))
        self.walks = [
            laid.walk(x) for laid, x in zip(self.laid, start.numpy(force=True), strict=True)
        ]
        self.shape = start.shape
        self.step_size, self.normalised, self.threads = step_size, normalised, threads

    def advance(self, steps: int) -> None:
        def one(run: int) -> None:
            layout, walk = self.laid[run].layout, self.walks[run]
            kernel = advance_dense if isinstance(layout, DenseLayout) else advance
            kernel(layout, walk, self.step_size, self.normalised, steps)

        _each(one, len(self.walks), self.threads)

    def position(self) -> tuple[Float[Tensor, "R V Q"], Float[Tensor, " R"]]:
        coefficients = np.zeros((len(self.walks), math.prod(self.shape[1:])))
        for run, (laid, walk) in enumerate(zip(self.laid, self.walks, strict=True)):
            coefficients[run, laid.pairs] = walk.moved[: len(laid.pairs)]
        return torch.from_numpy(coefficients).view(self.shape), _lengths(self.walks)


class ColumnsCourse:
    """Stage 1 from any start, a run at a time."""

    def __init__(
        self,
        batch: Batch,
        start: Float[Tensor, "R V V"],
        step_size: float,
        normalised: bool,
        threads: int,
    ):
        started = [start_columns(batch, run, start[run]) for run in range(batch.runs)]
        self.columns = [columns for columns, _ in started]
        self.walks = [walk for _, walk in started]
        self.vocab_size = batch.vocab_size
        self.step_size, self.normalised, self.threads = step_size, normalised, threads

    def advance(self, steps: int) -> None:
        def one(run: int) -> None:
            columns, walk = self.columns[run], self.walks[run]
            advance_columns(columns, walk, self.step_size, self.normalised, steps)

        _each(one, len(self.walks), self.threads)

    def position(self) -> tuple[Float[Tensor, "R V V"], Float[Tensor, " R"]]:
        v = self.vocab_size
        moved = np.stack([walk.moved.reshape(v, -1)[:, :v].T for walk in self.walks])
        return torch.from_numpy(moved), _lengths(self.walks)


def _equal_runs(batch: Batch, logits: Float[Tensor, "R V V"], a: int, b: int) -> bool:
    """Whether two runs have the same corpus and logits, and can share a layout."""
    told = (batch.token, batch.log_copies, batch.query, batch.next_token, batch.log_pi)
    return all(torch.equal(x[a], x[b]) for x in (*told, batch.collocation, logits))


def _each(one: Callable[[int], None], runs: int, threads: int) -> None:
    """All runs, on threads if there are several."""
    if threads > 1 and runs > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(runs)))
    else:
        for run in range(runs):
            one(run)


def _lengths(walks: Sequence[Walk]) -> Float[Tensor, " R"]:
    return torch.from_numpy(np.array([walk.length[0] for walk in walks]))


class FeedForwardCourse:
    """Stage 1 from zero: every known column stays the same multiple of that of W*_ov.

    With M[j,x] = c (V [j = n(x)] - 1) for the K known tokens, every wrong class has probability
    p = 1 / (V - 1 + e^{Vc}) and dL0/dM = p (1 - V [j = n(x)]): a step adds eta p to c, or, where
    normalised, eta / sqrt(K V (V-1)), the inverse norm of the column pattern.
    """

    def __init__(self, batch: Batch, step_size: float, normalised: bool):
        self.batch, self.step_size, self.normalised = batch, step_size, normalised
        self.steps = 0
        self.height = np.zeros(2)  # c by plain descent, and what rounding took from it

    def advance(self, steps: int) -> None:
        self.steps += steps
        if not self.normalised:
            climb(self.height, self.batch.vocab_size, self.step_size, steps)

    def position(self) -> tuple[Float[Tensor, "R V V"], Float[Tensor, " R"]]:
        batch, v = self.batch, self.batch.vocab_size
        norm = (batch.known.sum(-1).double() * (v * (v - 1))).sqrt()
        if self.normalised:
            length = torch.full_like(norm, self.steps * self.step_size)
            height = (length / norm).where(norm > 0, 0.0)
        else:
            height = torch.full_like(norm, self.height[0])
        length = height * norm
        hit = torch.nn.functional.one_hot(batch.collocation.clamp_min(0), v)  # (R, token, class)
        pattern = (v * hit - 1).double() * batch.known[..., None]
        return (pattern * height[:, None, None]).transpose(1, 2).contiguous(), length


@compiled
def climb(height, vocab_size, step_size, steps):
    """c <- c + eta / (V - 1 + e^{Vc}), a compensated sum."""
    for _ in range(steps):
        odds = math.exp(-vocab_size * height[0])
        wanted = step_size * odds / (1.0 + (vocab_size - 1) * odds) - height[1]
        after = height[0] + wanted
        height[1] = (after - height[0]) - wanted
        height[0] = after
