"""The phases of a job, one after the other, measured by its hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.observe.hooks import Dropper, Hook, complain, make_recorder, observe
from ntp_dynamics.record.trajectory import PhaseRecord, Recorder, make_tree, said
from ntp_dynamics.run.preparation import PreparedJob
from ntp_dynamics.run.snapshot import Snapshot
from ntp_dynamics.run.stepping import Reached, follow
from ntp_dynamics.study import Dynamics, NonFinite, Phase, Saved
from ntp_dynamics.system.stops import Interrupt

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
    dropped: dict[str, list[str]] = field(default_factory=dict)
    """Observables that are no longer measured in a phase."""
    ended: dict[str, Saved] = field(default_factory=dict)
    """Where the dynamics of a phase that has ended stood."""
    moving: Dynamics | None = None
    """The dynamics of the phase at hand."""
    failure: NonFinite | None = None
    """Why training ended before its time."""

    @property
    def stands(self) -> bool:
        """Whether it can go on from here: something has begun, and no number is none."""
        begun = [*self.ended] if self.moving is None else [*self.ended, self.current]
        return bool(begun) and begun == [*self.reached]

    @property
    def current(self) -> str:
        """The phase that has begun last."""
        return [*self.reached][-1]

    @property
    def snapshot(self) -> Snapshot:
        """Everything that training needs to go on from here."""
        saved = dict(self.ended)
        if self.moving is not None:
            saved[self.current] = self.moving.save()
        recorded = {name: self.recorders[name].save(step) for name, step in self.reached.items()}
        return Snapshot(self.reached, saved, recorded, self.dropped)

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


Keeper = Callable[[Trained], None]
"""Is handed everything so far, where a dynamics stands at the step that was recorded last."""


def unkept(trained: Trained) -> None:
    """By nobody."""


def train_phases(
    job: PreparedJob,
    progress: Progress,
    interrupt: Interrupt,
    watch: Watcher | None = None,
    keep: Keeper = unkept,
    drop: Dropper = complain,
    begin: Snapshot | None = None,
) -> Trained:
    """Move the phases in order; an interrupt ends training after the call at hand, numbers that are
    none any more end it before the step that made them so: as a failure unless in a shadow.

    ``progress`` shows how far a phase is, ``watch`` sees what was measured at each step, ``keep``
    everything so far, ``drop`` what is no longer measured and why; ``begin`` is where an earlier
    training stood, which goes on here.  Scalars that a dynamics logs on its way need no state;
    shadows are not watched.
    """
    trained = Trained({phase.outline.name: phase for phase in job.phases})
    for phase in job.phases:
        name = phase.outline.name
        trained.recorders[name] = make_recorder(job.hooks[name], phase.outline.unit)
        trained.moving = dynamics = phase.start(trained.states)
        seen = None if phase.outline.shadow else watch
        if begin is not None and name in begin.reached:
            _stand(trained, name, begin, seen)
        try:
            if begin is None or not begin.ended(name):
                for found in _measured(job, phase, trained, progress, drop):
                    _put(trained, name, found, seen)
                    if interrupt.requested:
                        return trained
                    keep(trained)
            else:
                at = Reached(trained.reached[name])
                list(progress([at], phase.outline.label or name, at.step))  # its bar is full
                trained.states[name] = dynamics.state()
        except NonFinite as failure:
            trained.failure = None if phase.outline.shadow else failure
            trained.moving = None
            return trained
        trained.ended[name], trained.moving = dynamics.save(), None
    return trained


Found = list[tuple[np.ndarray, Mapping[str, np.ndarray]]]
"""Steps, and values (R, steps, ...) by name."""


def _stand(trained: Trained, name: str, begin: Snapshot, watch: Watcher | None) -> None:
    """Put a phase where it stood, and show what it had measured to whoever watches."""
    assert trained.moving is not None
    trained.moving.load(begin.saved[name])
    trained.recorders[name].load(begin.recorded[name])
    trained.reached[name] = begin.reached[name]
    trained.dropped[name] = begin.dropped.get(name, [])
    if watch:
        for step, measured in trained.recorders[name].by_step(begin.reached[name]):
            watch(name, step, measured)


def _put(trained: Trained, name: str, found: Found, watch: Watcher | None) -> None:
    for steps, measured in found:
        if measured and len(steps):
            trained.recorders[name].put_many(steps, measured)
            if watch:
                for i, step in enumerate(steps.tolist()):
                    watch(name, step, {key: x[:, i] for key, x in measured.items()})


def _measured(
    job: PreparedJob, phase: Phase, trained: Trained, progress: Progress, drop: Dropper
) -> Iterator[Found]:
    """What is measured on the way through a phase, from where its dynamics stands."""
    outline, problem = phase.outline, job.problem
    name, sizes = outline.name, dict(problem.axes)
    dynamics, begin = trained.moving, trained.reached.get(name, 0)
    assert dynamics is not None
    gone = trained.dropped.setdefault(name, [])
    logged = [h for h in job.hooks[name] if h.observable.name in dynamics.measures]
    others = [h for h in job.hooks[name] if h.observable.name not in {*dynamics.measures, *gone}]
    stops = [step for step in sorted(_steps(others) | {outline.horizon}) if step >= begin]
    way = follow(dynamics, stops, np.array(sorted(_steps(logged)), dtype=np.int64), begin)
    together = {hook.clock: [h for h in logged if h.clock == hook.clock] for hook in logged}
    for reached in progress(way, outline.label or name, outline.horizon):
        trained.reached[name] = reached.step
        if reached.logged is None:
            trained.states[name] = reached.state
            before = {hook.observable.name for hook in others}
            at = reached.step, reached.state, problem.reference, sizes, drop
            found = observe(others, name, *at)
            gone += sorted(before - {hook.observable.name for hook in others})
            yield [(np.array([reached.step]), {key: x[:, None] for key, x in found.items()})]
            continue
        steps, values = reached.logged.steps, reached.logged.values
        parts: Found = []
        for hooks in together.values():
            mine = {h.observable.name: values[h.observable.name] for h in hooks}
            if len(together) > 1:  # clocks differ in what is due
                due = np.array([step in hooks[0].steps for step in steps.tolist()], dtype=bool)
                parts.append((steps[due], {key: x[:, due] for key, x in mine.items()}))
            else:
                parts.append((steps, mine))
        yield parts


def _steps(hooks: Iterable[Hook]) -> set[int]:
    """All that are due; many hooks share theirs."""
    return set().union(*{id(hook.steps): hook.steps for hook in hooks}.values())
