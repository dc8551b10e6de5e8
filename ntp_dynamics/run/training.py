"""The phases of a job, one after the other, measured by its hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.observe.hooks import Dropper, Hook, complain, make_recorder, observe
from ntp_dynamics.record.trajectory import PhaseRecord, Recorder, make_tree, said
from ntp_dynamics.run.preparation import PreparedJob
from ntp_dynamics.run.progress import Interrupt
from ntp_dynamics.run.stepping import Reached, follow
from ntp_dynamics.study import NonFinite, Phase

if TYPE_CHECKING:
    import xarray

Progress = Callable[[Iterable[Reached], str, int], Iterator[Reached]]
"""Shows how far a phase is: takes its steps and hands them on; what it is called, its last step."""
Watcher = Callable[[str, int, Mapping[str, np.ndarray]], None]
"""Sees what was measured: phase, step, values by name."""


@dataclass
class Trained:
    """What the hooks recorded, and how far each phase came."""

    phases: Mapping[str, Phase]
    """Of the job, those to come too, by name."""
    recorders: dict[str, Recorder] = field(default_factory=dict)
    reached: dict[str, int] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    """The last state of each phase."""
    failure: NonFinite | None = None
    """Why training ended before its time."""

    def tree(self, tables: Mapping[str, xarray.Dataset]) -> xarray.DataTree:
        """The record so far; ``tables`` are those of the problem."""
        recorded = {
            name: PhaseRecord(
                recorder,
                self.reached[name],
                said(f"recorded {phase.outline.clock}s", phase.outline.unit_name),
                phase.frozen(self.states[name]) if name in self.states else {},
                phase.attributes,
            )
            for name, recorder in self.recorders.items()
            if name in self.reached and (phase := self.phases[name])
        }
        ahead = {f"/{name}" for name in self.phases.keys() - recorded.keys()}
        return make_tree(recorded, {group: x for group, x in tables.items() if group not in ahead})


Publisher = Callable[[Trained], None]
"""Shows the record so far to those who watch."""


def unpublished(trained: Trained) -> None:
    """To nobody."""


def train_phases(
    job: PreparedJob,
    progress: Progress,
    interrupt: Interrupt,
    watch: Watcher | None = None,
    publish: Publisher = unpublished,
    drop: Dropper = complain,
) -> Trained:
    """Move the phases in order; an interrupt ends training after the call at hand, numbers that are
    none any more end it before the step that made them so: as a failure unless in a shadow.

    ``progress`` shows how far a phase is, ``watch`` sees what was measured at each step,
    ``publish`` everything so far, ``drop`` what is no longer measured and why.  Scalars that a
    dynamics logs on its way need no state; shadows are neither watched nor published before the
    end.
    """
    trained = Trained({phase.outline.name: phase for phase in job.phases})
    for phase in job.phases:
        name, shadow = phase.outline.name, bool(phase.outline.shadow)
        recorder = trained.recorders[name] = make_recorder(job.hooks[name], phase.outline.unit)
        try:
            for steps, measured in _measured(job, phase, trained, progress, drop):
                if measured and len(steps):
                    recorder.put_many(steps, measured)
                    if watch and not shadow:
                        for i, step in enumerate(steps.tolist()):
                            watch(name, step, {key: x[:, i] for key, x in measured.items()})
                    if not shadow:
                        publish(trained)
                if interrupt.requested:
                    return trained
        except NonFinite as failure:
            trained.failure = None if shadow else failure
            return trained
    return trained


def _measured(
    job: PreparedJob, phase: Phase, trained: Trained, progress: Progress, drop: Dropper
) -> Iterator[tuple[np.ndarray, Mapping[str, np.ndarray]]]:
    """What is measured on the way through a phase: steps, and values (R, steps, ...) by name."""
    outline, problem = phase.outline, job.problem
    name, sizes = outline.name, dict(problem.axes)
    dynamics = phase.start(trained.states)
    logged = [h for h in job.hooks[name] if h.observable.name in dynamics.measures]
    others = [h for h in job.hooks[name] if h.observable.name not in dynamics.measures]
    stops = sorted(_steps(others) | {outline.horizon})
    way = follow(dynamics, stops, np.array(sorted(_steps(logged)), dtype=np.int64))
    together = {hook.clock: [h for h in logged if h.clock == hook.clock] for hook in logged}
    for reached in progress(way, outline.label or name, outline.horizon):
        trained.reached[name] = reached.step
        if reached.logged is None:
            trained.states[name] = reached.state
            at = reached.step, reached.state, problem.reference, sizes, drop
            found = observe(others, name, *at)
            yield np.array([reached.step]), {key: x[:, None] for key, x in found.items()}
            continue
        steps, values = reached.logged.steps, reached.logged.values
        for hooks in together.values():
            mine = {h.observable.name: values[h.observable.name] for h in hooks}
            if len(together) > 1:  # clocks differ in what is due
                due = np.array([step in hooks[0].steps for step in steps.tolist()], dtype=bool)
                mine = {key: x[:, due] for key, x in mine.items()}
                yield steps[due], mine
            else:
                yield steps, mine
        if not together:
            yield steps, {}


def _steps(hooks: Iterable[Hook]) -> set[int]:
    """All that are due; many hooks share theirs."""
    return set().union(*{id(hook.steps): hook.steps for hook in hooks}.values())
