"""The phases of a job: where each starts, what moves it, what it logs.

Every training starts at w = 0.  Runs share their data and differ in clients, batches, directions
and lags; phases of different tasks share those too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.federated import costs, evaluated
from ntp_dynamics.studies.federated.config import (
    COPIES,
    EVALUATED,
    Difference,
    Directions,
    Lag,
    Method,
    PhaseName,
    Task,
)
from ntp_dynamics.studies.federated.data import Replacements
from ntp_dynamics.studies.federated.kernel.step import Clients, Rule
from ntp_dynamics.studies.federated.kernel.streams import run_keys
from ntp_dynamics.studies.federated.outline import outlines
from ntp_dynamics.studies.federated.problem import FederatedProblem
from ntp_dynamics.studies.federated.rounds import (
    BUILT_IN,
    KINDS,
    Descent,
    Evaluated,
    Federation,
    Probing,
    State,
    Team,
    Values,
)
from ntp_dynamics.studies.federated.setting import Setting
from ntp_dynamics.study import Dynamics, Phase

NODES = 8
"""Of the quadrature over directions of method=smoothed."""


def phases(problem: FederatedProblem) -> list[Phase]:
    """All of them, ready to start."""
    return [
        Phase(outline, partial(_start, problem, outline.name), engine="numba")
        for outline in outlines(problem.config)
    ]


def _start(problem: FederatedProblem, stage: str, _: Mapping[str, object]) -> Dynamics:
    if stage in EVALUATED:
        return Evaluated(evaluated.VALUES[PhaseName(stage)](problem), problem.runs)
    if stage == PhaseName.estimator:
        return _estimator(problem)
    if stage.endswith(COPIES):
        return _copies(problem, Task(stage.removesuffix(COPIES)))
    return _train(problem, Task(stage))


def quadrature(dim: int, *, gaussian: bool) -> tuple[np.ndarray, np.ndarray]:
    """Nodes s of <u, e>, and weights times s times d (Gaussian: times 1): sum w(s) g(s) is
    d E[g(s) s]."""
    from scipy.special import roots_gegenbauer, roots_hermitenorm

    if gaussian:
        s, w = roots_hermitenorm(NODES)
    elif dim == 1:
        s, w = np.array([-1.0, 1.0]), np.ones(2)
    else:
        s, w = roots_gegenbauer(NODES, dim / 2 - 1)
    return s, w / w.sum() * s * (1 if gaussian else dim)


def rule(problem: FederatedProblem, task: Task, **changed: object) -> Rule:
    """What a round of a task does, in numbers."""
    c = problem.config
    nodes, weights = quadrature(c.dim, gaussian=c.directions is Directions.gaussian)
    made = Rule(
        kind=KINDS[task],
        lam=c.lam,
        mu=c.smoothing,
        participants=c.participants,
        local_steps=c.local_steps,
        batch=c.batch,
        num_directions=c.num_directions,
        directions=list(Directions).index(c.directions),
        method=list(Method).index(c.method),
        naive=c.difference is Difference.naive,
        staleness=c.staleness,
        fixed_lag=c.lag is Lag.fixed,
        theta=c.noise.theta,
        noise=c.noise.size,
        nodes=nodes,
        weights=weights,
    )
    return made._replace(**changed)


def clients(made: Sequence[tuple[Setting, Replacements | None]]) -> Clients:
    """The samples of draws of data, and what replaces some of them."""
    x, y = np.stack([s.x for s, _ in made]), np.stack([s.y for s, _ in made])
    given = [(s, r) for s, r in made if r is not None]
    if not given:
        draws, d = len(made), x.shape[-1]
        none, whole = np.zeros((draws, 0)), np.zeros((draws, 0), np.int64)
        return Clients(x, y, np.zeros((draws, 0, d)), none, whole, whole)
    return Clients(
        x,
        y,
        np.stack([r.samples.x for _, r in given]),
        np.stack([r.samples.labels(signs=s.loss.signs) for s, r in given]),
        np.stack([r.client for _, r in given]).astype(np.int64),
        np.stack([r.sample for _, r in given]).astype(np.int64),
    )


def _keys(problem: FederatedProblem) -> np.ndarray:
    return run_keys(problem.config.seed, list(problem.numbers))


def _train(problem: FederatedProblem, task: Task) -> Federation:
    setting, c = problem.setting(task), problem.config
    team = Team(
        clients([(setting, None)]),
        rule(problem, task),
        problem.step_sizes(task),
        _keys(problem),
        np.zeros(problem.runs, np.int64),
        setting.loss.machine or BUILT_IN,
    )
    sent = costs.of_round(c)

    def reduce(states: Sequence[State]) -> Values:
        """What is measured after a round: values (R, ...) by name."""
        (s,) = states
        w = s.w[:, 0]
        test_loss = setting.test_loss(w)
        own = {name: np.full(problem.runs, float(s.round * n)) for name, n in sent.items()}
        return {
            "log_excess": np.log(setting.excess(w)),
            "log_grad_norm2": np.log((setting.gradient(w) ** 2).sum(axis=1)),
            "test_loss": test_loss,
            "generalisation_gap": test_loss - setting.train_loss(w),
            "log_client_drift": np.log(s.drift),
            "radius": s.radius,
            **own,
        }

    names = [*TRAINED, *sent]
    if setting.minimiser is None:
        names.remove("log_excess")
    return Federation([Descent(team)], names, reduce)


TRAINED = (
    "log_excess",
    "log_grad_norm2",
    "test_loss",
    "generalisation_gap",
    "log_client_drift",
    "radius",
)
COPIED = (
    "log_model_distance",
    "log_model_distance2",
    "generalisation_gap",
    "radius",
    "scaled_distance",
    "collapse",
)


def _copies(problem: FederatedProblem, task: Task) -> Federation:
    part = problem.config.copies
    shape = {"local_steps": part.local_steps, "participants": problem.copies_participants}
    used = rule(problem, task, **shape, staleness=0)
    eta = np.full(part.rounds, part.step_size)
    teams, every = [], []
    for samples in part.samples:
        made = [problem.copied(task, draw, samples) for draw in range(part.draws)]
        every.append([s for s, _ in made])
        machine = made[0][0].loss.machine or BUILT_IN
        teams.append(Team(clients(made), used, eta, _keys(problem), problem.draws, machine))
    sizes = np.array(part.samples) * part.clients

    def reduce(states: Sequence[State]) -> Values:
        """What is measured after a round: values (R, ...) by name."""
        squared = [_squared_distances(s) for s in states]
        distance = np.stack([np.sqrt(x).mean(axis=1) for x in squared], axis=1)
        w = states[0].w[:, 0]
        gap = np.empty(len(w))
        for draw, setting in enumerate(every[0]):
            mine = problem.draws == draw
            gap[mine] = setting.test_loss(w[mine]) - setting.train_loss(w[mine])
        return {
            "log_model_distance": np.log(distance[:, 0]),
            "log_model_distance2": np.log(squared[0].mean(axis=1)),
            "generalisation_gap": gap,
            "radius": states[0].radius,
            "scaled_distance": distance * sizes,
            "collapse": distance * sizes / (distance * sizes).mean(axis=1, keepdims=True),
        }

    return Federation([Descent(team) for team in teams], COPIED, reduce)


def _squared_distances(s: State) -> Float[np.ndarray, "R K"]:
    return ((s.w[:, 1:] - s.w[:, :1]) ** 2).sum(axis=2)


def _estimator(problem: FederatedProblem) -> Probing:
    config = problem.config
    task = next(t for t in Task if t in config.tasks)
    setting = problem.setting(task)
    usual = rule(problem, task, noise=0.0)
    rules = [usual._replace(num_directions=b2) for b2 in config.estimator.num_directions]
    if config.directions is Directions.coordinate:
        rules = [usual for _ in rules]
    w = np.zeros(config.dim)
    machine = setting.loss.machine or BUILT_IN
    return Probing(clients([(setting, None)]), [*rules, usual], w, _keys(problem), machine)
