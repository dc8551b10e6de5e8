"""Attention of all layers over the steps of a loop, as channels of its record."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from ntp_dynamics.record.growing import Measured
from ntp_dynamics.studies.watch.attention import Seen
from ntp_dynamics.studies.watch.observables import CHANNELS, map_channel, one_run
from ntp_dynamics.studies.watch.schedule import crosses


class Layers:
    """The layers that the first recorded step shows, in its order, and the size of their maps."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.left: list[Measured] = []
        """Maps of the last step, where that was no checkpoint."""
        self._side = 0, 0
        self._checkpoint = -1

    def measured(self, step: int, layers: Mapping[str, Seen]) -> list[Measured]:
        """What is recorded of a step: maps at checkpoints only.  A layer that the first step did
        not have is left out, one that this step has not is nan."""
        if not self.names and layers:
            self.names = [*layers]
            rows, columns = zip(*(x.map.shape for x in layers.values()), strict=True)
            self._side = max(rows), max(columns)
        there = {i: layers[name] for i, name in enumerate(self.names) if name in layers}
        if not there:
            return []
        maps = [
            (map_channel(i, self.names[i]), one_run(fitted(x.map, self._side)))
            for i, x in there.items()
        ]
        shown = self._numbers({i: x.entropy for i, x in there.items()}, "entropy")
        shown += self._numbers({i: x.top for i, x in there.items()}, "top")
        if not crosses(self._checkpoint, step):
            self.left = maps
            return shown
        self._checkpoint, self.left = step, []
        return shown + maps

    def _numbers(self, found: Mapping[int, float], name: str) -> list[Measured]:
        values = np.full(len(self.names), np.nan)
        values[[*found]] = [*found.values()]
        known = values[~np.isnan(values)]
        mean = known.mean() if known.size else np.nan
        return [
            (CHANNELS[f"attention_{name}"], one_run(mean)),
            (CHANNELS[f"layer_{name}"], one_run(values)),
        ]


def fitted(x: Float[np.ndarray, "i j"], side: tuple[int, int]) -> Float[np.ndarray, "q k"]:
    """A map in the room of others: what is missing is nan, what is more is left out."""
    room = np.full(side, np.nan)
    cut = x[: side[0], : side[1]]
    room[: cut.shape[0], : cut.shape[1]] = cut
    return room
