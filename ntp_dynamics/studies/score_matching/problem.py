"""What a job draws and solves before its first step: starts, the span, and what theory says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching import frame, rules, starts, tables
from ntp_dynamics.studies.score_matching.config import (
    PhaseName,
    ScoreMatchingConfig,
    Start,
    Way,
)
from ntp_dynamics.studies.score_matching.dynamics.task import Task
from ntp_dynamics.studies.score_matching.loss.sample import Purpose, stream
from ntp_dynamics.studies.score_matching.theory import ball, clump

if TYPE_CHECKING:
    import xarray

STORED = "points.csv"
"""Where the points that were read are kept in a record."""


@dataclass(frozen=True)
class Outcome:
    """How a recorded phase ended, (R,) each; nan where it was not recorded."""

    count: Float[np.ndarray, " R"]
    far: Float[np.ndarray, " R"]
    plateau: Float[np.ndarray, " R"]
    """s* = 16/(r_0^2 L_0) of its start."""
    settled: Float[np.ndarray, " R"]
    """On its clock: from where on the count stayed what it was in the end."""


@dataclass(frozen=True)
class ScoreMatchingProblem:
    """`study.Problem`; ``numbers`` are the runs it is about."""

    config: ScoreMatchingConfig
    numbers: Sequence[int]
    table: Float[np.ndarray, "n d"] | None = None
    """The points that were read, if any."""
    disk: int = 0
    memory: float = 0.0
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    """Of the phases that were recorded, once they were."""

    @property
    def runs(self) -> int:
        """R."""
        return len(self.numbers)

    @cached_property
    def start(self) -> starts.Starts:
        """Where the students are."""
        return starts.starts(self.config, self.numbers, self.table)

    @cached_property
    def engine(self) -> frame.Engine:
        """How expectations are taken, by the starts of all runs of the job."""
        return frame.engine_of(self.config, self.start)

    @cached_property
    def frame(self) -> frame.Frame:
        """The span."""
        if self.engine.way is Way.monte_carlo:
            return frame.whole_space(self.start)
        return frame.frame_of(self.start, self.config.expectation.rank_tol)

    @cached_property
    def start_distance(self) -> Float[np.ndarray, "R n"]:
        """|mu_i| at the start."""
        return np.linalg.norm(self.start.points, axis=2)

    @cached_property
    def start_eigenvalues(self) -> Float[np.ndarray, "R d"]:
        """Of the covariance of the students at the start."""
        return ball.eigenvalues(self.start.points)

    @cached_property
    def start_log_spread(self) -> Float[np.ndarray, " R"]:
        """ln of the root mean square deviation along the first axis at the start."""
        with np.errstate(divide="ignore"):
            if self.engine.clumped:
                return self.start.log_spread + np.log(self.start.z[:, :, 0].std(axis=1))
            return np.log(self.frame.coordinates[:, :, 0].std(axis=1))

    @cached_property
    def patterns(self) -> Float[np.ndarray, "R n"]:
        """Axial deviations of maps: those of the clump, where the job starts from one."""
        config, n, d = self.config, self.config.model.students, self.config.model.dim
        draws = [stream(config.seed, run, Purpose.start) for run in self.numbers]
        return np.stack([starts.deviations(config.init, n, d, draw)[:, 0] for draw in draws])

    @cached_property
    def thresholds(self) -> Float[np.ndarray, " R"]:
        """c* of every pattern."""
        return np.array([clump.threshold(z, self.config.map.step_size) for z in self.patterns])

    @property
    def log_pi(self) -> Float[np.ndarray, " n"]:
        """Logs of the weights of the students."""
        weights, n = self.config.model.weights, self.config.model.students
        return np.log(weights) if weights else np.full(n, -math.log(n))

    @property
    def levels(self) -> tuple[Float[np.ndarray, " J"], Float[np.ndarray, " J"]]:
        """e^-t and the shares of the noise levels of `averaged`."""
        t, weights = np.array(self.config.noise.t), self.config.noise.weights
        return np.exp(-t), np.array(weights) if weights else np.full(len(t), 1 / len(t))

    def task(self, phase: PhaseName) -> Task:
        """What is descended in a phase."""
        config, part = self.config, self.config.expectation
        averaged = phase is PhaseName.averaged
        step_size = config.averaged.step_size if averaged else config.train.step_size
        purpose = Purpose.averaged if averaged else Purpose.descent
        given = self.engine, self.frame, self.log_pi, step_size, config.seed, self.numbers
        levels = self.levels if averaged else (np.ones(1), np.ones(1))
        return Task(*given, purpose, part.batch, part.exponent, *levels)

    def moment(self, phase: str, power: int) -> float:
        """c_k: the average of e^-kt over the noise levels of a phase."""
        scales, shares = self.levels if phase == PhaseName.averaged else (np.ones(1), np.ones(1))
        return float((shares * scales**power).sum())

    def step_size(self, phase: str) -> float:
        """Of a descent, or of the clock of the flow."""
        averaged = phase == PhaseName.averaged
        return self.config.averaged.step_size if averaged else self.config.train.step_size

    @property
    def before_flow(self) -> float:
        """Path length at step 0 of the flow: that of the descent, if there was one."""
        if PhaseName.descent not in self.config.phases:
            return 0.0
        return self.config.train.step_size * self.config.train.steps

    @property
    def clumped(self) -> bool:
        """Whether the job starts from a clump."""
        return self.config.init.kind is Start.clump

    @property
    def reference(self) -> ScoreMatchingProblem:
        """Observables read the problem itself."""
        return self

    @property
    def known(self) -> ScoreMatchingProblem:
        """So do claims."""
        return self

    @property
    def axes(self) -> Mapping[str, int]:
        """As `Problem.axes`."""
        config = self.config
        return {
            "run": self.runs,
            "student": config.model.students,
            "coordinate": config.model.dim,
            "level": len(config.noise.t),
            "start_distance": len(config.map.distances),
            "spread": len(config.map.log10_spreads),
            "clump_distance": len(config.collapse.distances),
            "amplified": len(config.collapse.amplified),
            "students": len(config.saddle.students),
            "far_distance": len(config.batches.distances),
        }

    def files(self) -> Mapping[str, str]:
        """The points that were read, if any."""
        if self.table is None:
            return {}
        return {STORED: "".join(",".join(map(repr, row)) + "\n" for row in self.table.tolist())}

    def tables(self) -> Mapping[str, xarray.Dataset]:
        """Coordinates of every axis by the phase that has it, and curves of theory."""
        return tables.tables(self)

    def notes(self) -> Sequence[str]:
        return rules.warnings(self.config)


def prepared(
    config: ScoreMatchingConfig,
    table: Float[np.ndarray, "n d"] | None = None,
    numbers: Sequence[int] | None = None,
    disk: int = 0,
) -> ScoreMatchingProblem:
    """The problem of a job, or of some of its runs.  ``disk``: bytes of its record."""
    runs = list(range(config.runs) if numbers is None else numbers)
    problem = ScoreMatchingProblem(config, runs, table, disk)
    axes, n = problem.axes, config.model.students
    cells = axes["start_distance"] * axes["spread"] + axes["clump_distance"] * axes["amplified"]
    numbers_held = len(runs) * n * (10 * config.model.dim + 4 * cells)
    sampled = 4 * config.expectation.batch * (config.model.dim + n) * axes["level"]
    return replace(problem, memory=2.0 * disk + 8.0 * (numbers_held + sampled + 4 * frame.MOST))
