"""The phases of a job on a torus: threshold, spectrum, path and diffusion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.attractor.alike import Alike
from ntp_dynamics.studies.attractor.config import PhaseName, on_torus
from ntp_dynamics.studies.attractor.noise import mean_of_walkers
from ntp_dynamics.studies.attractor.outline import outlines
from ntp_dynamics.studies.attractor.phases import START, SURVIVES
from ntp_dynamics.studies.attractor.plane.dynamics import (
    Measured,
    PlaneJourney,
    PlaneNoise,
    PlaneState,
    PlaneTravel,
)
from ntp_dynamics.studies.attractor.plane.observables import AXES
from ntp_dynamics.studies.attractor.plane.problem import PlaneProblem
from ntp_dynamics.studies.attractor.plane.relaxation import PlaneRelaxation
from ntp_dynamics.studies.attractor.theory import torus as theory
from ntp_dynamics.studies.attractor.torus import critical_weight, rates
from ntp_dynamics.study import Dynamics, Phase


def phases(problem: PlaneProblem) -> list[Phase]:
    """The phases of `attractor.phases.outlines`, ready to start."""
    made = []
    for outline in outlines(problem.config):
        build = BUILDERS[outline.name]
        made.append(Phase(outline, lambda _, b=build: b(problem)))
    return made


def _critical(problem: PlaneProblem) -> Alike:
    cases = problem.weighted
    tops = []
    for t in cases:
        w = critical_weight(t.a, t.k, t.rho)
        tops.append(theory.height(w, t.a, t.k, t.rho))
    threshold = np.array(tops)

    def reduce(found: Measured, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        peaks = np.moveaxis(found["u_peak"], 0, 2)
        return {"u_peak": peaks, "survives": (peaks > SURVIVES * threshold).astype(float)}

    y = np.stack([theory.profile(t, START)[None, None] for t in cases])
    journey = PlaneJourney(cases, 1, problem.config.dt, ("u_peak", "survives"), reduce)
    return Alike(PlaneTravel(journey, y), problem.runs, PlaneState.of)


def _path(problem: PlaneProblem) -> PlaneTravel:
    torus, runs, v = problem.torus, problem.runs, problem.speed_inputs

    def reduce(found: Measured, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        inputs = np.moveaxis(v[:, :, 2 * due], 1, 2)
        return {"position": found["position"][0], "speed_input": inputs}

    u = theory.fixed_point(torus)
    rest = np.stack([u, *[torus.w_vs * rates(u, torus.k)] * 4])
    y = np.repeat(rest[None, :, None], runs, axis=2)
    names = ("position", "speed_input")
    return PlaneTravel(PlaneJourney([torus], runs, problem.config.dt, names, reduce, v), y)


def _diffusion(problem: PlaneProblem) -> PlaneTravel:
    config, torus, runs = problem.config, problem.noisy, problem.runs
    dt, walkers = config.noise_dt, config.diffusion.walkers
    window = max(1, round(config.diffusion.window / dt))

    def reduce(found: Measured, due: Int[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        counted = (np.maximum(due // window - 1, 0) * window * dt)[:, None]
        squares = mean_of_walkers(found["squares"][0].reshape(runs, walkers, len(due), 2))
        away = found["position"][0].reshape(runs, walkers, len(due), 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.where(counted > 0, squares / counted, np.nan)
        split = {f"diffusivity_{axis}": rate[..., i] for i, axis in enumerate(AXES)}
        return {**split, "square_displacement": mean_of_walkers((away**2).sum(axis=-1))}

    y = np.tile(theory.fixed_point(torus), (1, 1, runs * walkers, 1, 1))
    noise = PlaneNoise(config.seed, problem.noise, problem.numbers)
    names = (*(f"diffusivity_{axis}" for axis in AXES), "square_displacement")
    journey = PlaneJourney([torus], runs, dt, names, reduce, None, noise, window)
    return PlaneTravel(journey, y)


def _spectrum(problem: PlaneProblem) -> PlaneRelaxation:
    torus = problem.network(problem.config.spectrum.neurons, loop=False)
    return PlaneRelaxation(torus, problem.runs, theory.profile(torus))


BUILDERS: dict[str, Callable[[PlaneProblem], Dynamics]] = {
    on_torus(PhaseName.critical): _critical,
    on_torus(PhaseName.spectrum): _spectrum,
    on_torus(PhaseName.path): _path,
    on_torus(PhaseName.diffusion): _diffusion,
}
