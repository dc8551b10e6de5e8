"""Trajectories: what was measured along a run, as labelled arrays.

Every quantity has the axis `run`, then its clock (`step` for scalars, `checkpoint` for arrays),
then axes of its own.  A value that was not recorded is nan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # xarray takes half a second to import
    import xarray


@dataclass(frozen=True)
class Channel:
    """One recorded quantity: its axes after `run`, the first of them its clock."""

    name: str
    dims: tuple[str, ...]
    attrs: dict[str, str]

    @property
    def clock(self) -> str:
        return self.dims[0]


class Recorder:
    """Collects values by step.  ``clocks`` are the steps promised for each clock, increasing."""

    def __init__(self, channels: list[Channel], clocks: dict[str, np.ndarray]):
        self.channels = {channel.name: channel for channel in channels}
        self.clocks = clocks
        self._values: dict[str, np.ndarray] = {}

    def put(self, step: int, values: Mapping[str, np.ndarray]) -> None:
        """Store values (R, ...) of channels by name, at a step of their clocks."""
        self.put_many(np.array([step]), {name: x[:, None] for name, x in values.items()})

    def put_many(self, steps: np.ndarray, values: Mapping[str, np.ndarray]) -> None:
        """As `put`, at several steps: values (R, steps, ...).

        Raises KeyError for a step that was not promised.
        """
        clocks = {self.channels[name].clock for name in values}
        rows = {clock: self._rows(clock, steps) for clock in clocks}
        for name, x in values.items():
            clock = self.channels[name].clock
            if name not in self._values:
                self._values[name] = np.full(
                    (len(x), len(self.clocks[clock]), *x.shape[2:]), np.nan
                )
            self._values[name][:, rows[clock]] = x

    def _rows(self, clock: str, steps: np.ndarray) -> np.ndarray:
        """Where steps stand on a clock."""
        promised = self.clocks[clock]
        rows = np.searchsorted(promised, steps)
        if rows.max() == len(promised) or (promised[rows] != steps).any():
            raise KeyError(f"{clock} {steps} is not promised")
        return rows

    def dataset(self, reached: int | None = None) -> xarray.Dataset:
        """The record so far, with the steps up to ``reached`` (all promised ones if None)."""
        import xarray

        keep = {
            name: clock if reached is None else clock[clock <= reached]
            for name, clock in self.clocks.items()
        }
        return xarray.Dataset(
            {
                name: (
                    ("run", *channel.dims),
                    self._values[name][:, : len(keep[channel.clock])],
                    channel.attrs,
                )
                for name, channel in self.channels.items()
                if name in self._values
            },
            coords=keep,
        )
