"""Hooks: an observable plus a schedule.  *What* is measured and *when* are two things."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Int

from ntp_dynamics.config.choices import When
from ntp_dynamics.config.job import Hooks
from ntp_dynamics.observe.measure import Unmeasurable, as_array, measure, said
from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.record.trajectory import Channel, Recorder
from ntp_dynamics.study import Outline

EVERY_STEP_UNTIL = 32
RECORDED_PER_DECADE = 30  # a verdict needs 24 in any decade; steps are rounded
CHECKPOINTS_PER_DECADE = 6  # divides the other: an attention map stands beside its loss
ARRAY_CLOCK = "checkpoint"


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
    """Measures an observable at some steps; the clock names the record's axis.

    ``own``: the observable is the study's, wherever that lies; else it came with the job.
    """

    observable: Observable
    steps: Collection[int]
    clock: str
    own: bool = False

    def bytes_at_once(self, sizes: Mapping[str, int], bytes_per_value: int = 8) -> int:
        """Of its values at one step, with the sizes of the axes; an unknown axis counts as one."""
        return bytes_per_value * math.prod(sizes.get(d, 1) for d in ("run", *self.observable.dims))

    def measure(self, state: Any, reference: Any, sizes: MutableMapping[str, int]) -> np.ndarray:
        """The values (R, ...) in a state.  Raises Unmeasurable, of an own one what it raises; what
        is no number is recorded, and told by whoever looks at the record."""
        if self.own:
            with np.errstate(over="ignore", invalid="ignore"):
                return as_array(self.observable(state, reference))
        return measure(self.observable, state, reference, sizes)


def make_hooks(
    settings: Hooks,
    phase: Outline,
    observables: Iterable[Observable],
    added: Iterable[Observable] = (),
) -> list[Hook]:
    """The hooks of a phase: the observables of its study and those that were added, at the steps
    the settings ask for.

    An observable with a schedule of its own has a clock of its own, `<clock>_<name>`.
    """
    last = phase.horizon
    scalars, arrays = (steps_of(when, last) for when in (settings.scalars, settings.arrays))
    hooks = []
    for o, own in [*((o, True) for o in observables), *((o, False) for o in added)]:
        if not o.measured_in(phase.shadow or phase.name):
            continue
        if o.schedule is not None:
            hooks.append(Hook(o, _own_steps(o, last), f"{phase.clock}_{o.name}", own))
        else:
            steps, clock = (arrays, ARRAY_CLOCK) if o.dims else (scalars, phase.clock)
            hooks.append(Hook(o, steps, clock, own))
    return [hook for hook in hooks if hook.steps]


def hooks_of(
    settings: Hooks,
    phases: Iterable[Outline],
    observables: Sequence[Observable],
    added: Sequence[Observable] = (),
) -> dict[str, list[Hook]]:
    """The hooks of every phase, by its name."""
    return {phase.name: make_hooks(settings, phase, observables, added) for phase in phases}


def _own_steps(o: Observable, last: int) -> frozenset[int]:
    assert o.schedule is not None
    try:
        return frozenset(step for step in range(last + 1) if o.schedule(step))
    except Exception as error:
        remedy = "give a function of the step: schedule=lambda step: step % 100 == 0"
        raise Unmeasurable(o, f"its schedule raises {said(error)}", remedy) from error


def make_recorder(hooks: Sequence[Hook], unit: float = 1.0) -> Recorder:
    """Room for everything the hooks will measure; clocks read ``unit`` times the step."""
    steps = {hook.clock: hook.steps for hook in hooks}
    clocks = {clock: np.array(sorted(due)) for clock, due in steps.items()}
    channels = [
        Channel(o.name, (hook.clock, *o.dims), o.attributes)
        for hook in hooks
        for o in (hook.observable,)
    ]
    return Recorder(channels, clocks, unit)


def images(hooks: Mapping[str, Iterable[Hook]]) -> set[str]:
    """Names of the observables that are drawn as images."""
    return {hook.observable.name for own in hooks.values() for hook in own if hook.observable.image}


LARGE = 2**25
"""Bytes of an array, of all runs, from which on log-spaced checkpoints leave it out."""


def affordable(
    hooks: Mapping[str, Sequence[Hook]], settings: Hooks, sizes: Mapping[str, int]
) -> dict[str, list[Hook]]:
    """The hooks without those of arrays that are too large for log-spaced checkpoints; schedules
    that say more, or an observable of its own, are taken at their word."""
    if settings.arrays is not When.checkpoints:
        return {name: list(due) for name, due in hooks.items()}

    def stays(hook: Hook) -> bool:
        return hook.clock != ARRAY_CLOCK or hook.bytes_at_once(sizes) <= LARGE

    return {name: [hook for hook in due if stays(hook)] for name, due in hooks.items()}


Dropper = Callable[[str, int, Unmeasurable], None]
"""Is told of an observable that cannot be measured: phase, step, why."""


def complain(phase: str, step: int, why: Unmeasurable) -> NoReturn:
    """A dropper that lets no observable go."""
    raise why


def observe(
    hooks: list[Hook],
    phase: str,
    step: int,
    state: Any,
    reference: Any,
    sizes: MutableMapping[str, int],
    drop: Dropper = complain,
) -> dict[str, np.ndarray]:
    """Measure what is due at this step: values by name, runs first.

    A hook whose observable cannot be measured leaves the list, unless ``drop`` raises.
    """
    measured = {}
    for hook in [hook for hook in hooks if step in hook.steps]:
        try:
            measured[hook.observable.name] = hook.measure(state, reference, sizes)
        except Unmeasurable as error:
            drop(phase, step, error)
            hooks.remove(hook)
    return measured


def record_size(hooks: Iterable[Hook], sizes: Mapping[str, int], bytes_per_value: int = 8) -> int:
    """Bytes the hooks will record, with the sizes of the axes; an unknown axis counts as one."""
    return sum(len(hook.steps) * hook.bytes_at_once(sizes, bytes_per_value) for hook in hooks)
