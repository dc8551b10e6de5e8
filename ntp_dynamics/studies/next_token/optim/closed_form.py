"""Stage 1 from zero in closed form."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.compiled import compiled
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.model.trained import NORMALISED, PLAIN, Rule
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import FEED_FORWARD_MEASURES, offsets_of
from ntp_dynamics.studies.next_token.optim.memory import save_step
from ntp_dynamics.studies.next_token.optim.objectives import FeedForwardObjective
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved


def in_closed_form(objective: FeedForwardObjective, rule: Rule) -> bool:
    """Whether a straight line from zero is what the rule makes of stage 1."""
    matrix = objective.matrix
    return (
        rule.kind in (PLAIN, NORMALISED)
        and rule.momentum == rule.decay == 0.0
        and isinstance(matrix, TokenMatrix)
        and not bool(matrix.start.any())
    )


class ClosedForm:
    """Stage 1 from zero: every known column stays the same multiple of that of W*_ov.

    With M[j,x] = c (V [j = n(x)] - 1) for the K known tokens, every wrong class has probability
    p = 1 / (V - 1 + e^{Vc}) and dL0/dM = p (1 - V [j = n(x)]): a step adds eta p to c, or, where
    normalised, eta / sqrt(K V (V-1)), the inverse norm of the column pattern.
    """

    def __init__(
        self,
        objective: FeedForwardObjective,
        step_size: float,
        normalised: bool,
        reference: Reference | None = None,
    ):
        """``reference``: what it measures against; None where it measures nothing."""
        self.objective, batch = objective, objective.batch
        v = batch.classes
        self.measures: tuple[str, ...] = tuple(FEED_FORWARD_MEASURES) if reference else ()
        self.vocab_size, self.step_size, self.normalised = v, step_size, normalised
        self.known = batch.known.sum(-1).double()
        self.pattern_norm = (self.known * (v * (v - 1))).sqrt()
        shape = batch.runs, batch.label_size, batch.vocab_size
        nothing = torch.zeros(shape, dtype=torch.float64)
        label = batch.collocation.clamp_min(0)[:, None]
        hit = nothing.scatter(1, label, float(v)) - 1  # (R, class, token)
        self.pattern = hit.where(batch.known[:, None], nothing)
        self.gap = torch.full_like(self.known, math.nan)
        many = torch.ones(batch.label_size, dtype=torch.float64)
        many[-1] = max(batch.unused, 1)
        if reference:
            unit = self.pattern / self.pattern_norm[:, None, None]
            best = reference.ov / reference.ov_norm[:, None, None]
            self.gap = 0.5 * ((unit - best).square() * many[:, None]).sum((1, 2))
        self.pattern *= many[:, None]  # coefficients: those of classes that stand together add up
        self._step = 0
        self._height = np.zeros(2)  # c by plain descent, and what rounding took from it

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        due = due if self.measures else due[:0]
        heights = np.empty(len(due))
        if not self.normalised:
            given = self.vocab_size, self.step_size, to - self._step, offsets_of(due, self._step)
            climb(self._height, *given, heights)
        self._step = to
        return self._logged(due, *self._at(due, heights))

    def position(self) -> Position:
        """Where it stands."""
        steps, heights = np.array([self._step]), self._height[:1].copy()
        height, length = (x[:, 0] for x in self._at(steps, heights))
        return Position(self._step, [self.pattern * height[:, None, None]], length)

    def state(self) -> State:
        """As `Dynamics.state`."""
        return self.objective.state(self.position())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        runs = len(self.known)
        return {"step": save_step(self._step, runs), "height": np.tile(self._height, (runs, 1))}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self._step, self._height = int(saved["step"][0]), saved["height"][0].copy()

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
        log_rest, log_loss = _softplus(log_odds)
        norm, known = self.pattern_norm[:, None], self.known[:, None]
        nothing = torch.zeros_like(height)
        lead = (self.vocab_size * height).where(known > 0, math.nan)
        values = {
            "path_length": length,
            "norm_ratio": height * norm / length.where(length > 0, math.nan),
            "log_grad_norm": margin - log_rest + norm.log(),
            "zero_sum_residual": nothing,  # nothing is rounded
            "log_loss": log_loss + known.log(),
            "accuracy": (height > 0).double(),
            "norm_ov": height * norm,
            "direction_gap_ov": self.gap[:, None].where(height > 0, math.nan),
            "margin_min": lead,
            "margin_max": lead,
        }
        measured = {name: values[name].numpy() for name in self.measures}
        return Logged(due, measured, np.isfinite(height.numpy()), *self.objective.names)


def _softplus(x: Float[Tensor, "R n"]) -> tuple[Float[Tensor, "R n"], Float[Tensor, "R n"]]:
    """log(1 + e^x), and its log.

    One number at a time: torch rounds one that fills a vector and one that is left over in two
    ways, and which is which depends on how many are asked for at once.
    """
    given = x.numpy().ravel()
    found = np.empty((2, len(given)))
    softplus_each(given, *found)
    y, log_y = torch.from_numpy(found).view(2, *x.shape)
    return y, log_y


@compiled
def softplus_each(x, y, log_y):
    """y = log(1 + e^x) and its log, which is x itself once e^x is below rounding."""
    for i in range(len(x)):
        y[i] = max(x[i], 0.0) + math.log1p(math.exp(-abs(x[i])))
        log_y[i] = x[i] if x[i] < -37.0 else math.log(y[i])


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
