"""The configuration of a job: clients, rounds, and what each phase does with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ntp_dynamics.config.choices import Count, Natural, NotNegative, Positive
from ntp_dynamics.config.job import JobConfig

Counts = Annotated[list[Count], Field(min_length=1)]
Positives = Annotated[list[Positive], Field(min_length=1)]
LARGEST = 24
"""Dimensions up to which exact moments are carried."""
COPIES = "_copies"
"""What follows the name of a task in that of the phase of its copies."""


class Task(StrEnum):
    """The loss of a margin x.w; `user`: that of `task_file`."""

    quadratic = "quadratic"
    logistic = "logistic"
    sigmoid = "sigmoid"
    user = "user"


class PhaseName(StrEnum):
    """What a job does, in this order: `train` and `copies` for every task."""

    estimator = "estimator"
    train = "train"
    copies = "copies"
    limit = "limit"
    delay = "delay"
    bias = "bias"
    tails = "tails"
    budget = "budget"


EVALUATED = (PhaseName.limit, PhaseName.delay, PhaseName.bias, PhaseName.tails, PhaseName.budget)
"""Phases that are computed and not run."""
EXACT = tuple(name for name in EVALUATED if name is not PhaseName.delay)
"""Those of them that exact moments are computed for."""
USUAL = [name for name in PhaseName if name is not PhaseName.budget]


class Method(StrEnum):
    """Two-point estimates; true gradients of the batch; the mean of the estimates over all
    directions (infinitely many of them)."""

    fedzo = "fedzo"
    fedavg = "fedavg"
    smoothed = "smoothed"


class Directions(StrEnum):
    """Uniform on the unit sphere; standard normal; the unit vectors, each once."""

    sphere = "sphere"
    gaussian = "gaussian"
    coordinate = "coordinate"


class Difference(StrEnum):
    """f(v + mu u) - f(v) computed as a difference, or as the naive difference of two values."""

    stable = "stable"
    naive = "naive"


class ScheduleName(StrEnum):
    """eta_t = step_size; c/(H l_min (t + t0)); step_size/sqrt(T); that of `schedule_file`."""

    constant = "constant"
    decay = "decay"
    horizon = "horizon"
    user = "user"


class Lag(StrEnum):
    """Of a client's start, in rounds: uniform on 0 .. staleness, or equal to it."""

    uniform = "uniform"
    fixed = "fixed"


class Replace(StrEnum):
    """Where the sample comes from that replaces another: the same client, or any of them."""

    same = "same"
    pooled = "pooled"


@dataclass
class Noise:
    """Additive gradient noise: |xi| = size E^theta of every sample of a batch, E ~ Exp(1)."""

    theta: NotNegative = 0.5
    size: NotNegative = 0.0


@dataclass
class Estimator:
    """Estimates at the start, of client 0 of the first task."""

    num_directions: Counts = field(default_factory=lambda: [1, 2, 4, 8, 16])
    draws: Count = 100
    """A run."""


@dataclass
class Copies:
    """Copies that differ in one sample and share clients, batches and directions."""

    clients: Count = 5
    samples: Counts = field(default_factory=lambda: [20, 40, 80])
    """Of a client; bounds in time are of the first."""
    rounds: Count = 160
    local_steps: Count = 4
    step_size: Positive = 0.05
    replaced: Annotated[int, Field(ge=1, le=64)] = 8
    draws: Count = 4
    """Of data: run r has draw r mod draws."""
    replace: Replace = Replace.same


@dataclass
class Limit:
    """Step sizes around the mean-square limit."""

    num_directions: Counts = field(default_factory=lambda: [1, 2, 4, 8, 16])
    """At one local step and equal Hessians."""
    local_steps: Counts = field(default_factory=lambda: [1, 2, 5, 20])
    """Of the job's own clients."""
    ratios: Positives = field(default_factory=lambda: [round(0.05 * 1.15**i, 4) for i in range(23)])
    """Step sizes over the limit at one local step."""


