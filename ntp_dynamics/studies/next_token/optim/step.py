"""One step of descent by tensors, as a function of where it stands: any objective, any rule.

Nothing here looks at a value, so that a step can be recorded once and repeated by a GPU.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ntp_dynamics.studies.next_token.optim.objectives import Objective
from ntp_dynamics.studies.next_token.optim.place import Place
from ntp_dynamics.studies.next_token.optim.rules import Gap, Rule, Slope
from ntp_dynamics.studies.next_token.optim.state import Position, State


class Step:
    """A step of a rule; lambda is the weight decay:

    W <- (1 - eta lambda) W + step,   a step from the gradient at W.
    """

    def __init__(
        self, objective: Objective, rule: Rule, step_sizes: Sequence[float], weight_decay: float
    ):
        """``step_sizes``: one for each matrix of the objective."""
        self.objective, self.rule, self.step_sizes = objective, rule, tuple(step_sizes)
        self._decays = bool(weight_decay)
        self._keeps = [1 - size * weight_decay for size in step_sizes]

    @property
    def start(self) -> Place:
        """Before the first one."""
        at = self.objective.start
        if self._decays:
            whole = torch.ones_like(at.path_length)
            at = at._replace(kept=[whole for _ in self._keeps])
        lost = [torch.zeros_like(c) for c in at.coefficients]
        memory = self.rule.init(at.coefficients)
        return Place(at, lost, torch.zeros_like(at.path_length), memory)

    def __call__(self, place: Place, state: State, drawn: State, gap: Gap) -> Place:
        """Where one step leads.

        ``state`` is that of the place, ``drawn`` what the sentences of this step say there, ``gap``
        the log of the loss above its infimum.
        """
        matrices = self.objective.matrices
        layers = zip(drawn.layers, self.step_sizes, strict=True)
        beta = None if drawn.linear is None else drawn.linear.smoothness
        slopes = [
            Slope(layer.matrix, layer.gradient, size, layer.parts, beta) for layer, size in layers
        ]
        changes, memory = self.rule.update(slopes, gap, place.memory)
        lengths = [m.gradient_norm(change) for m, change in zip(matrices, changes, strict=True)]
        at, before = self._decayed(place)
        each = zip(at.coefficients, changes, before, strict=True)
        moved = [_add(*one) for one in each]
        length = torch.linalg.vector_norm(torch.stack(lengths), dim=0)
        path_length, lost_length = _add(at.path_length, length, place.lost_length)
        at = at._replace(
            step=at.step + 1,
            coefficients=[total for total, _ in moved],
            path_length=path_length,
            growth=state.growth,
            least=state.least,
        )
        return Place(at, [lost for _, lost in moved], lost_length, memory)

    def _decayed(self, place: Place) -> tuple[Position, list[Tensor]]:
        """What a step is added to, and what rounding took from it."""
        at = place.at
        if at.kept is None:
            return at, place.lost
        coefficients, kept, lost = (
            [x * keep for x, keep in zip(tensors, self._keeps, strict=True)]
            for tensors in (at.coefficients, at.kept, place.lost)
        )
        return at._replace(coefficients=coefficients, kept=kept), lost


def _add(total: Tensor, change: Tensor, lost: Tensor) -> tuple[Tensor, Tensor]:
    """total + change and the rounding lost so far (Kahan): the error of t steps does not grow with
    t, so that an identity still holds after 1e6 of them."""
    wanted = change - lost
    larger = total + wanted
    return larger, (larger - total).sub_(wanted)
