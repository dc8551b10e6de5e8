"""Descent by tensors: any objective, any update rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.growth import Growth
from ntp_dynamics.studies.next_token.optim.memory import (
    load_rule,
    load_tensor,
    save_rule,
    save_step,
    save_tensor,
)
from ntp_dynamics.studies.next_token.optim.minibatches import Draws, Minibatches
from ntp_dynamics.studies.next_token.optim.objectives import Objective
from ntp_dynamics.studies.next_token.optim.rules import Rule, Slope
from ntp_dynamics.studies.next_token.optim.state import Position, State
from ntp_dynamics.study import Logged, Saved, nothing_logged


class Descent:
    """All runs of a stage; it measures nothing on its way, and evaluates every step once."""

    measures: Sequence[str] = ()

    def __init__(
        self,
        objective: Objective,
        rule: Rule,
        step_sizes: Sequence[float],
        weight_decay: float = 0.0,
        minibatches: Minibatches | None = None,
    ):
        """``step_sizes``: one for each matrix of the objective.  ``weight_decay`` is lambda of

            W <- (1 - eta lambda) W + step,   a step from the gradient at W.

        ``minibatches`` None: every step takes all sentences.
        """
        self.objective, self.rule, self.step_sizes = objective, rule, tuple(step_sizes)
        self._keeps = [1 - size * weight_decay for size in step_sizes]
        self._at = objective.start
        if weight_decay:
            whole = torch.ones_like(self._at.path_length)
            self._at = self._at._replace(kept=[whole for _ in self._keeps])
        self._lost = [torch.zeros_like(c) for c in self._at.coefficients]
        self._lost_length = torch.zeros_like(self._at.path_length)
        self._memory = rule.init(self._at.coefficients)
        self._draws = Draws(minibatches, objective.batch) if minibatches else None
        self._nothing = nothing_logged(objective.batch.runs)
        self._state: State | None = None

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`.  Raises NonFinite at a step on the way that is not finite."""
        while self._at.step < to:
            self._update()
        return self._nothing

    def state(self) -> State:
        """As `Dynamics.state`; kept for the next update."""
        if self._state is None:
            self._state = self.objective.state(self._at)
        return self._state

    def _update(self) -> None:
        """One step."""
        state, at, matrices = self.state(), self._at, self.objective.matrices
        layers = zip(self._drawn(state).layers, self.step_sizes, strict=True)
        slopes = [Slope(layer.matrix, layer.gradient, size) for layer, size in layers]
        changes, self._memory = self.rule.update(
            slopes, lambda: self.objective.log_gap(state), self._memory
        )
        lengths = [m.gradient_norm(change) for m, change in zip(matrices, changes, strict=True)]
        at, before = self._decayed(at)
        each = zip(at.coefficients, changes, before, strict=True)
        moved = [_add(*one) for one in each]
        self._lost = [lost for _, lost in moved]
        length = torch.linalg.vector_norm(torch.stack(lengths), dim=0)
        path_length, self._lost_length = _add(at.path_length, length, self._lost_length)
        coefficients = [total for total, _ in moved]
        self._at = at._replace(
            step=at.step + 1,
            coefficients=coefficients,
            path_length=path_length,
            growth=state.growth,
        )
        self._state = None

    def _drawn(self, state: State) -> State:
        """What the sentences of this step say."""
        if self._draws is None:
            return state
        batch = self._draws.at(state.step)
        return self.objective.weighed(batch).state(self._at._replace(growth=None))

    def _decayed(self, at: Position) -> tuple[Position, list[Tensor]]:
        """What a step is added to, and what rounding took from it."""
        if at.kept is None:
            return at, self._lost
        coefficients, kept, lost = (
            [x * keep for x, keep in zip(tensors, self._keeps, strict=True)]
            for tensors in (at.coefficients, at.kept, self._lost)
        )
        return at._replace(coefficients=coefficients, kept=kept), lost

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        at, runs = self._at, self.objective.batch.runs
        tensors = {"length": at.path_length, "length.lost": self._lost_length}
        for name, c, lost in zip(self.objective.names, at.coefficients, self._lost, strict=True):
            tensors |= {name: c, f"{name}.lost": lost}
        if at.kept:
            kept = zip(self.objective.names, at.kept, strict=True)
            tensors |= {f"{name}.kept": x for name, x in kept}
        if at.growth:
            tensors |= {"growth.least": at.growth.least, "growth.odds": at.growth.log_odds}
        arrays = {name: save_tensor(x) for name, x in tensors.items()}
        return {"step": save_step(at.step, runs), **arrays, **save_rule(self._memory, runs)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        at = self._at
        names = self.objective.names
        coefficients = [
            load_tensor(c, saved[name]) for name, c in zip(names, at.coefficients, strict=True)
        ]
        growth = at.growth and Growth(
            load_tensor(at.growth.least, saved["growth.least"]),
            load_tensor(at.growth.log_odds, saved["growth.odds"]),
        )
        kept = at.kept and [
            load_tensor(x, saved[f"{name}.kept"]) for name, x in zip(names, at.kept, strict=True)
        ]
        length = load_tensor(at.path_length, saved["length"])
        self._at = at._replace(
            step=int(saved["step"][0]),
            coefficients=coefficients,
            path_length=length,
            growth=growth,
            kept=kept,
        )
        lost = zip(names, self._lost, strict=True)
        self._lost = [load_tensor(x, saved[f"{name}.lost"]) for name, x in lost]
        self._lost_length = load_tensor(self._lost_length, saved["length.lost"])
        self._memory = load_rule(self._memory, saved)
        self._state = None


def _add(total: Tensor, change: Tensor, lost: Tensor) -> tuple[Tensor, Tensor]:
    """total + change and the rounding lost so far (Kahan): the error of t steps does not grow with
    t, so that an identity still holds after 1e6 of them."""
    wanted = change - lost
    larger = total + wanted
    return larger, (larger - total).sub_(wanted)
