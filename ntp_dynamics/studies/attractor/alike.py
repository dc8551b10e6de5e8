"""Runs that nothing distinguishes: one of them is moved, and all are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from ntp_dynamics.study import Dynamics, Logged, Saved


@dataclass
class Alike:
    """`study.Dynamics` of R runs of a phase in which nothing is drawn."""

    one: Dynamics
    """Of a single run."""
    runs: int
    spread: Callable[[Any, int], Any]
    """Its state, as that of so many runs."""

    @property
    def measures(self) -> Sequence[str]:
        return self.one.measures

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        found = self.one.advance(to, due)
        values = {name: self._every(x) for name, x in found.values.items()}
        return Logged(found.steps, values, self._every(found.finite), found.part)

    def state(self) -> Any:
        return self.spread(self.one.state(), self.runs)

    def save(self) -> Saved:
        return {name: self._every(x) if x.ndim else x for name, x in self.one.save().items()}

    def load(self, saved: Saved) -> None:
        self.one.load({name: x[:1] if x.ndim else x for name, x in saved.items()})

    def _every(self, x: np.ndarray) -> np.ndarray:
        return np.repeat(x, self.runs, axis=0)
