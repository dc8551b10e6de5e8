"""What a study hands over to the lab: one object, and the protocol behind it.

A study says what is drawn, how it moves, what is measured and which theorems speak of it.  The lab
configures, sweeps, records, judges, tracks and shows it, and never asks what it is about.
The R runs of a job lead every array.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from jaxtyping import Bool, Float, Int

if TYPE_CHECKING:
    import xarray

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
        return Logged(self.steps[:i], values, self.finite[:, :i], self.part)


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
    shadow: str = ""
    """The phase that it repeats by other means, for comparison; empty for none."""
    label: str = ""
    """For people; empty is its name."""
    measured: bool = True
    """Whether what it measures is judged, tracked and shown while it runs."""


@dataclass(frozen=True)
class Phase:
    """One stretch of a job: where it starts, and the engine that moves it."""

    outline: Outline
    start: Callable[[Mapping[str, Any]], Dynamics]
    """From the last states of the phases before it, by name."""
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
    residual: str | None = None
    """The scalar that tells rounding: a run counts up to where it passes 1e-3."""
    returns: tuple[str, str] | None = None
    """Phase and scalar whose last value (median over runs) a job returns to a sweeper."""

    @property
    @abstractmethod
    def config(self) -> type:
        """The dataclass of its configuration, which extends that of the lab."""

    @property
    def groups(self) -> Mapping[str, Mapping[str, type]]:
        """Its config groups: the dataclass of every choice."""
        return {}

    def check(self, config: Any) -> Sequence[Exception]:
        """Mistakes that several fields of a configuration make together."""
        return []

    def look(self, config: Any) -> None:
        """Look at the files that a job needs.  Raises UserError or UserErrors."""

    def needs(self, config: Any) -> Hashable:
        """What `look` looks at: jobs with equal needs are looked at once."""
        return None

    @abstractmethod
    def outline(self, config: Any) -> Sequence[Outline]:
        """Its phases in order, before anything is drawn."""

    @abstractmethod
    def prepare(self, config: Any) -> Problem:
        """Draw the runs of a job and solve what can be known of them.  Raises UserError."""

    @abstractmethod
    def phases(self, problem: Any) -> Sequence[Phase]:
        """Its phases in order, each with the engine that moves it."""

    @property
    @abstractmethod
    def observables(self) -> Sequence[Any]:
        """What it measures."""

    @property
    @abstractmethod
    def claims(self) -> Sequence[Any]:
        """What theorems say of it."""

    @abstractmethod
    def constants(self, problem: Any, tree: xarray.DataTree) -> Any:
        """What laws and hypotheses are made of: attributes are (S,) arrays, one value a run."""

    @property
    def views(self) -> Sequence[Any]:
        """What its pages and figures show beside curves and verdicts."""
        return []
