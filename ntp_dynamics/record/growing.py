"""Values collected at steps that nobody promised: of a loop that is not the lab's own."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ntp_dynamics.record.trajectory import Channel, Recorder

Measured = tuple[Channel, np.ndarray]
"""A channel, and its values (R, ...) at one step."""


class Growing:
    """Channels and steps as they come; each channel keeps the shape that it began with."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._steps: dict[str, list[int]] = {}
        self._values: dict[str, list[np.ndarray]] = {}
        self.reached = 0
        """The last step that something was put at."""

    def put(self, step: int, measured: Iterable[Measured]) -> None:
        """Keep values at a step, which is no earlier than the last one; once a channel."""
        self.reached = step
        for channel, values in measured:
            self._channels.setdefault(channel.name, channel)
            self._steps.setdefault(channel.name, []).append(step)
            self._values.setdefault(channel.name, []).append(values)

    def __bool__(self) -> bool:
        return bool(self._channels)

    def recorder(self) -> Recorder:
        """All of it: a clock has every step at which one of its channels has a value."""
        steps: dict[str, set[int]] = {}
        for name, channel in self._channels.items():
            steps.setdefault(channel.clock, set()).update(self._steps[name])
        clocks = {clock: np.array(sorted(due)) for clock, due in steps.items()}
        recorder = Recorder([*self._channels.values()], clocks)
        for name, values in self._values.items():
            recorder.put_many(np.array(self._steps[name]), {name: np.stack(values, axis=1)})
        return recorder
