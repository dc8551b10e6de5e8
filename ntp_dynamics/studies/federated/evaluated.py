"""What is computed of the quadratic task and not run: observables of evaluated phases, one run's.

Axes: b2_limit, H, ratio (limit); tau (delay); mu (bias); theta (tails); cell (budget).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize_scalar

from ntp_dynamics.studies.federated.config import FederatedConfig, PhaseName, Task
from ntp_dynamics.studies.federated.theory.curves import Rounds, excess, of_quadratics, path
from ntp_dynamics.studies.federated.theory.estimator import Oracle, weibull_power
from ntp_dynamics.studies.federated.theory.limits import (
    delayed_radius,
    limit_of,
    mean_square_limit,
)
from ntp_dynamics.studies.federated.theory.moments import LocalStep

if TYPE_CHECKING:
    from ntp_dynamics.studies.federated.problem import FederatedProblem

Values = dict[str, np.ndarray]


def equal_clients(problem: FederatedProblem, b2: int) -> tuple[Oracle, Rounds]:
    """N clients with the Hessian of F_S and no noise, one local step, b2 directions."""
    config, hessian = problem.config, problem.setting(Task.quadratic).hessian
    oracle = replace(problem.oracle, num_directions=b2, mu=0.0, noise_power=0.0)
    whole = np.concatenate([hessian, np.zeros((config.dim, 1))], axis=1)
    gradients = np.tile(whole, (config.clients, 1, 1, 1))
    return oracle, Rounds(LocalStep(oracle, gradients, gradients), 1, config.participants)


def limit_formula(problem: FederatedProblem) -> Float[np.ndarray, " b2_limit"]:
    """eta_ms in closed form, by number of directions."""
    eigenvalues, m = problem.setting(Task.quadratic).eigenvalues, problem.config.participants
    oracles = [
        replace(problem.oracle, num_directions=b2) for b2 in problem.config.limit.num_directions
    ]
    return np.array([mean_square_limit(eigenvalues, oracle, m) for oracle in oracles])


def limit(problem: FederatedProblem) -> Values:
    """Where the spectral radius of the exact map passes 1, and the radius around that."""
    part = problem.config.limit
    guesses = limit_formula(problem)
    found = [
        limit_of(equal_clients(problem, b2)[1].radius, guess / 2)
        for b2, guess in zip(part.num_directions, guesses, strict=True)
    ]
    eta = step_sizes_around(problem)
    federations = [replace(problem.federation, local_steps=h) for h in part.local_steps]
    own = [
        limit_of(f.radius, eta[-1] / h) for f, h in zip(federations, part.local_steps, strict=True)
    ]
    radii = [[f.radius(e) for e in eta] for f in federations]
    return {
        "ms_limit": np.array(found),
        "ms_limit_own": np.array(own),
        "ms_radius": np.array(radii),
    }


def step_sizes_around(problem: FederatedProblem) -> Float[np.ndarray, " ratio"]:
    """eta of the map of radii."""
    eigenvalues = problem.setting(Task.quadratic).eigenvalues
    alone = mean_square_limit(eigenvalues, problem.oracle, problem.config.participants)
    return np.array(problem.config.limit.ratios) * alone


def delay(problem: FederatedProblem) -> Values:
    """Where the mean of delayed descent on F_S stops contracting."""
    eigenvalues = problem.setting(Task.quadratic).eigenvalues
    found = [
        limit_of(lambda eta, lag=lag: delayed_radius(eta, lag, eigenvalues), 0.5 / eigenvalues[-1])
        for lag in problem.config.delay.lags
    ]
    return {"delay_limit": np.array(found)}


def floor_of(problem: FederatedProblem, oracle: Oracle) -> float:
    """E[F_S - F*] at t -> infinity at the constant step size, with another oracle."""
    config, setting = problem.config, problem.setting(Task.quadratic)
    data = setting.quadratics(problem.shift)
    federation = of_quadratics(data, oracle, config.local_steps, config.participants)
    return float(excess(federation.stationary(config.step_size), setting.hessian))


def bias(problem: FederatedProblem) -> Values:
    """floor(mu) - floor(0)."""
    base = floor_of(problem, replace(problem.oracle, mu=0.0))
    floors = [
        floor_of(problem, replace(problem.oracle, mu=mu)) for mu in problem.config.bias.smoothing
    ]
    return {"floor_of_smoothing": np.array(floors) - base}


def tails(problem: FederatedProblem) -> Values:
    """What noise adds to the floor, over Gamma(2 theta + 1) times what one unit of power adds."""
    size = problem.config.noise.size or 1.0
    base = floor_of(problem, replace(problem.oracle, noise_power=0.0))
    unit = floor_of(problem, replace(problem.oracle, noise_power=1.0)) - base
    found = []
    for theta in problem.config.tails.theta:
        power = weibull_power(size, theta)
        added = floor_of(problem, replace(problem.oracle, noise_power=power)) - base
        found.append(added / (unit * size**2 * math.gamma(2 * theta + 1)))
    return {"noise_floor": np.array(found)}


def cells(config: FederatedConfig) -> Iterator[tuple[int, int, int]]:
    """b2, H, M of every cell of the budget."""
    part = config.budget
    for m in part.participants:
        for h in part.local_steps:
            for b2 in part.num_directions:
                yield b2, h, m


def budget(problem: FederatedProblem) -> Values:
    """The least E[F_S - F*] after a number of queries over constant step sizes, and that size."""
    best, at = [], []
    config, setting = problem.config, problem.setting(Task.quadratic)
    assert setting.minimiser is not None
    start, data = -setting.minimiser, setting.quadratics(problem.shift)
    for b2, h, m in cells(config):
        oracle = replace(problem.oracle, num_directions=b2)
        federation = of_quadratics(data, oracle, h, m)
        rounds = max(1, config.budget.queries // (m * h * config.batch * (1 + b2)))

        def left(log_eta: float, f: Rounds = federation, t: int = rounds) -> float:
            """ln E[F_S - F*]."""
            s = path(f, np.full(t, math.exp(log_eta)), start, np.array([t]))
            value = float(excess(s, setting.hessian)[0])
            return math.log(value) if math.isfinite(value) and value > 0 else 700.0

        top = math.log(
            limit_of(federation.radius, mean_square_limit(setting.eigenvalues, oracle, m))
        )
        found: Any = minimize_scalar(
            left, bounds=(top - 8, top), method="bounded", options={"xatol": 1e-3}
        )
        best.append(math.exp(found.fun))
        at.append(math.exp(found.x))
    return {"best_excess": np.array(best), "best_step_size": np.array(at)}


VALUES: dict[PhaseName, Callable[[FederatedProblem], Values]] = {
    PhaseName.limit: limit,
    PhaseName.delay: delay,
    PhaseName.bias: bias,
    PhaseName.tails: tails,
    PhaseName.budget: budget,
}
