"""The phases of a job on a ring: where each starts, what moves it, what it logs.

Clocks count tau (one step is dt), but for `spectrum` and `pinning`, whose steps are iterations.
Every run starts its bumps at a place of its own between two neurons.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.attractor.alike import Alike
from ntp_dynamics.studies.attractor.config import PhaseName
from ntp_dynamics.studies.attractor.disordered import Disordered, Fields, starts_of
from ntp_dynamics.studies.attractor.kernel import translated
from ntp_dynamics.studies.attractor.modes import modes_of
from ntp_dynamics.studies.attractor.noise import mean_of_walkers
from ntp_dynamics.studies.attractor.outline import outlines
from ntp_dynamics.studies.attractor.problem import AttractorProblem
from ntp_dynamics.studies.attractor.relaxation import Relaxation, Relaxed
from ntp_dynamics.studies.attractor.ring import Ring
from ntp_dynamics.studies.attractor.theory import bump, null_vector
from ntp_dynamics.studies.attractor.travel import (
    Columns,
    Journey,
    Noise,
    State,
    Travel,
    started,
)
from ntp_dynamics.study import Dynamics, Phase

START = 1.3
"""Of U, where bumps of the phase `critical` start."""
SURVIVES = 1e-3
"""Of U at the threshold: a bump lower than this has died."""


def phases(problem: AttractorProblem) -> list[Phase]:
    """The same, ready to start."""
    made = []
    for outline in outlines(problem.config):
        build = BUILDERS[PhaseName(outline.name)]
        made.append(Phase(outline, lambda _, b=build, h=outline.horizon: b(problem, h)))
    return made


def _shifted(states: Float[np.ndarray, "3 N"], s: float) -> Float[np.ndarray, "3 N"]:
    return translated(states.T, s).T


def _first(columns: Columns, *names: str) -> dict[str, Float[np.ndarray, "R n"]]:
    """Measurements of phases with one case a run."""
    return {name: columns[name][:, 0] for name in names}


def _rest(problem: AttractorProblem, horizon: int) -> Travel:
    reference, places = problem.reference, problem.places
    names = ("position", "drift", "amplitude", "width", "u_peak")

    def reduce(columns: Columns, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        drift = columns["position"][:, 0] - places[:, None]
        return {**_first(columns, "position", "amplitude", "width", "u_peak"), "drift": drift}

    states = np.stack([_shifted(reference.rest, s) for s in places], axis=-1)
    modes = modes_of([reference.ring] * problem.runs)
    still = np.zeros((problem.runs, 1))
    journey = Journey(modes, problem.runs, problem.config.dt, still, names, reduce)
    return started(journey, states, places)


def _critical(problem: AttractorProblem, horizon: int) -> Alike:
    rings = problem.reference.weighted
    threshold = np.array([_threshold_height(ring) for ring in rings])

    def reduce(columns: Columns, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        peaks = np.moveaxis(columns["u_peak"], 1, 2)
        return {"u_peak": peaks, "survives": (peaks > SURVIVES * threshold).astype(float)}

    profiles = [bump.profile(ring, START) for ring in rings]
    zeros = np.zeros((2, rings[0].neurons))
    u = np.stack([np.vstack([x[None], zeros]) for x in profiles], axis=-1)
    still, names = np.zeros((len(rings), 1)), ("u_peak", "survives")
    journey = Journey(modes_of(rings), 1, problem.config.dt, still, names, reduce)
    one = started(journey, u, np.zeros(len(rings)))
    return Alike(one, problem.runs, State.of)


def _threshold_height(ring: Ring) -> float:
    """U where w = w_c."""
    w = bump.critical_weight(ring.a, ring.k, ring.rho)
    return bump.height(w, ring.a, ring.k, ring.rho)


def _sweep(problem: AttractorProblem, horizon: int) -> Travel:
    reference, runs = problem.reference, problem.runs
    cases, delays = reference.cases, len(reference.delayed)
    v, slowest = cases[:, 0], len(cases) // delays

    def reduce(columns: Columns, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        by_case = {name: np.moveaxis(columns[name], 1, 2) for name in SWEPT}
        gains = by_case["speed"][:, :, ::slowest] / v[::slowest]
        return {**by_case, "gain": gains}

    rings = [ring for ring in reference.delayed for _ in range(slowest)]
    places = np.repeat(problem.places, len(cases))
    ring = reference.delayed[0]
    rest = null_vector.rest(ring, bump.fixed_point(ring))
    states = [_shifted(rest, s) for s in problem.places]
    every = np.stack([state for state in states for _ in cases], axis=-1)
    inputs = np.tile(v, runs)[:, None]
    measures = (*SWEPT, "gain")
    dt = problem.config.sweep.dt
    journey = Journey(modes_of(rings * runs), runs, dt, inputs, measures, reduce)
    return started(journey, every, places)


SWEPT = ("position", "speed", "u_peak", "width")
"""Logged of every case of the phase `sweep`."""


def _path(problem: AttractorProblem, horizon: int) -> Travel:
    reference, places = problem.reference, problem.places
    v = problem.speed_inputs
    commanded = problem.commanded

    def reduce(columns: Columns, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        moved = columns["position"][:, 0] - places[:, None]
        expected = commanded[:, due]
        return {
            **_first(columns, "position", "speed", "u_peak"),
            "speed_input": v[:, 2 * due],
            "commanded": places[:, None] + expected,
            "integration_error": moved - expected,
        }

    names = ("position", "speed", "u_peak", "speed_input", "commanded", "integration_error")
    first = {float(x): reference.travelling(float(x)) for x in v[:, 0]}
    moving = [_shifted(first[float(x)], s) for x, s in zip(v[:, 0], places, strict=True)]
    states = np.stack(moving, axis=-1)
    modes = modes_of([reference.ring] * problem.runs)
    journey = Journey(modes, problem.runs, problem.config.dt, v, names, reduce)
    return started(journey, states, places)


def _cue(problem: AttractorProblem, horizon: int) -> Travel:
    config, reference, places = problem.config, problem.reference, problem.places
    part, dt = config.cue, config.dt
    cued = places + part.distance
    gate = (np.arange(2 * horizon + 1) * (dt / 2) < part.on - 1e-9).astype(float)

    def reduce(columns: Columns, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        away = cued[:, None] - columns["position"][:, 0]
        every = np.tile(gate[2 * due], (problem.runs, 1))
        near = {"distance": (away + 180) % 360 - 180, "input": every}
        return {**_first(columns, "position", "u_peak"), **near}

    states = np.stack([_shifted(reference.rest, s) for s in places], axis=-1)
    current = np.stack([part.strength * translated(reference.u, s) for s in cued], axis=-1)
    modes, still = modes_of([reference.ring] * problem.runs), np.zeros((problem.runs, 1))
    names = ("position", "u_peak", "distance", "input")
    journey = Journey(modes, problem.runs, dt, still, names, reduce, current=current, gate=gate)
    return started(journey, states, places)


def _diffusion(problem: AttractorProblem, horizon: int) -> Travel:
    config, reference, runs = problem.config, problem.reference, problem.runs
    ring, walkers, dt = reference.noisy, config.diffusion.walkers, config.noise_dt
    window = max(1, round(config.diffusion.window / dt))

    def reduce(columns: Columns, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        counted = (np.maximum(due // window - 1, 0)) * window * dt
        squares = mean_of_walkers(columns["squares"])
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.where(counted > 0, squares / counted, np.nan)
        away = columns["position"] - problem.places[:, None, None]
        return {"diffusivity": rate, "square_displacement": mean_of_walkers(away**2)}

    u = bump.fixed_point(ring)
    states = [_shifted(null_vector.rest(ring, u), s) for s in problem.places]
    every = np.stack([state for state in states for _ in range(walkers)], axis=-1)
    still = np.zeros((runs * walkers, 1))
    noise = Noise(config.seed, reference.noise, problem.numbers)
    measures = ("diffusivity", "square_displacement")
    modes = modes_of([ring] * (runs * walkers))
    journey = Journey(modes, runs, dt, still, measures, reduce, noise, window)
    return started(journey, every, np.repeat(problem.places, walkers))


def _disorder(problem: AttractorProblem, horizon: int) -> Disordered:
    part, ring = problem.config.disorder, problem.reference.disordered
    start = starts_of(ring, part.starts)
    u = np.broadcast_to(start, (problem.runs, len(part.eps), *start.shape)).copy()
    return Disordered(Fields(ring, problem.draws), part.eps, problem.config.dt, u)


def _relaxation(rings: list[Ring], problem: AttractorProblem) -> Alike:
    one = Relaxation(rings, [bump.profile(ring)[None] for ring in rings])
    return Alike(one, problem.runs, Relaxed.of)


def _spectrum(problem: AttractorProblem, horizon: int) -> Alike:
    n = problem.config.spectrum.neurons
    return _relaxation([problem.reference.network(n, loop=False)], problem)


def _pinning(problem: AttractorProblem, horizon: int) -> Alike:
    return _relaxation(problem.reference.coarse, problem)


BUILDERS: dict[PhaseName, Callable[[AttractorProblem, int], Dynamics]] = {
    PhaseName.rest: _rest,
    PhaseName.critical: _critical,
    PhaseName.spectrum: _spectrum,
    PhaseName.sweep: _sweep,
    PhaseName.path: _path,
    PhaseName.cue: _cue,
    PhaseName.diffusion: _diffusion,
    PhaseName.disorder: _disorder,
    PhaseName.pinning: _pinning,
}
