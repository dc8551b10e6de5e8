"""What a job draws and solves before its first step: data, minimisers, exact curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.federated import schedules
from ntp_dynamics.studies.federated.config import (
    LARGEST,
    Directions,
    FederatedConfig,
    Lag,
    Method,
    PhaseName,
    Replace,
    ScheduleName,
    Task,
)
from ntp_dynamics.studies.federated.data import Population, Replacements
from ntp_dynamics.studies.federated.setting import Setting
from ntp_dynamics.studies.federated.tasks import Loss, loss_of
from ntp_dynamics.studies.federated.theory.curves import Rounds, excess, lagged, of_quadratics, path
from ntp_dynamics.studies.federated.theory.estimator import Oracle, weibull_power
from ntp_dynamics.studies.federated.theory.stability import Coupled, Replaced
from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    import xarray

FILES = {"task_file": "task.py", "schedule_file": "schedule.py"}
"""What a user's modules are called in the record."""


@dataclass(frozen=True)
class FederatedProblem:
    """`study.Problem` of a federation; ``numbers`` are the runs it is about."""

    config: FederatedConfig
    numbers: Sequence[int]
    disk: int = 0

    def __post_init__(self) -> None:
        for name in ("setting", "copied", "exact_excess", "exact_distance2", "path_bound"):
            object.__setattr__(self, name, cache(getattr(self, name)))

    @property
    def runs(self) -> int:
        """R."""
        return len(self.numbers)

    @property
    def reference(self) -> FederatedProblem:
        """Observables of evaluated phases ask the problem itself."""
        return self

    @property
    def known(self) -> FederatedProblem:
        """Claims read the problem itself."""
        return self

    def loss(self, task: Task) -> Loss:
        """Of a task."""
        return loss_of(task, self.config.task_file)

    def setting(self, task: Task) -> Setting:
        """What every run of a task trains on."""
        config = self.config
        return self._drawn(task, self._population(0, config.clients), config.samples)

    def copied(self, task: Task, draw: int, samples: int) -> tuple[Setting, Replacements]:
        """The same of its copies, and which samples are replaced."""
        part = self.config.copies
        population = self._population(draw, part.clients)
        pooled = part.replace is Replace.pooled
        replaced = population.replaced(samples, part.replaced, pooled=pooled)
        return self._drawn(task, population, samples), replaced

    def _population(self, draw: int, clients: int) -> Population:
        c = self.config
        return Population(c.seed, draw, clients, c.dim, c.bound, c.het)

    def _drawn(self, task: Task, population: Population, samples: int) -> Setting:
        loss = self.loss(task)
        train, test = population.train(samples), population.test(self.config.test_samples)
        flat = test.x.reshape(-1, self.config.dim), test.labels(signs=loss.signs).ravel()
        return Setting(loss, self.config.lam, train.x, train.labels(signs=loss.signs), *flat)

    @cached_property
    def draws(self) -> Int[np.ndarray, " R"]:
        """The draw of data of every run's copies."""
        return np.array(self.numbers) % self.config.copies.draws

    @property
    def oracle(self) -> Oracle:
        """How gradients are estimated."""
        c = self.config
        power = weibull_power(c.noise.size, c.noise.theta) if c.noise.size else 0.0
        exact = c.method is not Method.fedzo or c.directions is Directions.coordinate
        gaussian = c.directions is Directions.gaussian
        return Oracle(c.dim, c.batch, c.num_directions, c.smoothing, gaussian, exact, power)

    @property
    def shift(self) -> float:
        """What unit vectors add to a gradient, over the Hessian's diagonal."""
        c = self.config
        unit = c.method is Method.fedzo and c.directions is Directions.coordinate
        return c.smoothing / 2 if unit else 0.0

    def step_sizes(self, task: Task) -> Float[np.ndarray, " T"]:
        """eta_t of the training of a task."""
        return schedules.step_sizes(self.config, float(self.setting(task).eigenvalues[0]))

    @cached_property
    def federation(self) -> Rounds:
        """The quadratic task's rounds, for exact moments.  Raises ValueError where they are not
        carried."""
        self._need_exact()
        data = self.setting(Task.quadratic).quadratics(self.shift)
        return of_quadratics(data, self.oracle, self.config.local_steps, self.config.participants)

    @cached_property
    def radii(self) -> tuple[float, float]:
        """Mean-square radius of the quadratic task at its largest step size, and at twice that."""
        eta = float(self.step_sizes(Task.quadratic).max())
        return self.federation.radius(eta), self.federation.radius(2 * eta)

    @property
    def exact(self) -> bool:
        """Whether exact moments are carried."""
        return self.config.dim <= LARGEST

    def _need_exact(self) -> None:
        if not self.exact:
            raise ValueError(f"no exact moments beyond {LARGEST} dimensions")

    def exact_excess(self, due: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """E[F_S - F*] of the quadratic task after the due rounds."""
        config, setting = self.config, self.setting(Task.quadratic)
        assert setting.minimiser is not None
        rest = self.step_sizes(Task.quadratic), -setting.minimiser, np.array(due)
        if config.staleness:
            fixed = config.lag is Lag.fixed
            s = lagged(self.federation, *rest, config.staleness, fixed=fixed)
        else:
            s = path(self.federation, *rest)
        return excess(s, setting.hessian)

    def coupled(self, draw: int) -> tuple[Coupled, list[Replaced], Float[np.ndarray, " d"]]:
        """Two copies of the quadratic task with the first number of samples; what is replaced in
        turns; where they start from, seen from w*.  Raises ValueError as `federation`."""
        self._need_exact()
        part = self.config.copies
        setting, replaced = self.copied(Task.quadratic, draw, part.samples[0])
        assert setting.minimiser is not None
        labels = replaced.samples.labels(signs=False)
        rows = zip(replaced.client, replaced.sample, replaced.samples.x, labels, strict=True)
        others = [Replaced(int(i), int(z), x, float(y)) for i, z, x, y in rows]
        rest = part.step_size, part.local_steps, self.copies_participants
        return (
            Coupled(setting.quadratics(self.shift), self.oracle, *rest),
            others,
            -setting.minimiser,
        )

    @property
    def copies_participants(self) -> int:
        """M of the copies: all, unless training has fewer."""
        return min(self.config.participants, self.config.copies.clients)

    def exact_distance2(self, due: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """E |w - w'|^2 of the quadratic copies, in the mean over replaced samples and runs."""
        return self._over_draws(lambda c, o, w: c.square_distance(o, w, np.array(due)).mean(axis=1))

    def path_bound(self, due: tuple[int, ...]) -> Float[np.ndarray, " n"]:
        """The bound on E |w - w'| from the moments of the run, likewise."""
        return self._over_draws(lambda c, o, w: c.path_bound(o, w, np.array(due)))

    def _over_draws(self, of: Callable[..., np.ndarray]) -> Float[np.ndarray, " n"]:
        draws, counts = np.unique(self.draws, return_counts=True)
        found = np.stack([of(*self.coupled(int(draw))) for draw in draws])
        return counts @ found / counts.sum()

    @property
    def axes(self) -> Mapping[str, int]:
        """As `Problem.axes`."""
        c = self.config
        cells = len(c.budget.num_directions) * len(c.budget.local_steps)
        return {
            "run": self.runs,
            "b2": len(c.estimator.num_directions),
            "n": len(c.copies.samples),
            "b2_limit": len(c.limit.num_directions),
            "H": len(c.limit.local_steps),
            "ratio": len(c.limit.ratios),
            "tau": len(c.delay.lags),
            "mu": len(c.bias.smoothing),
            "theta": len(c.tails.theta),
            "cell": cells * len(c.budget.participants),
        }

    @property
    def memory(self) -> float:
        """Bytes at the peak: data, parameters, and what measuring takes."""
        c = self.config
        samples = c.clients * (c.samples + c.test_samples)
        samples = max(samples, c.copies.clients * (max(c.copies.samples) + c.test_samples))
        state = self.runs * c.dim * max(c.staleness + 1, c.copies.replaced + 1)
        moments = (c.dim + 1) ** 4 * (c.clients + 3 * c.copies.replaced) if self.exact else 0
        return 8.0 * (samples * (c.dim + 4 * self.runs) + state + moments) + 2 * self.disk

    def files(self) -> Mapping[str, str]:
        """A user's modules."""
        given = {FILES[name]: getattr(self.config, name) for name in FILES}
        return {name: Path(file).read_text("utf-8") for name, file in given.items() if file}

    def tables(self) -> Mapping[str, xarray.Dataset]:
        """Coordinates of every axis by the phase that has it, and theory's curves."""
        from ntp_dynamics.studies.federated.tables import tables

        return tables(self)

    def notes(self) -> Sequence[str]:
        """What a reader of the verdicts should know of the schedule and of rounding."""
        c, found = self.config, []
        trained = PhaseName.train in c.phases
        if trained and c.schedule is ScheduleName.decay and c.c <= 0.5:
            found.append(f"schedule: c*H*lambda_min = {c.c:g} <= 0.5; no 1/t law holds (raise c)")
        for task in c.tasks if c.difference == "naive" else ():
            setting = self.setting(task)
            w = np.zeros((1, c.dim))
            size = np.linalg.norm(setting.gradient(w))
            value = abs(float(setting.values(w, *setting.pooled)[0]))
            if c.smoothing * size < 1e6 * np.finfo(float).eps * value:
                found.append(
                    f"difference: naive loses the digits of {task} at smoothing {c.smoothing:g} "
                    "(use difference=stable)"
                )
        return found


def look(config: FederatedConfig) -> None:
    """Whether the modules of a job can be used, and its step sizes are below the mean-square limit.

    Raises UserError.
    """
    problem = FederatedProblem(config, [0])
    for task in config.tasks:
        problem.loss(task)
    if PhaseName.train not in config.phases:
        return
    for task in config.tasks:
        if config.schedule is ScheduleName.decay and problem.setting(task).eigenvalues[0] <= 0:
            what = f"decay needs a curvature at the minimum; {task} has none"
            raise UserError("schedule", what, "set lam > 0, or schedule=constant")
        problem.step_sizes(task)
    if Task.quadratic in config.tasks and problem.exact and not config.allow_unstable:
        _below_the_limit(problem)


def _below_the_limit(problem: FederatedProblem) -> None:
    from ntp_dynamics.studies.federated.theory.limits import limit_of

    eta = float(problem.step_sizes(Task.quadratic).max())
    if problem.federation.radius(eta) >= 1:
        limit = limit_of(problem.federation.radius, eta)
        what = f"{eta:.4g} is above the mean-square limit {limit:.4g}"
        remedy = "the mean diverges although runs may not (set allow_unstable=true)"
        raise UserError("step_size", what, remedy)


def prepared(
    config: FederatedConfig, numbers: Sequence[int] | None = None, disk: int = 0
) -> FederatedProblem:
    """The problem of a job, or of some of its runs.  ``disk``: bytes of its record."""
    return FederatedProblem(config, list(range(config.runs) if numbers is None else numbers), disk)


def from_record(config: FederatedConfig, files: Mapping[str, str]) -> FederatedProblem:
    """The problem of a record, a user's modules being those that it holds."""
    return prepared(replace(config, **files))
