"""Hooks: an observable plus a schedule.  *What* is measured and *when* are two things."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from jaxtyping import Int

from ntp_dynamics.config import Hooks, Stage, When
from ntp_dynamics.lab.trajectory import Channel, Recorder
from ntp_dynamics.model.reference import Reference
from ntp_dynamics.observe.measure import Unmeasurable, measure, said
from ntp_dynamics.observe.observables import BUILT_IN, Observable
from ntp_dynamics.optim.state import State

EVERY_STEP_UNTIL = 32
RECORDED_PER_DECADE = 30  # a verdict needs 24 in any decade; steps are rounded
CHECKPOINTS_PER_DECADE = 6  # divides the other: an attention map stands beside its loss
SCALAR_CLOCK, ARRAY_CLOCK = "step", "checkpoint"


def recorded_steps(last: int) -> Int[np.ndarray, " T"]:
    """0 .. 32, then 30 a decade on a grid that does not depend on the horizon, and the last."""
    return _log_spaced(last, RECORDED_PER_DECADE, range(min(EVERY_STEP_UNTIL, last) + 1))


def checkpoints(last: int) -> Int[np.ndarray, " C"]:
    """0, 1, then 6 a decade, and the last: where whole arrays are kept."""
    return _log_spaced(last, CHECKPOINTS_PER_DECADE, (0, 1))


def _log_spaced(last: int, per_decade: int, always: Iterable[int]) -> np.ndarray:
    exponents = np.arange(math.floor(math.log10(last) * per_decade) + 1) / per_decade
    first = set(always)
    later = {t for x in exponents if max(first) < (t := round(10**x)) <= last}
    return np.array(sorted(first | later | {last}))


def steps_of(when: When, last: int) -> Collection[int]:
    """The steps of a named schedule, up to the last."""
    if when is When.every:
        return range(last + 1)  # a horizon of 1e8 costs nothing before its size is checked
    named = {
        When.never: (),
        When.ends: (0, last),
        When.checkpoints: checkpoints(last).tolist(),
        When.recorded: recorded_steps(last).tolist(),
    }
    return frozenset(named[when])


@dataclass(frozen=True)
class Hook:
    """Measures an observable at some steps; the clock names the record's axis."""

    observable: Observable
    steps: Collection[int]
    clock: str


def make_hooks(
    settings: Hooks, stage: Stage, last: int, extra: Sequence[Observable] = ()
) -> list[Hook]:
    """The hooks of a stage: built-in and extra observables at the steps the settings ask for.

    An observable with a schedule of its own has a clock of its own, `step_<name>`.
    """
    scalars, arrays = (steps_of(when, last) for when in (settings.scalars, settings.arrays))
    hooks = []
    for o in (*BUILT_IN, *extra):
        if stage not in o.stages:
            continue
        if o.schedule is not None:
            hooks.append(Hook(o, _own_steps(o, last), f"step_{o.name}"))
        else:
            steps, clock = (arrays, ARRAY_CLOCK) if o.dims else (scalars, SCALAR_CLOCK)
            hooks.append(Hook(o, steps, clock))
    return [hook for hook in hooks if hook.steps]


def _own_steps(o: Observable, last: int) -> frozenset[int]:
    assert o.schedule is not None
    try:
        return frozenset(step for step in range(last + 1) if o.schedule(step))
    except Exception as error:
        remedy = "give a function of the step: schedule=lambda step: step % 100 == 0"
        raise Unmeasurable(o, f"its schedule raises {said(error)}", remedy) from error


def make_recorder(hooks: list[Hook]) -> Recorder:
    """Room for everything the hooks will measure."""
    steps = {hook.clock: hook.steps for hook in hooks}
    clocks = {clock: np.array(sorted(due)) for clock, due in steps.items()}
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
    return Recorder(channels, clocks)


Dropper = Callable[[Stage, int, Unmeasurable], None]
"""Is told of an observable that cannot be measured: stage, step, why."""


def complain(stage: Stage, step: int, why: Unmeasurable) -> NoReturn:
    """A dropper that lets no observable go."""
    raise why


def observe(
    hooks: list[Hook],
    state: State,
    reference: Reference,
    sizes: MutableMapping[str, int],
    drop: Dropper = complain,
) -> dict[str, np.ndarray]:
    """Measure what is due at this step: values by name, runs first.

    A hook whose observable cannot be measured leaves the list, unless ``drop`` raises.
    """
    measured = {}
    for hook in [hook for hook in hooks if state.step in hook.steps]:
        try:
            measured[hook.observable.name] = measure(hook.observable, state, reference, sizes)
        except Unmeasurable as error:
            drop(state.stage, state.step, error)
            hooks.remove(hook)
    return measured


def record_size(hooks: list[Hook], sizes: Mapping[str, int], bytes_per_value: int = 8) -> int:
    """Bytes the hooks will record, with the sizes of the axes; an unknown axis counts as one."""
    return sum(
        bytes_per_value
        * len(hook.steps)
        * math.prod(sizes.get(d, 1) for d in ("run", *hook.observable.dims))
        for hook in hooks
    )
