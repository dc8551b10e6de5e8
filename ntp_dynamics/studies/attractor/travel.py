"""Bumps on a ring on their way: the engine of every phase that moves the network itself.

Columns are R runs times the cases of a run, run after run.  What is logged is reduced from the
columns of one run alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.measure import NAMES, measured
from ntp_dynamics.studies.attractor.modes import Modes, packed, unpacked
from ntp_dynamics.studies.attractor.noise import CHUNK, Purpose, chunk_of
from ntp_dynamics.studies.attractor.stepping import BLOCK, Block, blocks
from ntp_dynamics.study import Logged, Saved

Columns = Mapping[str, Float[np.ndarray, "R case n"]]
"""Measurements of every column at the due steps, by name."""
Reduce = Callable[[Columns, Int[np.ndarray, " n"]], dict[str, np.ndarray]]
"""Observables (R, n, ...) of the columns' measurements."""


@dataclass(frozen=True)
class State:
    """Where all trajectories of a phase stand."""

    time: float
    u: Float[np.ndarray, "R case N"]
    plus: Float[np.ndarray, "R case N"]
    """u_+, as far as the kernel lets it through; likewise `minus`."""
    minus: Float[np.ndarray, "R case N"]
    position: Float[np.ndarray, "R case"]
    """Unwrapped, in degrees."""
    v: Float[np.ndarray, "R case"]

    def of(self, runs: int) -> State:
        """So many runs that stand alike, of a state of one."""
        arrays = (self.u, self.plus, self.minus, self.position, self.v)
        return State(self.time, *(np.repeat(x, runs, axis=0) for x in arrays))


@dataclass(frozen=True)
class Noise:
    """White input noise: sigma of every neuron, by runs' streams."""

    seed: int
    sigma: float
    runs: Sequence[int]
    """The numbers of the runs, which name their streams."""


@dataclass(frozen=True)
class Journey:
    """What moves the columns of a phase."""

    modes: Modes
    runs: int
    dt: float
    v: Float[np.ndarray, "C h"]
    """At every half step, or one column where it is constant."""
    measures: Sequence[str]
    reduce: Reduce
    noise: Noise | None = None
    window: int = 0
    """Steps between the marks from which displacements are counted (0: none)."""
    current: Float[np.ndarray, "N C"] | None = None
    gate: Float[np.ndarray, " h"] | None = None
    """How far input is on, at every half step."""

    @property
    def cases(self) -> int:
        """Columns a run."""
        return self.modes.columns // self.runs

    def inputs(
        self, moved: Int[np.ndarray, " 16"], start: int, stop: int
    ) -> tuple[Float[np.ndarray, "h 16"], Float[np.ndarray, " h"]]:
        """v and gate of sixteen columns from one step to another."""
        halves = 2 * (stop - start) + 1
        v = self.v[moved]
        v = v if v.shape[1] == 1 else v[:, 2 * start : 2 * stop + 1]
        gate = np.zeros(halves) if self.gate is None else self.gate[2 * start : 2 * stop + 1]
        return np.ascontiguousarray(np.broadcast_to(v, (len(moved), halves)).T), gate


