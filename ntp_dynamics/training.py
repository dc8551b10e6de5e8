"""Phases trained in order, whatever they are about: what hooks measure on the way, recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ntp_dynamics.lab.progress import Interrupt
from ntp_dynamics.lab.trajectory import Recorder
from ntp_dynamics.observe.hooks import Dropper, Hook, complain, make_recorder, observe
from ntp_dynamics.stepping import Reached, follow
from ntp_dynamics.study import NonFinite, Outline, Phase

Tracker = Callable[[Iterable[Reached], str, int], Iterator[Reached]]
"""Passes on where a phase has come to, and shows it: what, how it is called, its last step."""
Watcher = Callable[[str, int, Mapping[str, np.ndarray]], None]


@dataclass(frozen=True)
class Trained:
    """What the hooks recorded, and how far each phase came, by its name."""

    recorders: dict[str, Recorder] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    """The last that was asked for."""
    failure: NonFinite | None = None
    """Why training ended before its time."""


Keeper = Callable[[Trained], None]


def forget(trained: Trained) -> None:
    """A keeper that does nothing."""


@dataclass(frozen=True)
class Onlookers:
    """Who sees what, while phases that are measured train."""

    watch: Watcher | None = None
    """What was measured at each step: phase, step, values by name."""
    keep: Keeper = forget
    """Everything so far."""


def train(
    phases: Iterable[Phase],
    hooks: Mapping[str, Sequence[Hook]],
    reference: Any,
    sizes: MutableMapping[str, int],
    track: Tracker,
    interrupt: Interrupt,
    onlookers: Onlookers = Onlookers(),
    drop: Dropper = complain,
) -> Trained:
    """Train phases in order; an interrupt ends training after the call at hand, a state that is no
    longer finite ends it before the step that made it so, as a failure unless it is a shadow's.

    ``hooks`` by phase; a shadow has those of its original.  ``reference`` is what they compare
    with, ``sizes`` those of their axes.  ``drop`` is told what is no longer measured and why.  What
    a dynamics logs itself is taken from it; only other hooks need a state.
    """
    trained = Trained()
    for phase in phases:
        outline = phase.outline
        due = hooks[outline.shadow or outline.name]
        recorder = trained.recorders[outline.name] = make_recorder(list(due))
        dynamics = phase.start(trained.states)
        inside = {h.observable.name: h for h in due if h.observable.name in dynamics.measures}
        others = [hook for hook in due if hook.observable.name not in inside]
        stops = _steps(others) | {outline.horizon}
        way = follow(
            dynamics, sorted(stops), np.array(sorted(_steps(inside.values())), dtype=np.int64)
        )
        try:
            for at in track(way, outline.label or outline.name, outline.horizon):
                trained.reached[outline.name] = at.step
                if at.logged is not None:
                    steps, values = at.logged.steps, at.logged.values
                    measured = {name: values[name] for name in inside}
                else:
                    trained.states[outline.name] = at.state
                    steps = np.array([at.step])
                    found = observe(others, at.state, reference, sizes, drop)
                    measured = {name: x[:, None] for name, x in found.items()}
                if measured and len(steps):
                    recorder.put_many(steps, measured)
                    if outline.measured:
                        _show(onlookers, outline, steps, measured, trained)
                if interrupt.requested:
                    return trained
        except NonFinite as failure:
            return trained if outline.shadow else replace(trained, failure=failure)
    return trained


def _steps(hooks: Iterable[Hook]) -> set[int]:
    """All that are due; many hooks share theirs."""
    return set().union(*{id(hook.steps): hook.steps for hook in hooks}.values())


def _show(
    onlookers: Onlookers,
    outline: Outline,
    steps: np.ndarray,
    measured: Mapping[str, np.ndarray],
    trained: Trained,
) -> None:
    """What was measured at some steps: values (R, steps, ...)."""
    if onlookers.watch:
        for i, step in enumerate(steps.tolist()):
            onlookers.watch(outline.name, step, {name: x[:, i] for name, x in measured.items()})
    onlookers.keep(trained)
