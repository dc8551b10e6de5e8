"""The configuration of a job: the arms, the question asked of them, and the policies that pull."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from omegaconf import MISSING
from pydantic import Field

from ntp_dynamics.config.choices import Count, Positive
from ntp_dynamics.config.job import JobConfig


class Question(StrEnum):
    """What is to be found: the best arm, all arms within epsilon of it, or all arms that meet
    their thresholds."""

    bai = "bai"
    eps_good = "eps_good"
    feasible = "feasible"


class Policy(StrEnum):
    """Which arm is pulled next.  `ikg` is the integral variant."""

    equal = "equal"
    kg = "kg"
    ikg = "ikg"
    ikg_plain = "ikg_plain"
    ikg_variance_only = "ikg_variance_only"
    ocba = "ocba"
    ttei = "ttei"
    ttts = "ttts"
    tt_ids = "tt_ids"
    track = "track"
    oracle = "oracle"
    custom = "custom"
    """`choose(state, rng)` of the file `policy_file`."""


IKG = (Policy.ikg, Policy.ikg_plain, Policy.ikg_variance_only)
ON_THRESHOLDS = (Policy.equal, *IKG, Policy.oracle, Policy.custom)
AVAILABLE: Mapping[Question, tuple[Policy, ...]] = {
    Question.bai: tuple(Policy),
    Question.eps_good: tuple(p for p in Policy if p not in (Policy.ttei, Policy.ttts)),
    Question.feasible: ON_THRESHOLDS,
}
"""Policies that are defined for a question."""


class Variance(StrEnum):
    """Whether policies know the variances of rewards, or estimate them."""

    known = "known"
    plugin = "plugin"


class Motion(StrEnum):
    """`simulated`: rewards are drawn.  `fluid`: posterior means are frozen at the true ones, which
    leaves the shares that a policy tends to."""

    simulated = "simulated"
    fluid = "fluid"
    both = "both"


@dataclass
class Instance:
    """Where the arms come from (a config group)."""


@dataclass
class Arms(Instance):
    """Arms with these means and variances."""

    mean: list[float] = field(default_factory=list)
    variance: list[float] = field(default_factory=list)
    epsilon: float | None = None
    """Arms within epsilon of the best are good (problem=eps_good)."""


@dataclass
class Slippage(Instance):
    """All arms but the best are equal."""

    arms: Annotated[int, Field(ge=2, le=100_000)] = 10
    gap: Positive = 0.5
    variance: Positive = 1.0
    epsilon: float | None = None


@dataclass
class Measures(Instance):
    """Arms with several measures each, and a threshold for each measure (problem=feasible)."""

    mean: list[Any] = field(default_factory=list)
    variance: list[Any] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)


@dataclass
class FileInstance(Instance):
    """Arms of a JSON file: mean, variance, and threshold or epsilon."""

    path: str = MISSING


GROUPS: Mapping[str, Mapping[str, type]] = {
    "instance": {
        "arms": Arms,
        "slippage": Slippage,
        "measures": Measures,
        "file": FileInstance,
    }
}


@dataclass
class KnowledgeGradientConfig(JobConfig):
    """One job: R runs of every policy on one instance, all on the same rewards."""

    runs: Annotated[int, Field(ge=1, le=100_000)] = 1000
    problem: Question = Question.bai
    instance: Instance = MISSING
    policies: list[str] = field(
        default_factory=lambda: ["equal", "kg", "ikg", "ikg_plain", "ocba", "ttei", "tt_ids"]
    )
    policy_file: str = ""
    """Python file with `choose(state, rng)` (policies=[..., custom])."""
    dynamics: Motion = Motion.both
    budget: Count = 2000
    """Pulls, the first n0 of every arm included."""
    fluid_budget: Count = 200_000
    """Pulls of the fluid."""
    n0: Count = 5
    """Pulls of every arm before the policy begins."""
    variance: Variance = Variance.known

    @property
    def ordered(self) -> list[Policy]:
        """The policies in the order in which they run."""
        return [p for p in Policy if str(p) in self.policies]

    @property
    def motions(self) -> list[Motion]:
        """Simulated before fluid."""
        each = [Motion.simulated, Motion.fluid]
        return each if self.dynamics is Motion.both else [self.dynamics]


def stage(policy: Policy, problem: Question, motion: Motion) -> str:
    """What a policy's phase is called in the record."""
    asked = "" if problem is Question.bai else f"{problem.partition('_')[0]}_"
    return f"{'fluid_' if motion is Motion.fluid else ''}{asked}{policy}"


def every_stage() -> tuple[str, ...]:
    """All phases that jobs can have."""
    return tuple(
        stage(policy, problem, motion)
        for motion in (Motion.simulated, Motion.fluid)
        for problem in Question
        for policy in AVAILABLE[problem]
    )