@dataclass
class Travel:
    """`study.Dynamics` of the network on a ring."""

    journey: Journey
    y: Float[np.ndarray, "N+4H C"]
    position: Float[np.ndarray, " C"]
    at: int = 0
    mark: Float[np.ndarray, " C"] = field(init=False)
    """Positions at the last mark; before the first one, at the start."""
    squares: Float[np.ndarray, " C"] = field(init=False)
    """Sum of the squared displacements between marks, from the first mark on."""
    drawn: dict[int, tuple[int, Float[np.ndarray, "64 N 16"]]] = field(
        default_factory=dict, init=False, repr=False
    )
    """The noise at hand, by the first column of its block: which chunk, and its numbers."""

    def __post_init__(self) -> None:
        self.mark = self.position.copy()
        self.squares = np.zeros_like(self.position)

    @property
    def measures(self) -> Sequence[str]:
        return self.journey.measures

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        j = self.journey
        columns = j.modes.columns
        names = (*NAMES, "squares")
        found = {name: np.empty((columns, len(due))) for name in names}
        finite = np.empty((columns, len(due)), dtype=bool)
        for own, moved in blocks(columns):
            walker = _Walker(self, moved)
            kept = slice(0, own.stop - own.start)
            for i, step in enumerate(due):
                walker.go(int(step))
                v, gate = j.inputs(moved, int(step), int(step))
                now = measured(walker.block, v[0], float(gate[0]))
                for name, values in {**now.values, "squares": walker.squares}.items():
                    found[name][own, i] = values[kept]
                finite[own, i] = now.finite[kept]
            walker.go(to)
            self.y[:, own] = walker.block.y[:, kept]
            self.position[own] = walker.block.position[kept]
            self.mark[own], self.squares[own] = walker.mark[kept], walker.squares[kept]
        self.at = to
        shaped = {name: x.reshape(j.runs, j.cases, -1) for name, x in found.items()}
        whole = finite.reshape(j.runs, j.cases, -1).all(axis=1)
        return Logged(due, j.reduce(shaped, due), np.asarray(whole))

    def state(self) -> State:
        """As `Dynamics.state`."""
        j = self.journey
        shape = (j.runs, j.cases)
        full = unpacked(j.modes, self.y).transpose(0, 2, 1)
        u, plus, minus = full.reshape(3, *shape, -1)
        v = self.v_now.reshape(shape)
        place = self.position.reshape(shape).copy()
        return State(self.at * j.dt, u, plus, minus, place, v)

    @property
    def v_now(self) -> Float[np.ndarray, " C"]:
        """Speed input where it stands."""
        v = self.journey.v
        return v[:, 0] if v.shape[1] == 1 else v[:, 2 * self.at]

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        runs = self.journey.runs
        columns = {"y": self.y.T, "position": self.position}
        columns |= {"mark": self.mark, "squares": self.squares}
        shape = (runs, self.journey.cases, -1)
        shaped = {name: np.array(x, order="C").reshape(shape) for name, x in columns.items()}
        return {**shaped, "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        columns = len(self.position)
        self.y = np.ascontiguousarray(saved["y"].reshape(columns, -1).T)
        self.position = saved["position"].reshape(columns).copy()
        self.mark, self.squares = (saved[x].reshape(columns).copy() for x in ("mark", "squares"))
        self.at = int(saved["at"])


class _Walker:
    """Sixteen columns of a travel, moved from mark to mark and chunk to chunk."""

    def __init__(self, travel: Travel, moved: Int[np.ndarray, " 16"]):
        journey = self.journey = travel.journey
        self.moved, self.at = moved, travel.at
        n = journey.modes.neurons
        current = np.zeros((n, BLOCK)) if journey.current is None else journey.current[:, moved]
        y = np.ascontiguousarray(travel.y[:, moved])
        place = travel.position[moved]
        self.block = Block(journey.modes.of(moved), y, place, np.ascontiguousarray(current))
        self.mark, self.squares = travel.mark[moved], travel.squares[moved]
        self.drawn = travel.drawn

    def go(self, to: int) -> None:
        """On to a step; displacements are squared at every mark on the way."""
        window = self.journey.window
        while self.at < to:
            stops = [to]
            if window:
                stops.append(self.at - self.at % window + window)
            if self.journey.noise:
                stops.append(self.at - self.at % CHUNK + CHUNK)
            self._move(min(stops))
            if window and self.at % window == 0:
                moved = self.block.position - self.mark
                self.squares += 0.0 if self.at == window else moved**2
                self.mark = self.block.position.copy()

    def _move(self, to: int) -> None:
        v, gate = self.journey.inputs(self.moved, self.at, to)
        if self.journey.noise is None:
            self.block.forward(v, gate, self.journey.dt)
        else:
            chunk, first = divmod(self.at, CHUNK)
            noise = self._drawn(chunk, self.journey.noise)[first : first + to - self.at]
            self.block.diffuse(v, gate, self.journey.dt, noise)
        self.at = to

    def _drawn(self, chunk: int, noise: Noise) -> Float[np.ndarray, "64 N 16"]:
        """A chunk of noise of these columns: each takes its own part of what its run draws."""
        at_hand, numbers = self.drawn.get(self.moved[0], (-1, np.empty(0)))
        if chunk != at_hand:
            n, cases = self.journey.modes.neurons, self.journey.cases
            drawn = {
                run: chunk_of(noise.seed, noise.runs[run], Purpose.input_noise, chunk, (n, cases))
                for run in sorted({int(c) // cases for c in self.moved})
            }
            parts = [drawn[int(c) // cases][:, :, int(c) % cases] for c in self.moved]
            numbers = noise.sigma * np.stack(parts, axis=-1)
            self.drawn[self.moved[0]] = chunk, numbers
        return numbers


def started(
    journey: Journey, states: Float[np.ndarray, "3 N C"], places: Float[np.ndarray, " C"]
) -> Travel:
    """Trajectories from these states, whose bumps stand at these positions."""
    return Travel(journey, np.ascontiguousarray(packed(journey.modes, states)), places.copy())
