"""What a job on a torus solves before its first step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor import paths, rules, size
from ntp_dynamics.studies.attractor.config import AttractorConfig, PhaseName, on_torus
from ntp_dynamics.studies.attractor.noise import Purpose, stream
from ntp_dynamics.studies.attractor.plane import tables
from ntp_dynamics.studies.attractor.theory import diffusion
from ntp_dynamics.studies.attractor.theory import torus as theory
from ntp_dynamics.studies.attractor.torus import Torus, tuned

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class PlaneProblem:
    """`study.Problem` of the network on a torus; ``numbers`` are the runs it is about."""

    config: AttractorConfig
    numbers: Sequence[int]
    trace: paths.Trace | None = None
    """The path that was read, if one was."""
    disk: int = 0
    memory: float = 0.0
    recorded: frozenset[str] = frozenset()
    """Phases that claims can be about."""

    @property
    def runs(self) -> int:
        """R."""
        return len(self.numbers)

    @property
    def reference(self) -> PlaneProblem:
        """It knows its own theory."""
        return self

    def network(self, side: int, *, loop: bool, w_over_wc: float | None = None) -> Torus:
        """The configured network with another number of neurons, its speed loop on or off."""
        n = self.config.network
        ratio = n.w_over_wc if w_over_wc is None else w_over_wc
        shape = {"a": n.a, "k": n.k, "delta": n.delta, "g_v": n.g_v, "w_vs": n.w_vs}
        gain = n.gain if loop else 0.0
        return tuned(side, ratio, gain, tau_v=n.tau_v, lattice=n.lattice, **shape)

    @cached_property
    def torus(self) -> Torus:
        """The configured network."""
        return self.network(self.config.network.neurons, loop=True)

    @cached_property
    def weighted(self) -> list[Torus]:
        """The networks around the threshold, speed loop off."""
        n = self.config.network.neurons
        return [self.network(n, loop=False, w_over_wc=x) for x in self.config.critical.ratios]

    def heights(self, *, stable: bool = True) -> Float[np.ndarray, " W"]:
        """U of each of them, nan below the threshold."""
        found = [theory.height(t.w_r, t.a, t.k, t.rho, stable=stable) for t in self.weighted]
        return np.array(found)

    @cached_property
    def noisy(self) -> Torus:
        """The network of the phase with input noise, speed loop off."""
        return self.network(self.config.diffusion.neurons, loop=False)

    @cached_property
    def noise(self) -> float:
        """sigma in units of u."""
        t = self.noisy
        return self.config.diffusion.sigma * theory.height(t.w_r, t.a, t.k, t.rho)

    @cached_property
    def diffusivity(self) -> float:
        """Var x/t of each axis, closed form."""
        t = self.noisy
        top = theory.height(t.w_r, t.a, t.k, t.rho)
        return diffusion.by_input_closed_2d(t.rho, top, self.noise)

    @cached_property
    def directions(self) -> Float[np.ndarray, " R"]:
        """Of the paths, degrees from the x axis; that of a file is along it."""
        if self.trace is not None:
            return np.zeros(self.runs)
        draws = [stream(self.config.seed, run, Purpose.path, 1) for run in self.numbers]
        return np.array([draw.uniform(0, 360) for draw in draws])

    @cached_property
    def speed_inputs(self) -> Float[np.ndarray, "R 2 h"]:
        """v of the phase `path` at every half step, each run along a direction of its own."""
        config = self.config
        steps = math.ceil(config.path.duration / config.dt - 1e-9)
        times = np.arange(2 * steps + 1) * (config.dt / 2)
        g_v, seed = config.network.g_v, config.seed
        found = []
        for run, turn in zip(self.numbers, np.radians(self.directions), strict=True):
            x = (
                self.trace.at(times)
                if self.trace
                else paths.speed_input(config.path, g_v, times, seed, run)
            )
            found.append(np.stack([math.cos(turn) * x, math.sin(turn) * x]))
        return np.stack(found)

    @property
    def known(self) -> PlaneProblem:
        """Claims read the problem itself."""
        return self

    @property
    def axes(self) -> Mapping[str, int]:
        config = self.config
        return {
            "run": self.runs,
            "axis": 2,
            "row": config.network.neurons,
            "column": config.network.neurons,
            "w_over_wc": len(config.critical.ratios),
            "mode": config.spectrum.modes,
        }

    def files(self) -> Mapping[str, str]:
        """The path that was read, if one was."""
        return {} if self.trace is None else {paths.STORED: self.trace.text}

    def tables(self) -> Mapping[str, xarray.Dataset]:
        """Coordinates of every axis by the phase that has it."""
        import xarray

        config = self.config
        everything = {
            PhaseName.critical: {"w_over_wc": ("w_over_wc", np.array(config.critical.ratios))},
            PhaseName.spectrum: {"mode": ("mode", np.arange(config.spectrum.modes) + 1)},
        }
        kept = {f"/{on_torus(k)}": c for k, c in everything.items() if k in config.phases}
        return {
            "/": xarray.Dataset({"direction": ("run", self.directions)}),
            "/theory": tables.theory(self),
            **{k: xarray.Dataset(coords=c) for k, c in kept.items()},
        }

    def notes(self) -> Sequence[str]:
        return rules.warnings(self.config)


def prepared(
    config: AttractorConfig,
    numbers: Sequence[int] | None = None,
    trace: paths.Trace | None = None,
    disk: int = 0,
) -> PlaneProblem:
    """The problem of a job, or of some of its runs.  ``disk``: bytes of its record."""
    runs = list(range(config.runs) if numbers is None else numbers)
    problem = PlaneProblem(config, runs, trace, disk)
    return replace(problem, memory=size.memory(config, problem.axes, disk))
