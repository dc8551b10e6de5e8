"""What a job draws and solves before its first step: places, paths, and what theory says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.attractor import paths, rules, size, tables
from ntp_dynamics.studies.attractor.config import AttractorConfig, PhaseName
from ntp_dynamics.studies.attractor.disordered import site_table
from ntp_dynamics.studies.attractor.kernel import PERIOD, positions
from ntp_dynamics.studies.attractor.noise import Purpose, stream
from ntp_dynamics.studies.attractor.reference import Reference

if TYPE_CHECKING:
    import xarray

HARMONICS = np.arange(1, 6)
"""Fourier modes in which the generator is compared."""


@dataclass(frozen=True)
class AttractorProblem:
    """`study.Problem` of the network on a ring; ``numbers`` are the runs it is about."""

    config: AttractorConfig
    numbers: Sequence[int]
    reference: Reference
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

    @cached_property
    def places(self) -> Float[np.ndarray, " R"]:
        """Where the bumps of a run start: somewhere within a spacing of the neurons, degrees."""
        spacing = PERIOD / self.config.network.neurons
        seed = self.config.seed
        draws = [stream(seed, run, Purpose.start).uniform(0, spacing) for run in self.numbers]
        return np.array(draws)

    @cached_property
    def speed_inputs(self) -> Float[np.ndarray, "R h"]:
        """v of the phase `path` at every half step."""
        config = self.config
        steps = math.ceil(config.path.duration / config.dt - 1e-9)
        times = np.arange(2 * steps + 1) * (config.dt / 2)
        g_v, seed = config.network.g_v, config.seed
        if self.trace is not None:
            return np.tile(self.trace.at(times), (self.runs, 1))
        return np.stack([paths.speed_input(config.path, g_v, times, seed, r) for r in self.numbers])

    @cached_property
    def commanded(self) -> Float[np.ndarray, "R steps"]:
        """int c(v) dt + b (v(t) - v(0)) at every step, degrees: Simpson's rule."""
        v, dt = self.speed_inputs, self.config.dt
        c = self.reference.wave_speed(v)
        pieces = dt / 6 * (c[:, :-2:2] + 4 * c[:, 1:-1:2] + c[:, 2::2])
        total = np.concatenate([np.zeros((len(v), 1)), np.cumsum(pieces, axis=1)], axis=1)
        return total + self.reference.lead * (v[:, ::2] - v[:, :1])

    @cached_property
    def draws(self) -> Float[np.ndarray, "R n n"]:
        """xi of the phase `disorder`."""
        n, seed = self.config.disorder.neurons, self.config.seed
        streams = [stream(seed, run, Purpose.weights) for run in self.numbers]
        return np.stack([draw.standard_normal((n, n)) for draw in streams])

    @property
    def known(self) -> AttractorProblem:
        """Claims read the problem itself."""
        return self

    @property
    def finesse(self) -> float:
        """a/dx of the configured network."""
        return self.config.network.a * self.config.network.neurons / PERIOD

    @property
    def axes(self) -> Mapping[str, int]:
        """As `Problem.axes`."""
        config = self.config
        return {
            "run": self.runs,
            "neuron": config.network.neurons,
            "w_over_wc": len(config.critical.ratios),
            "case": len(self.reference.cases),
            "tau_v": len(config.sweep.tau_v),
            "harmonic": len(HARMONICS),
            "mode": config.spectrum.modes,
            "sweep_neuron": config.sweep.neurons,
            "site": len(config.disorder.eps) * config.disorder.starts,
            "eps": len(config.disorder.eps),
            "grid": len(config.pinning.neurons),
        }

    def files(self) -> Mapping[str, str]:
        """The path that was read, if one was."""
        return {} if self.trace is None else {paths.STORED: self.trace.text}

    def tables(self) -> Mapping[str, xarray.Dataset]:
        """Coordinates of every axis by the phase that has it."""
        import xarray

        config, cases = self.config, self.reference.cases
        sizes, starts = site_table(config.disorder.eps, config.disorder.starts)
        everything = {
            PhaseName.rest: {
                "neuron": ("neuron", positions(config.network.neurons)),
                "harmonic": ("harmonic", HARMONICS),
            },
            PhaseName.critical: {"w_over_wc": ("w_over_wc", self.reference.ratios)},
            PhaseName.spectrum: {"mode": ("mode", np.arange(config.spectrum.modes) + 1)},
            PhaseName.sweep: {
                "case": ("case", np.arange(len(cases)) + 1),
                "v": ("case", cases[:, 0]),
                "delay": ("case", cases[:, 1]),
                "tau_v": ("tau_v", np.array(config.sweep.tau_v)),
                "sweep_neuron": ("sweep_neuron", positions(config.sweep.neurons)),
            },
            PhaseName.path: {"neuron": ("neuron", positions(config.network.neurons))},
            PhaseName.cue: {"neuron": ("neuron", positions(config.network.neurons))},
            PhaseName.disorder: {
                "site": ("site", np.arange(len(sizes))),
                "size": ("site", sizes),
                "start": ("site", starts),
                "eps": ("eps", np.array(config.disorder.eps)),
            },
            PhaseName.pinning: {
                "grid": ("grid", np.array(config.pinning.neurons)),
                "a_over_dx": ("grid", self.reference.finesse),
            },
        }
        kept = {
            f"/{name}": xarray.Dataset(coords=coords)
            for name, coords in everything.items()
            if name in config.phases
        }
        runs = xarray.Dataset({"place": ("run", self.places)})
        return {"/": runs, "/theory": tables.theory(self), **kept}

    def notes(self) -> Sequence[str]:
        return rules.warnings(self.config)


def prepared(
    config: AttractorConfig,
    numbers: Sequence[int] | None = None,
    trace: paths.Trace | None = None,
    disk: int = 0,
) -> AttractorProblem:
    """The problem of a job, or of some of its runs.  ``disk``: bytes of its record."""
    runs = list(range(config.runs) if numbers is None else numbers)
    problem = AttractorProblem(config, runs, Reference(config), trace, disk)
    return replace(problem, memory=size.memory(config, problem.axes, disk))
