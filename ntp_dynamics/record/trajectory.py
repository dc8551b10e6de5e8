"""Trajectories: what was measured along a run, as labelled arrays.

Every quantity has the axis `run`, then its clock (that of the phase for scalars, `checkpoint` for
arrays), then axes of its own.  A value that was not recorded is nan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:  # xarray takes half a second to import
    import xarray


@dataclass(frozen=True)
class Channel:
    """One recorded quantity: its axes after `run`, the first of them its clock."""

    name: str
    dims: tuple[str, ...]
    attrs: Mapping[str, str | float | int]

    @property
    def clock(self) -> str:
        return self.dims[0]


class Recorder:
    """Collects values by step.  ``clocks`` are the steps promised for each clock, increasing; in
    the record a clock reads ``unit`` times the step."""

    def __init__(self, channels: list[Channel], clocks: dict[str, np.ndarray], unit: float = 1.0):
        self.channels = {channel.name: channel for channel in channels}
        self.clocks = clocks
        self.unit = unit
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

    def save(self, reached: int) -> dict[str, np.ndarray]:
        """The values up to a step, by name; what was never put is not among them."""
        return {
            name: x[:, : self._until(self.channels[name].clock, reached)]
            for name, x in self._values.items()
        }

    def load(self, saved: Mapping[str, np.ndarray]) -> None:
        """Hold what a recorder of the same clocks held when it was saved."""
        for name, x in saved.items():
            due = self.clocks[self.channels[name].clock]
            self.put_many(due[: x.shape[1]], {name: x})

    def by_step(self, reached: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """What was recorded up to a step, in its order: values (R, ...) by name, those that are
        nan throughout (not measured yet) aside."""
        places = {
            clock: {int(t): i for i, t in enumerate(steps[: self._until(clock, reached)])}
            for clock, steps in self.clocks.items()
        }
        for step in sorted(set().union(*places.values())):
            rows = {clock: at[step] for clock, at in places.items() if step in at}
            values = {
                name: x[:, rows[clock]]
                for name, x in self._values.items()
                if (clock := self.channels[name].clock) in rows
            }
            yield step, {name: x for name, x in values.items() if not np.isnan(x).all()}

    def _until(self, clock: str, reached: int) -> int:
        """How many of the steps of a clock lie up to one."""
        return int(np.searchsorted(self.clocks[clock], reached, side="right"))

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

        clocks = self.readings(reached)
        return xarray.Dataset(self.variables(clocks), coords=clocks)

    def readings(self, reached: int | None = None) -> dict[str, np.ndarray]:
        """What each clock reads at its steps up to one."""
        keep = {
            name: clock if reached is None else clock[: self._until(name, reached)]
            for name, clock in self.clocks.items()
        }
        return keep if self.unit == 1 else {c: steps * self.unit for c, steps in keep.items()}

    def variables(self, clocks: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What was recorded at the first steps of each clock, as xarray takes it."""
        return {
            name: (
                ("run", *channel.dims),
                self._values[name][:, : len(clocks[channel.clock])],
                channel.attrs,
            )
            for name, channel in self.channels.items()
            if name in self._values
        }


def said(long_name: str, units: str = "1", source: str = "ntp-dynamics") -> dict[str, str]:
    """The attributes of a variable that is no observable."""
    return {"units": units, "long_name": long_name, "source": source}


class PhaseRecord(NamedTuple):
    """What one phase leaves behind."""

    recorder: Recorder
    reached: int
    """The step it came to."""
    clock: Mapping[str, str]
    """The attributes of its clocks."""
    frozen: Mapping[str, Any]
    """What stayed as it was: variables as xarray takes them."""
    attributes: Mapping[str, str]
    """Of the group."""

    def dataset(self, known: xarray.Dataset | None) -> xarray.Dataset:
        """Its group; ``known`` holds the coordinates of axes of its own."""
        import xarray

        clocks = self.recorder.readings(self.reached)
        own = {} if known is None else {str(k): c.variable for k, c in known.coords.items()}
        return xarray.Dataset(
            {**self.recorder.variables(clocks), **self.frozen},
            {**{c: (c, at, dict(self.clock)) for c, at in clocks.items()}, **own},
            self.attributes,
        )


def make_tree(
    recorded: Mapping[str, PhaseRecord], tables: Mapping[str, xarray.Dataset]
) -> xarray.DataTree:
    """Everything numeric that a job leaves behind, phases by name; holds no time and no machine
    name.  ``tables`` are the groups known before the first step.
    """
    import xarray

    phases = {f"/{name}": one.dataset(tables.get(f"/{name}")) for name, one in recorded.items()}
    groups = {**tables, **phases}
    return xarray.DataTree.from_dict(groups)
