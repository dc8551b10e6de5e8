"""Stage 1 from zero in closed form."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.compiled import compiled
from ntp_dynamics.model.gradient import log_softplus, softplus
from ntp_dynamics.optim.course import FEED_FORWARD_MEASURES, Agenda, Logged, Watch


class ClosedFormCourse:
    """Stage 1 from zero: every known column stays the same multiple of that of W*_ov.

    With M[j,x] = c (V [j = n(x)] - 1) for the K known tokens, every wrong class has probability
    p = 1 / (V - 1 + e^{Vc}) and dL0/dM = p (1 - V [j = n(x)]): a step adds eta p to c, or, where
    normalised, eta / sqrt(K V (V-1)), the inverse norm of the column pattern.
    """

    def __init__(
        self, batch: Batch, step_size: float, normalised: bool, watch: Watch | None = None
    ):
        v = batch.classes
        self.measures = tuple(FEED_FORWARD_MEASURES) if watch else ()
        self.vocab_size, self.step_size, self.normalised = v, step_size, normalised
        self.known = batch.known.sum(-1).double()
        self.pattern_norm = (self.known * (v * (v - 1))).sqrt()
        shape = batch.runs, batch.vocab_size, batch.vocab_size
        nothing = torch.zeros(shape, dtype=torch.float64)
        label = batch.collocation.clamp_min(0)[:, None]
        hit = nothing.scatter(1, label, float(v)) - 1  # (R, class, token)
        self.pattern = hit.where(batch.known[:, None], nothing)
        self.gap = torch.full_like(self.known, math.nan)
        many = torch.ones(batch.vocab_size, dtype=torch.float64)
        many[-1] = max(batch.unused, 1)
        if watch:
            unit = self.pattern / self.pattern_norm[:, None, None]
            best = watch.reference.ov / watch.reference.ov_norm[:, None, None]
            self.gap = 0.5 * ((unit - best).square() * many[:, None]).sum((1, 2))
        self.pattern *= many[:, None]  # coefficients: those of classes that stand together add up
        self._agenda = Agenda(watch)
        self._height = np.zeros(2)  # c by plain descent, and what rounding took from it

    def advance(self, steps: int) -> Logged:
        """Take some steps; what was due on the way, the last step included."""
        due, offsets = self._agenda.go(steps)
        heights = np.empty(len(due))
        if not self.normalised:
            climb(self._height, self.vocab_size, self.step_size, steps, offsets, heights)
        return self._logged(due, *self._at(due, heights))

    def position(self) -> tuple[list[Float[Tensor, "R V V"]], Float[Tensor, " R"]]:
        height, length = (
            x[:, 0] for x in self._at(np.array([self._agenda.steps]), self._height[:1])
        )
        return [self.pattern * height[:, None, None]], length

    def _at(
        self, steps: np.ndarray, climbed: np.ndarray
    ) -> tuple[Float[Tensor, "R n"], Float[Tensor, "R n"]]:
        """c and the path length of each run after some steps; ``climbed`` is c by plain descent."""
        norm = self.pattern_norm[:, None]
        if not self.normalised:
            height = torch.from_numpy(climbed).expand(len(norm), -1)
            return height, height * norm
        length = torch.from_numpy(steps * self.step_size).expand(len(norm), -1)
        height = (length / norm).where(norm > 0, 0.0)
        return height, height * norm

    def _logged(self, due: np.ndarray, height: Tensor, length: Tensor) -> Logged:
        margin = -self.vocab_size * height
        log_odds = margin + math.log(self.vocab_size - 1)
        norm, known = self.pattern_norm[:, None], self.known[:, None]
        nothing = torch.zeros_like(height)
        lead = (self.vocab_size * height).where(known > 0, math.nan)
        values = {
            "path_length": length,
            "norm_ratio": height * norm / length.where(length > 0, math.nan),
            "log_grad_norm": margin - softplus(log_odds) + norm.log(),
            "zero_sum_residual": nothing,  # nothing is rounded
            "log_loss": log_softplus(log_odds) + known.log(),
            "accuracy": (height > 0).double(),
            "norm_ov": height * norm,
            "direction_gap_ov": self.gap[:, None].where(height > 0, math.nan),
            "margin_min": lead,
            "margin_max": lead,
        }
        finite = np.logical_and.reduce(np.isfinite(height.numpy()))
        return Logged(due, {name: x.numpy() for name, x in values.items()}, finite)


@compiled
def climb(height, vocab_size, step_size, steps, due, heights):
    """c <- c + eta / (V - 1 + e^{Vc}), a compensated sum; ``heights`` after ``due`` steps."""
    row = 0
    for step in range(steps + 1):
        if due[row] == step:
            heights[row] = height[0]
            row += 1
        if step < steps:
            odds = math.exp(-vocab_size * height[0])
            wanted = step_size * odds / (1.0 + (vocab_size - 1) * odds) - height[1]
            after = height[0] + wanted
            height[1] = (after - height[0]) - wanted
            height[0] = after