@dataclass
class Delay:
    """Fixed lags of one local step."""

    lags: Annotated[list[Natural], Field(min_length=1)] = field(
        default_factory=lambda: [0, 1, 2, 5, 10]
    )


@dataclass
class Bias:
    """Smoothing of a stationary quadratic."""

    smoothing: Positives = field(default_factory=lambda: [1e-9, 1e-3, 0.1, 0.5, 1.0, 2.0, 5.0])


@dataclass
class Tails:
    """Sub-Weibull tails of a stationary quadratic's noise."""

    theta: Positives = field(default_factory=lambda: [0.5, 1.0, 1.5, 2.0])


@dataclass
class Budget:
    """The best constant step size for a number of function queries, from the exact curves."""

    queries: Count = 100_000
    num_directions: Counts = field(default_factory=lambda: [1, 2, 4, 9, 20])
    local_steps: Counts = field(default_factory=lambda: [1, 5, 20])
    participants: Counts = field(default_factory=lambda: [1, 10])


@dataclass
class FederatedConfig(JobConfig):
    """One job: R runs on the same data with clients, batches and directions of their own."""

    runs: Annotated[int, Field(ge=1, le=100_000)] = 128
    tasks: Annotated[list[Task], Field(min_length=1)] = field(
        default_factory=lambda: [Task.logistic, Task.quadratic]
    )
    phases: Annotated[list[PhaseName], Field(min_length=1)] = field(
        default_factory=lambda: list(USUAL)
    )
    claims: list[str] = field(default_factory=list)
    """Those that are judged; empty: all."""
    clients: Count = 10
    """N."""
    samples: Count = 60
    """n, of a client."""
    dim: Count = 10
    """d."""
    bound: Positive = 2.0
    """X: samples are scaled down to |x| <= X."""
    het: NotNegative = 0.5
    """Of the clients' centres."""
    lam: NotNegative = 0.05
    """Of the ridge lam |w|^2/2."""
    test_samples: Count = 100
    """A client."""
    task_file: str = ""
    """A module with the loss of the task `user`."""
    method: Method = Method.fedzo
    participants: Count = 10
    """M."""
    local_steps: Count = 5
    """H."""
    batch: Count = 2
    """b1."""
    num_directions: Count = 4
    """b2."""
    smoothing: NotNegative = 1e-3
    """mu."""
    directions: Directions = Directions.sphere
    difference: Difference = Difference.stable
    rounds: Count = 1600
    """T."""
    schedule: ScheduleName = ScheduleName.decay
    schedule_file: str = ""
    """A module with the step sizes of the schedule `user`."""
    step_size: Positive = 0.02
    """eta, of schedules constant and horizon and of the stationary phases."""
    c: Positive = 2.0
    """Of the schedule decay, over H times the least eigenvalue of the Hessian at w*."""
    t0: Positive = 30.0
    staleness: Natural = 0
    """Largest lag in rounds."""
    lag: Lag = Lag.uniform
    noise: Noise = field(default_factory=Noise)
    allow_unstable: bool = False
    estimator: Estimator = field(default_factory=Estimator)
    copies: Copies = field(default_factory=Copies)
    limit: Limit = field(default_factory=Limit)
    delay: Delay = field(default_factory=Delay)
    bias: Bias = field(default_factory=Bias)
    tails: Tails = field(default_factory=Tails)
    budget: Budget = field(default_factory=Budget)

    @property
    def stages(self) -> list[str]:
        """What its phases are called in the record: training and copies once a task."""
        found: list[str] = []
        chosen = [task for task in Task if task in self.tasks]
        for name in (name for name in PhaseName if name in self.phases):
            if name is PhaseName.train:
                found += [str(task) for task in chosen]
            elif name is PhaseName.copies:
                found += [f"{task}{COPIES}" for task in chosen]
            else:
                found.append(str(name))
        return found
