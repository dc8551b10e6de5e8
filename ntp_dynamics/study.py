"""What a study hands over to the lab: one object, and the protocol behind it.

A study says what is drawn, how it moves, what is measured and which theorems speak of it.  The lab
configures, sweeps, records, judges, tracks and shows it, and never asks what it is about.
The R runs of a job lead every array.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.view import View

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.system.errors import UserError
    from ntp_dynamics.verdict.proved import Proofs

SHADOW = "shadow_"
"""Prefix of the name of a phase that repeats another by other means, for comparison."""
Saved = dict[str, np.ndarray]
"""Everything that `Dynamics.advance` depends on, by name."""


class Logged(NamedTuple):
    """What a dynamics measured on its way."""

    steps: Int[np.ndarray, " n"]
    values: Mapping[str, Float[np.ndarray, "R n"]]
    """By the names of observables."""
    finite: Bool[np.ndarray, "R n"]
    """Whether the state of a run was."""
    part: str = "its state"
    """What of the state that was asked of."""

    def until(self, i: int) -> Logged:
        """The first i steps."""
        values = {name: x[:, :i] for name, x in self.values.items()}
        return self._replace(steps=self.steps[:i], values=values, finite=self.finite[:, :i])


def nothing_logged(runs: int) -> Logged:
    """By a dynamics that measures nothing on its way."""
    return Logged(np.zeros(0, dtype=np.int64), {}, np.zeros((runs, 0), dtype=bool))


class NonFinite(ArithmeticError):
    """A number of the state is none any more."""

    def __init__(self, step: int, name: str):
        super().__init__(f"non-finite at step {step:,} in {name}")


class Dynamics(Protocol):
    """All runs of a phase on their way, by whatever engine.

    Where it stands, and what it measures, depends on how far it went: never on how the way was cut
    into calls, on other runs or on threads.  What is drawn inside `advance` comes from a
    counter-based stream keyed by (seed, run, purpose, step), so no generator needs saving.
    """

    @property
    def measures(self) -> Sequence[str]:
        """The observables it logs on its way; the others are measured of its state."""
        ...

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """Go on to a step; what it measures at the due steps on the way, which are increasing and
        lie after where it stands (at 0: from 0 on) up to ``to``.

        Raises NonFinite where a number of the state is none, if it can say so itself.
        """
        ...

    def state(self) -> Any:
        """What observables read, where it stands.  Raises NonFinite."""
        ...

    def save(self) -> Saved:
        """Everything that `advance` depends on: compensation and optimiser memory too."""
        ...

    def load(self, saved: Saved) -> None:
        """Stand where a dynamics of the same phase stood when it was saved."""
        ...


@dataclass(frozen=True)
class Outline:
    """A phase as the configuration alone tells it."""

    name: str
    """Of its group in the trajectory."""
    horizon: int
    """Its last step."""
    clock: str = "step"
    """What its steps are called: step, round, pull, time, ..."""
    unit: float = 1.0
    """What one step is on that clock: the clock reads ``unit`` times the step."""
    clock_unit: str = ""
    """What the clock counts in, where that has a name: tau, ms, queries, ..."""
    label: str = ""
    """For people; empty is its name."""

    @property
    def unit_name(self) -> str:
        """What the clock counts: its unit, else itself."""
        return self.clock_unit or self.clock

    @property
    def shadow(self) -> str:
        """The phase that it repeats; empty for none."""
        return self.name.removeprefix(SHADOW) if self.name.startswith(SHADOW) else ""


@dataclass(frozen=True)
class Phase:
    """One stretch of a job: where it starts, and the engine that moves it."""

    outline: Outline
    start: Callable[[Mapping[str, Any]], Dynamics]
    """From the last states of the phases before it, by name."""
    rehearse: Callable[[], Any] | None = None
    """A state like that of its step 0 without the phases before it; None: it needs none."""
    frozen: Callable[[Any], Mapping[str, Any]] = lambda state: {}
    """Of a state: what stays as it is during the phase and is recorded once, as xarray takes it."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of its group in the record."""
    engine: str = ""
    """Which engine moves it, and why not a faster one."""
    alone: bool = False
    """It holds the interpreter: other jobs of the process gain nothing beside it."""


class Problem(Protocol):
    """What was drawn for a job and solved before its first step.  Immutable."""

    @property
    def axes(self) -> Mapping[str, int]:
        """Length of each axis of the record but its clocks; `run` is one of them."""
        ...

    @property
    def reference(self) -> Any:
        """What observables compare a state with."""
        ...

    @property
    def known(self) -> Any:
        """What constants of claims are made of, beside what was recorded."""
        ...

    @property
    def disk(self) -> int:
        """Bytes of the trajectory."""
        ...

    @property
    def memory(self) -> float:
        """About how many bytes a job takes at its peak, beside Python and its libraries."""
        ...

    def files(self) -> Mapping[str, str]:
        """The inputs, byte-exact, by their path in the record."""
        ...

    def tables(self) -> Mapping[str, xarray.Dataset]:
        """What is known before the first step, by group: "/" for coordinates of the runs."""
        ...

    def notes(self) -> Sequence[str]:
        """What a reader of the verdicts should know of the data."""
        ...


