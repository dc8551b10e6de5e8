"""What the claims' laws are made of, as functions of a job's problem."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated.config import Directions, Method, ScheduleName, Task
from ntp_dynamics.studies.federated.theory.curves import excess, of_quadratics
from ntp_dynamics.studies.federated.theory.limits import delay_limit
from ntp_dynamics.studies.federated.theory.rate import noise_at, rate_constant, settled
from ntp_dynamics.studies.federated.theory.stability import Smoothness

if TYPE_CHECKING:
    from ntp_dynamics.studies.federated.problem import FederatedProblem


def ratios(problem: FederatedProblem) -> Float[np.ndarray, " b2"]:
    """kappa^2 by number of directions."""
    c = problem.config
    d, b2 = c.dim, np.array(c.estimator.num_directions, dtype=float)
    if problem.oracle.exact:
        return np.ones(len(b2))
    return 1 + (d + (1 if c.directions is Directions.gaussian else -1)) / b2


def has_rate(problem: FederatedProblem, task: Task) -> bool:
    """Whether a 1/t law holds."""
    c = problem.config
    smooth = task is Task.quadratic or c.directions is not Directions.coordinate
    decays = c.schedule is ScheduleName.decay and c.c > 0.5 and not c.staleness
    return decays and smooth and problem.setting(task).minimiser is not None


def scale(problem: FederatedProblem, task: Task) -> float:
    """a of eta_t = a/(t + t0)."""
    c = problem.config
    return c.c / (c.local_steps * float(problem.setting(task).eigenvalues[0]))


def rate(problem: FederatedProblem, task: Task) -> float:
    """C of (t + t0) E[F_S - F*] -> C."""
    c, setting = problem.config, problem.setting(task)
    noise = noise_at(setting.noise, problem.oracle, c.local_steps, c.participants)
    return rate_constant(setting.hessian, noise, scale(problem, task), c.local_steps)


def rate_holds_from(problem: FederatedProblem, task: Task) -> float:
    """The first round at which the start is a twentieth of C/(t + t0)."""
    c, setting = problem.config, problem.setting(task)
    start = float(setting.excess(np.zeros((1, c.dim)))[0])
    return settled(start, c.t0, c.c, rate(problem, task))


def floor(problem: FederatedProblem) -> float:
    """Stationary E[F_S - F*] of the quadratic task."""
    eta = float(problem.step_sizes(Task.quadratic)[0])
    hessian = problem.setting(Task.quadratic).hessian
    return float(excess(problem.federation.stationary(eta), hessian))


def floor_holds_from(problem: FederatedProblem) -> float:
    """10/(eta H l_min) rounds."""
    l_min = float(problem.setting(Task.quadratic).eigenvalues[0])
    eta = float(problem.step_sizes(Task.quadratic)[0])
    return 10 / (eta * problem.config.local_steps * l_min)


def smoothness(problem: FederatedProblem, task: Task, radius: float) -> Smoothness:
    """L, beta and kappa of the copies of a task that stay within a radius."""
    c, part = problem.config, problem.config.copies
    lipschitz, smooth = problem.loss(task).bounds(c.bound, c.lam, radius)
    kappa = 1.0 if c.method is Method.fedavg else math.sqrt(problem.oracle.kappa2)
    sizes = part.clients, part.samples[0], part.local_steps
    return Smoothness(float(lipschitz), smooth, kappa, *sizes)


def contracts(problem: FederatedProblem, task: Task) -> bool:
    """eta <= 2/(beta kappa^2), of the copies."""
    bounds = smoothness(problem, task, 0.0)
    return problem.config.copies.step_size <= 2 / (bounds.smooth * bounds.kappa**2)


def delay_formula(problem: FederatedProblem) -> Float[np.ndarray, " tau"]:
    """The limit of every lag in closed form."""
    largest = float(problem.setting(Task.quadratic).eigenvalues[-1])
    return np.array([delay_limit(lag, largest) for lag in problem.config.delay.lags])


def smoothing_floor(
    problem: FederatedProblem,
) -> tuple[Float[np.ndarray, " mu"], float, Float[np.ndarray, " mu"]]:
    """mu^2 times the response of the stationary moments to the source of mu = 1; how close, in
    parts of it, and of the floor itself, whose rounding is left in a difference."""
    c, setting = problem.config, problem.setting(Task.quadratic)
    maps = []
    for mu in (0.0, 1.0):
        oracle, data = replace(problem.oracle, mu=mu), setting.quadratics(problem.shift)
        maps.append(of_quadratics(data, oracle, c.local_steps, c.participants).at(c.step_size))
    source = (maps[1] - maps[0])[:-1, -1]
    response = np.append(np.linalg.solve(np.eye(len(source)) - maps[0][:-1, :-1], source), 0.0)
    size = c.dim + 1
    moments = (problem.federation.triangle.give @ response).reshape(size, size)
    value = np.array(c.bias.smoothing) ** 2 * float(excess(moments, setting.hessian))
    base = excess(problem.federation.stationary(c.step_size), setting.hessian)
    return value, 1e-8, np.full(len(value), 1e-11 * float(base))
