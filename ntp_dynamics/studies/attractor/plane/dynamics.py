"""Bumps on a torus on their way: Runge-Kutta without noise, Euler-Maruyama with it.

A case is a network, with a batch of R runs times W walkers of its own.  Products are matrix by
matrix and sums field by field, so that the bits of a run do not depend on the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.integrate import euler, runge_kutta
from ntp_dynamics.studies.attractor.noise import CHUNK, Purpose, chunk_of
from ntp_dynamics.studies.attractor.torus import VECTORS, Torus, decoded, slope
from ntp_dynamics.study import Logged, Saved

Measured = Mapping[str, Float[np.ndarray, "case B n ..."]]
"""`u_peak`, and with two axes last `position` and `squares`, at the due steps."""
Reduce = Callable[[Measured, Int[np.ndarray, " n"]], dict[str, np.ndarray]]


@dataclass(frozen=True)
class PlaneNoise:
    """White input noise: sigma of every neuron, by runs' streams."""

    seed: int
    sigma: float
    runs: Sequence[int]


@dataclass(frozen=True)
class PlaneJourney:
    """What moves the fields of a phase."""

    cases: Sequence[Torus]
    runs: int
    dt: float
    measures: Sequence[str]
    reduce: Reduce
    v: Float[np.ndarray, "R 2 h"] | None = None
    """At every half step; None is rest."""
    noise: PlaneNoise | None = None
    window: int = 0
    """Steps between the marks from which displacements are counted (0: none)."""


@dataclass(frozen=True)
class PlaneState:
    """Where all bumps stand."""

    time: float
    u: Float[np.ndarray, "R case W n n"]
    position: Float[np.ndarray, "R case W 2"]
    """Unwrapped, degrees."""

    def of(self, runs: int) -> PlaneState:
        """So many runs that stand alike, of a state of one."""
        return PlaneState(self.time, *(np.repeat(x, runs, axis=0) for x in (self.u, self.position)))


@dataclass
class PlaneTravel:
    """`study.Dynamics` of the network on a torus."""

    journey: PlaneJourney
    y: Float[np.ndarray, "case P B n n"]
    """u, and the speed populations where there are any; B = runs x walkers."""
    at: int = 0
    place: Float[np.ndarray, "case B 2"] = field(init=False)
    mark: Float[np.ndarray, "case B 2"] = field(init=False)
    squares: Float[np.ndarray, "case B 2"] = field(init=False)

    def __post_init__(self) -> None:
        cases = self.journey.cases
        places = [decoded(t, u) for t, u in zip(cases, self.y[:, 0], strict=True)]
        self.place = np.stack(places)
        self.mark, self.squares = self.place.copy(), np.zeros_like(self.place)

    @property
    def measures(self) -> Sequence[str]:
        return self.journey.measures

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        cases, batch, n = len(self.journey.cases), self.y.shape[2], len(due)
        peak, finite = np.empty((cases, batch, n)), np.empty((cases, batch, n), dtype=bool)
        place, squares = (np.empty((cases, batch, n, 2)) for _ in range(2))
        for i, step in enumerate(due):
            self._go(int(step))
            peak[:, :, i] = self.y[:, 0].max(axis=(-2, -1))
            finite[:, :, i] = np.isfinite(self.y).all(axis=(1, 3, 4))
            place[:, :, i], squares[:, :, i] = self.place, self.squares
        self._go(to)
        values = {"u_peak": peak, "position": place, "squares": squares}
        runs = self.journey.runs
        whole = finite.reshape(cases, runs, batch // runs, n).all(axis=(0, 2))
        return Logged(due, self.journey.reduce(values, due), np.asarray(whole))

    def _go(self, to: int) -> None:
        j = self.journey
        while self.at < to:
            noise = self._noise() if j.noise else [0.0] * len(j.cases)
            for i, torus in enumerate(j.cases):
                self.y[i] = self._stepped(torus, self.y[i], noise[i])
                ahead = decoded(torus, self.y[i, 0]) - self.place[i]
                vectors = VECTORS[torus.lattice]
                turns = np.round(ahead @ np.linalg.inv(vectors))
                self.place[i] += ahead - turns @ vectors
            self.at += 1
            if j.window and self.at % j.window == 0:
                moved = (self.place - self.mark) ** 2
                self.squares += 0.0 if self.at == j.window else moved
                self.mark = self.place.copy()

    def _stepped(self, torus: Torus, y: np.ndarray, noise: np.ndarray | float) -> np.ndarray:
        j = self.journey
        if j.noise is not None:
            kick = np.zeros_like(y)
            kick[0] = noise
            return euler(lambda h, _: slope(torus, h), y, 0.0, j.dt, kick)
        inputs = j.v

        def force(h: np.ndarray, t: float) -> np.ndarray:
            v = None if inputs is None else inputs[:, :, 2 * self.at + round(2 * t / j.dt)]
            return slope(torus, h, v)

        return runge_kutta(force, y, 0.0, j.dt)

    def _noise(self) -> np.ndarray:
        """Of this step: (case, B, n, n)."""
        noise = self.journey.noise
        assert noise is not None
        chunk, first = divmod(self.at, CHUNK)
        cases, _, batch, n, _ = self.y.shape
        if self._drawn[0] != chunk:
            shape = (cases, batch // self.journey.runs, n, n)
            parts = [
                chunk_of(noise.seed, run, Purpose.input_noise, chunk, shape) for run in noise.runs
            ]
            self._drawn = (chunk, noise.sigma * np.concatenate(parts, axis=2))
        return self._drawn[1][first]

    _drawn: tuple[int, np.ndarray] = field(default=(-1, np.empty(0)), init=False, repr=False)

    def state(self) -> PlaneState:
        """As `Dynamics.state`."""
        cases, _, _, n, _ = self.y.shape
        runs = self.journey.runs
        u = np.moveaxis(self.y[:, 0].reshape(cases, runs, -1, n, n), 0, 1)
        place = np.moveaxis(self.place.reshape(cases, runs, -1, 2), 0, 1)
        return PlaneState(self.at * self.journey.dt, u.copy(), place.copy())

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        named = {"y": np.moveaxis(self.y, 2, 0)}
        for name in ("place", "mark", "squares"):
            named[name] = np.moveaxis(getattr(self, name), 1, 0)
        runs = self.journey.runs
        shaped = {
            k: np.array(x, order="C").reshape(runs, -1, *x.shape[1:]) for k, x in named.items()
        }
        return {**shaped, "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        flat = {k: x.reshape(-1, *x.shape[2:]) for k, x in saved.items() if x.ndim}
        self.y = np.array(np.moveaxis(flat["y"], 0, 2), order="C")
        self.place, self.mark, self.squares = (
            np.array(np.moveaxis(flat[k], 0, 1), order="C") for k in ("place", "mark", "squares")
        )
        self.at = int(saved["at"])
