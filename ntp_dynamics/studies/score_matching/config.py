"""The configuration of a job: the students, where they start, how the expectation is taken, and
what each phase does. Distances are in standard deviations of the data; the truth mu* is at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ntp_dynamics.config.choices import Count, NotNegative, Positive
from ntp_dynamics.config.job import JobConfig

Steps = Annotated[int, Field(ge=1, le=10**8)]
Positives = Annotated[list[Positive], Field(min_length=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class PhaseName(StrEnum):
    """What a job does, in this order."""

    descent = "descent"
    averaged = "averaged"
    flow = "flow"
    map = "map"
    collapse = "collapse"
    saddle = "saddle"
    batches = "batches"


class Start(StrEnum):
    """Where the students start: close together at a distance; Gaussian around a point there; in a
    ball around the truth; one ahead of all others, which coincide (Theorem 3.4); one at the truth
    and the others far; where a file says."""

    clump = "clump"
    gaussian = "gaussian"
    ball = "ball"
    necessity = "necessity"
    far = "far"
    points = "points"


class Pattern(StrEnum):
    """How the deviations from the centre of a clump lie, of mean square 1 along the axis: drawn,
    at equal distances on the axis, or as listed in ``init.deviations``."""

    gaussian = "gaussian"
    equispaced = "equispaced"
    list = "list"


class Way(StrEnum):
    """How an expectation is taken: on a grid, if there is one small enough, else by importance
    sampling (auto); on a grid; by importance sampling; by plain batches, as in the paper."""

    auto = "auto"
    quadrature = "quadrature"
    importance = "importance"
    monte_carlo = "monte_carlo"


@dataclass
class Model:
    """The students: a mixture of unit Gaussians with trainable means."""

    students: Count = 5
    dim: Annotated[int, Field(ge=1, le=1000)] = 3
    weights: list[Finite] = field(default_factory=list)
    """Of the mixture, one a student; none are equal weights."""


@dataclass
class Init:
    """Where the students start."""

    kind: Start = Start.clump
    distance: NotNegative = 6.0
    """Of the centre from the truth (not of a ball, and not of points)."""
    log_spread: float = math.log(1e-7)
    """Natural log of the deviations from the centre of a clump; e^-400 is legal."""
    pattern: Pattern = Pattern.gaussian
    deviations: list[Finite] = field(default_factory=list)
    """One a student, along the axis (pattern=list)."""
    sd: Positive = 1.0
    """Of kind=gaussian."""
    radius: Positive = 0.06
    """Of kind=ball: no student is farther."""
    points: str = ""
    """A csv of kind=points: a row a student, a column a coordinate."""


@dataclass
class Expectation:
    """How expectations over the noisy data are taken."""

    kind: Way = Way.auto
    batch: Count = 2000
    """Samples a step (importance, monte_carlo; the paper's is 20,000)."""
    exponent: Annotated[float, Field(ge=1, le=60)] = 36.0
    """A grid has the relative error e^-exponent, up to a factor of 40."""
    rank_tol: Annotated[float, Field(ge=0, lt=1)] = 1e-6
    """Directions in which the students lie this much closer together than in the widest one keep
    still: across nodes they change L by the square of that."""


@dataclass
class Train:
    """Gradient descent of the phase `descent`."""

    step_size: Positive = 0.01
    steps: Steps = 20_000


@dataclass
class Noise:
    """Noise levels of the phase `averaged`: at t the means are e^-t mu."""

    t: Annotated[list[Finite], Field(min_length=1)] = field(
        default_factory=lambda: [0.0, 0.5, 1.0, 1.5, 2.0]
    )
    weights: list[Finite] = field(default_factory=list)
    """Share of each level; none are equal shares."""


@dataclass
class Averaged:
    """Gradient descent on the loss averaged over noise levels, from the same start."""

    step_size: Positive = 0.05
    steps: Steps = 100_000


@dataclass
class Flow:
    """Gradient flow, from where `descent` ended, else from the start."""

    path_length: Annotated[float, Field(ge=1, le=1e12)] = 1e9


@dataclass
class Map:
    """How many converge, over distances and spreads of a clump on a line."""

    distances: Positives = field(default_factory=lambda: _even(1.0, 8.0, 24))
    log10_spreads: Annotated[list[Finite], Field(min_length=1)] = field(
        default_factory=lambda: _even(-16.0, 0.0, 24)
    )
    step_size: Positive = 0.05
    path_length: Positive = 300.0


@dataclass
class Collapse:
    """The same over distances and amplified spreads c = sigma_0 K."""

    distances: Positives = field(default_factory=lambda: [4.0, 5.0, 6.0])
    amplified: Positives = field(default_factory=lambda: _even(0.0, 2.7, 30, power=True))


@dataclass
class Saddle:
    """The stationary points (s, -s, 0, ..., 0), by Newton's method in s."""

    students: Annotated[list[Annotated[int, Field(ge=3, le=64)]], Field(min_length=1)] = field(
        default_factory=lambda: [3, 4, 5, 10]
    )
    iterations: Count = 12


@dataclass
class Batches:
    """Estimates of the loss of (0, r) from batches, plain and by importance sampling."""

    distances: Positives = field(default_factory=lambda: [4.0, 6.0, 8.0, 10.0, 12.0])
    batches: Count = 50


@dataclass
class ScoreMatchingConfig(JobConfig):
    """One job: R runs with deviations of their own."""

    phases: Annotated[list[PhaseName], Field(min_length=1)] = field(
        default_factory=lambda: list(USUAL)
    )
    model: Model = field(default_factory=Model)
    init: Init = field(default_factory=Init)
    expectation: Expectation = field(default_factory=Expectation)
    train: Train = field(default_factory=Train)
    noise: Noise = field(default_factory=Noise)
    averaged: Averaged = field(default_factory=Averaged)
    flow: Flow = field(default_factory=Flow)
    map: Map = field(default_factory=Map)
    collapse: Collapse = field(default_factory=Collapse)
    saddle: Saddle = field(default_factory=Saddle)
    batches: Batches = field(default_factory=Batches)

    @property
    def stages(self) -> list[str]:
        """Its phases in order."""
        return [str(name) for name in PhaseName if name in self.phases]


USUAL = [name for name in PhaseName if name is not PhaseName.batches]
"""What a job does that is not told otherwise."""


def _even(low: float, high: float, points: int, power: bool = False) -> list[float]:
    """So many numbers at equal distances, or 10 to these."""
    step = (high - low) / (points - 1)
    found = [round(low + i * step, 6) for i in range(points)]
    return [round(10**x, 6) for x in found] if power else found
