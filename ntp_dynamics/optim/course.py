"""Courses: descents that move many steps at a time, without a state in between.

A course holds the coefficients of the trained matrix of every run.  Where it stands depends on the
number of steps taken, never on how they were cut into calls, on the other runs or on threads.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.kernel import advance, compiled
from ntp_dynamics.model.layout import gains, lay_out


class Course(Protocol):
    """All runs of a stage on their way."""

    def advance(self, steps: int) -> None:
        """Take some steps."""
        ...

    def position(self) -> tuple[Float[Tensor, "R A B"], Float[Tensor, " R"]]:
        """Coefficients and path lengths."""
        ...


class AttentionCourse:
    """Stage 2 by the fused kernel, a run at a time.

    Raises ValueError where a column of the logits has more than one entry of its own.
    """

    def __init__(
        self,
        batch: Batch,
        start: Float[Tensor, "R V Q"],
        logits: Float[Tensor, "R V V"],
        step_size: float,
        normalised: bool,
        threads: int,
    ):
        self.laid = []
        for run in range(batch.runs):
            gain = gains(logits[run], batch.collocation[run])
            if gain is None:
                raise ValueError("the kernel needs logits with one entry of its own a column")
            self.laid.append(lay_out(batch, run, gain))
        self.walks = [
            laid.walk(x) for laid, x in zip(self.laid, start.numpy(force=True), strict=True)
        ]
        self.shape = start.shape
        self.step_size, self.normalised, self.threads = step_size, normalised, threads

    def advance(self, steps: int) -> None:
        def one(run: int) -> None:
            layout, walk = self.laid[run].layout, self.walks[run]
            advance(layout, walk, self.step_size, self.normalised, steps)

        runs = range(len(self.walks))
        if self.threads > 1 and len(self.walks) > 1:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(one, runs))
        else:
            for run in runs:
                one(run)

    def position(self) -> tuple[Float[Tensor, "R V Q"], Float[Tensor, " R"]]:
        coefficients = np.zeros((len(self.walks), math.prod(self.shape[1:])))
        for run, (laid, walk) in enumerate(zip(self.laid, self.walks, strict=True)):
            coefficients[run, laid.pairs] = walk.moved[: len(laid.pairs)]
        lengths = np.array([walk.length[0] for walk in self.walks])
        return torch.from_numpy(coefficients).view(self.shape), torch.from_numpy(lengths)


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