class Study(ABC):
    """A study.  Methods import what they need: asking for a configuration loads no tensors."""

    name: str
    """As in `study=NAME`."""
    title: str
    """For people."""
    stages: tuple[str, ...]
    """The phases that its jobs can have, in the order in which tables name them."""
    residual: str | None = None
    """The scalar that tells rounding: a run counts up to where it passes 1e-3."""
    reserved: tuple[str, ...] = ()
    """Names in the groups of its phases that are no observable's."""
    returns: tuple[str, str] | None = None
    """Phase and scalar whose last value, over its runs, a job returns to a sweeper."""
    clocks: Mapping[str, str] = MappingProxyType({})
    """Scalars that jobs can be compared along, beside the clock of a phase, and their names."""
    headline: str = ""
    """How the names of its main theorem's claims begin."""

    trains: bool = True
    """Whether the lab moves its jobs; else it records loops of others, and no job can be asked
    for."""

    devices: tuple[str, ...] = ("cpu",)
    """What its jobs can be trained by (`runtime.device`)."""

    smoke: tuple[str, ...] = ()
    """Overrides of a job of a second: the questions put to every study are asked of it."""
    smoke_more: tuple[tuple[str, ...], ...] = ()
    """Overrides of other jobs: together every claim applies in one of them."""

    config_dir: Path | None = None
    """Its config files, where the lab does not hold them: `study/<name>.yaml` and its groups."""

    @property
    @abstractmethod
    def config(self) -> type:
        """The dataclass of its configuration, which extends that of the lab."""

    @property
    def groups(self) -> Mapping[str, Mapping[str, type]]:
        """Its config groups: the dataclass of every choice."""
        return {}

    def check(self, config: Any) -> Sequence[UserError]:
        """Mistakes that several fields of a configuration make together."""
        return []

    def look(self, config: Any) -> None:  # noqa: B027 - most studies need no files
        """Look at the files that a job needs.  Raises UserError or UserErrors."""

    def needs(self, config: Any) -> Hashable:
        """What `look` looks at: jobs with equal needs are looked at once."""
        return None

    def modules(self, config: Any) -> Sequence[str]:
        """What its jobs import, in the order in which it is best loaded."""
        return []

    @abstractmethod
    def outline(self, config: Any) -> Sequence[Outline]:
        """Its phases in order, before anything is drawn."""

    @abstractmethod
    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Problem:
        """Draw the runs of a job and solve what can be known of them.

        ``hooks`` (what will be measured, by phase) tell how large the record will be.  Raises
        UserError, also for a job that does not fit in memory.
        """

    def measured(self, problem: Any, hooks: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
        """Those of the hooks that a problem can bear; by default all."""
        return hooks

    @abstractmethod
    def phases(self, problem: Any) -> Sequence[Phase]:
        """Its phases in order, each with the engine that moves it."""

    @property
    @abstractmethod
    def observables(self) -> Sequence[Any]:
        """What it measures."""

    def observables_of(self, config: Any) -> Sequence[Any]:
        """Those that a job measures; by default all."""
        return self.observables

    @property
    @abstractmethod
    def claims(self) -> Sequence[Any]:
        """What theorems say of it."""

    def claims_of(self, config: Any) -> Sequence[Any]:
        """Those that a job is held against; by default all, each with its hypotheses."""
        return self.claims

    @abstractmethod
    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        """The inputs of a record, read back: attributes of `Record` by name.

        Raises OSError, ValueError and their like where a file is damaged.
        """

    def held(self, problem: Any) -> Mapping[str, Any] | None:
        """What `inputs` would read back, where a problem holds it; None where it does not."""
        return None

    @abstractmethod
    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        """`Problem.known` of a record, solved anew."""

    @abstractmethod
    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        """What laws and hypotheses are made of: attributes are (S,) arrays, one value a run."""

    def proofs(self, known: Any, tree: xarray.DataTree, constants: Any) -> Proofs | None:
        """What recorded states prove of every later step; None where nothing was asked for."""
        return None

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        """A job in a few words, its size first."""
        return []

    def sheets(
        self, tree: xarray.DataTree, inputs: Mapping[str, Any], which: Any, title: str
    ) -> Iterator[Any]:
        """Figures beside those of quantities and claims (`draw.sheets.Sheet`)."""
        return iter(())

    @property
    def views(self) -> Sequence[View]:
        """What its pages show beside curves and verdicts."""
        return []
