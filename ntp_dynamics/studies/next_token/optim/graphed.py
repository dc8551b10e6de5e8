"""Descent by tensors on a GPU: one step is recorded as a CUDA graph and repeated.

A step of the torch path is about a hundred small kernels; launched one by one they cost more than
they compute.  Recorded once, with everything that changes from step to step in tensors that stay
where they are, a step is one launch.  Counts are such tensors too: a number that Python knows while
it records would be the same at every step.  Nothing on the way looks at a value; at which step a
matrix was first no number is noted on the device, and looked at where `advance` ends.

What leaves (states, what is saved) is on the CPU, and a state is evaluated there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ntp_dynamics.studies.next_token.optim.memory import each_leaf, leaves
from ntp_dynamics.studies.next_token.optim.objectives import Objective
from ntp_dynamics.studies.next_token.optim.place import Place, load_place, save_place
from ntp_dynamics.studies.next_token.optim.rules import Rule, known
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.optim.step import Step
from ntp_dynamics.study import Logged, NonFinite, Saved, nothing_logged

WARM_UP = 3
"""Steps before one is recorded: libraries set themselves up, what is laid out once is laid out."""


class GraphedDescent:
    """All runs of a stage on a device, every step of all sentences; it measures nothing on its way.

    On a device that has no graphs the same step is taken as it is.
    """

    measures: Sequence[str] = ()

    def __init__(
        self,
        objective: Objective,
        rule: Rule,
        step_sizes: Sequence[float],
        weight_decay: float,
        device: torch.device,
    ):
        """``objective`` on the CPU; ``step_sizes`` and ``weight_decay`` as for `Step`."""
        self.objective = objective
        self._step = Step(objective.to(device), rule, step_sizes, weight_decay)
        self.place: Place = each_leaf(self._step.start, lambda x: _own(x, device))
        """Where it stands, on the device."""
        never = torch.full((len(objective.names),), torch.inf, dtype=torch.float64)
        self._broken = never.to(device)
        """The first step at which each matrix was no number."""
        self._device, self._taken = device, 0
        self._repeat: Callable[[], None] | None = None
        self._nothing = nothing_logged(objective.batch.runs)

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`.  Raises NonFinite for the first step on the way that is not
        finite, once all are taken."""
        for _ in range(to - self._taken):
            if self._repeat is None:
                self._repeat = self._recorded() if self._device.type == "cuda" else self.take
            self._repeat()
        self._taken = max(to, self._taken)
        first = self._broken.tolist()
        if min(first) < torch.inf:
            raise NonFinite(int(min(first)), self.objective.names[first.index(min(first))])
        return self._nothing

    def take(self, look: Callable[[Tensor], Tensor] = known) -> None:
        """One step, in place; ``look`` is shown the log of the loss above its infimum, where the
        rule asks for it."""
        place, there = self.place, self._step.objective
        state = there.evaluated(place.at)
        largest = [torch.linalg.vector_norm(layer.value, torch.inf) for layer in state.layers]
        broken = ~torch.stack(largest).isfinite()
        now = torch.where(broken, place.at.step, torch.inf)
        torch.minimum(self._broken, now, out=self._broken)
        after = self._step(place, state, state, lambda: look(there.log_gap(state)))
        for mine, new in zip(leaves(place), leaves(after), strict=True):
            mine.copy_(new)

    def _recorded(self) -> Callable[[], None]:
        """One step as a graph; it stands where it stood before."""
        changing = [*leaves(self.place), self._broken]
        before = [x.clone() for x in changing]
        side, current = torch.cuda.Stream(self._device), torch.cuda.current_stream(self._device)
        side.wait_stream(current)
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self.take()
        current.wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.take(look=lambda gap: gap)
        for x, was in zip(changing, before, strict=True):
            x.copy_(was)
        return graph.replay

    @property
    def _here(self) -> Place:
        """Where it stands, on the CPU."""
        return each_leaf(self.place, _left)

    def state(self) -> State:
        """As `Dynamics.state`."""
        return self.objective.state(self._here.at)

    def save(self) -> Saved:
        """As `Dynamics.save`: what `Descent` saves."""
        return save_place(self._here, self.objective.names)

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        place = load_place(self._here, self.objective.names, saved)
        for mine, x in zip(leaves(self.place), leaves(place), strict=True):
            mine.copy_(torch.as_tensor(x))
        self._broken.fill_(torch.inf)
        self._taken = place.at.step


def _own(x: Any, device: torch.device) -> Tensor:
    """A tensor of its own on a device, a count as a number without axes."""
    if not isinstance(x, Tensor):
        return torch.full((), float(x), dtype=torch.float64, device=device)
    return x.to(device).clone(memory_format=torch.contiguous_format)


def _left(x: Tensor) -> Any:
    """A copy on the CPU, a count as an integer."""
    return x.to("cpu", copy=True) if x.dim() else int(x)
