"""Where training stands between two steps: all that it needs to go on to equal bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ntp_dynamics.record.checkpoint import Checkpoint
from ntp_dynamics.study import Saved


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The phases that have begun, by name and in order; all but the last have ended."""

    reached: Mapping[str, int]
    """The step that each came to."""
    saved: Mapping[str, Saved]
    """Their dynamics."""
    recorded: Mapping[str, Mapping[str, np.ndarray]]
    """What was measured up to there: values (R, recorded steps, ...) by name."""
    dropped: Mapping[str, list[str]] = field(default_factory=dict)
    """Observables that are no longer measured."""

    def ended(self, phase: str) -> bool:
        """Whether a phase was over: another one had begun."""
        return phase in [*self.reached][:-1]

    @property
    def place(self) -> str:
        """Where this is, for a person."""
        phase, step = [*self.reached.items()][-1]
        return f"step {step:,} of {phase}"

    def checkpoint(self, said: Mapping[str, object]) -> Checkpoint:
        """To be written; ``said`` goes with it."""
        arrays = {
            f"{phase}/{part}/{name}": array
            for part, held in (("saved", self.saved), ("recorded", self.recorded))
            for phase in self.reached
            for name, array in held[phase].items()
        }
        words = {"reached": [[*x] for x in self.reached.items()], "dropped": {**self.dropped}}
        return Checkpoint({**said, **words}, arrays)

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Snapshot:
        """The inverse.  Raises LookupError, TypeError or ValueError for what no job wrote."""
        reached = {str(name): int(step) for name, step in checkpoint.said["reached"]}
        parts: dict[str, dict[str, dict[str, np.ndarray]]] = {
            part: {phase: {} for phase in reached} for part in ("saved", "recorded")
        }
        for key, array in checkpoint.arrays.items():
            phase, part, name = key.split("/", 2)
            parts[part][phase][name] = array
        dropped = {str(k): [str(x) for x in v] for k, v in checkpoint.said["dropped"].items()}
        return cls(reached, parts["saved"], parts["recorded"], dropped)
