"""Hooks: an observable plus a schedule.  *What* is measured and *when* are two things."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ntp_dynamics.config import Stage
from ntp_dynamics.lab.trajectory import Channel, Recorder
from ntp_dynamics.observe.observables import OBSERVABLES, Observable
from ntp_dynamics.observe.reference import Reference
from ntp_dynamics.optim.train import State

EVERY_STEP_UNTIL = 32
RECORDED_PER_DECADE = 25  # a verdict needs 24 in any decade; steps are rounded
CHECKPOINTS_PER_DECADE = 6


def recorded_steps(last: int) -> Int[np.ndarray, " T"]:
    """0 .. 32, then 25 a decade on a grid that does not depend on the horizon, and the last."""
    return _log_spaced(last, RECORDED_PER_DECADE, range(min(EVERY_STEP_UNTIL, last) + 1))


def checkpoints(last: int) -> Int[np.ndarray, " C"]:
    """0, 1, then 6 a decade, and the last: where whole arrays are kept."""
    return _log_spaced(last, CHECKPOINTS_PER_DECADE, (0, 1))


def _log_spaced(last: int, per_decade: int, always: Iterable[int]) -> np.ndarray:
    exponents = np.arange(math.floor(math.log10(last) * per_decade) + 1) / per_decade
    grid = set(always) | {last} | {round(10**x) for x in exponents}
    start = max(always)
    return np.array(sorted(t for t in grid if t <= last and (t > start or t in set(always))))


@dataclass(frozen=True)
class Hook:
    """Measures an observable at the steps of a schedule; the clock names the record's axis."""

    observable: Observable
    schedule: frozenset[int]
    clock: str


def standard_hooks(stage: Stage, steps: int) -> list[Hook]:
    """Every scalar at the recorded steps, every array at the checkpoints."""
    recorded = frozenset(recorded_steps(steps).tolist())
    kept = frozenset(checkpoints(steps).tolist())
    return [
        Hook(o, kept, "checkpoint") if o.dims else Hook(o, recorded, "step")
        for o in OBSERVABLES[stage].values()
    ]


def make_recorder(hooks: list[Hook]) -> Recorder:
    """Room for everything the hooks will measure."""
    clocks: dict[str, set[int]] = {}
    for hook in hooks:
        clocks[hook.clock] = clocks.get(hook.clock, set()) | hook.schedule
    channels = [
        Channel(
            hook.observable.name,
            (hook.clock, *hook.observable.dims),
            {
                "units": hook.observable.units,
                "long_name": hook.observable.long_name,
                "source": hook.observable.source,
            },
        )
        for hook in hooks
    ]
    return Recorder(channels, {name: np.array(sorted(c)) for name, c in clocks.items()})


def observe(hooks: list[Hook], state: State, reference: Reference, recorder: Recorder) -> None:
    """Measure what is due at this step."""
    for hook in hooks:
        if state.step in hook.schedule:
            value = hook.observable.measure(state, reference)
            recorder.put(hook.observable.name, state.step, value.numpy(force=True))
