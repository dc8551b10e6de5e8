"""What is drawn: separable points whose max-margin direction is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from ntp_dynamics.config.job import JobConfig

if TYPE_CHECKING:
    import xarray


class Rule(StrEnum):
    """Plain descent on the logistic loss; descent on the exponential loss, gradient over loss."""

    gd = "gd"
    ngd = "ngd"


@dataclass
class Config(JobConfig):
    """A job: R data sets of its own."""

    dimension: Annotated[int, Field(ge=2, le=100)] = 3
    others: Annotated[int, Field(ge=0, le=1000)] = 3
    """Points beside the d support vectors."""
    rule: Rule = Rule.gd
    step_size: Annotated[float, Field(gt=0, le=4)] = 1.0
    steps: Annotated[int, Field(ge=1, le=10**7)] = 20_000


@dataclass(frozen=True)
class Problem:
    """``points`` lie in the unit ball; ``target`` is the unit vector w* of largest margin.

    In units of that margin the d support vectors are 1 along w* and a_i across it, with weights
    q_i: sum q_i a_i = 0, which is the dual certificate of w*, and sum q_i a_i a_i^T = 1, so that
    what w has across w* settles like e^{-m}, m its margin, in every direction.  The weights differ,
    so it settles away from 0.  The other points are 2 or more along w*.
    """

    config: Config
    points: Float[np.ndarray, "R n d"]
    target: Float[np.ndarray, "R d"]

    @property
    def axes(self) -> dict[str, int]:
        return {"run": len(self.points)}

    @property
    def reference(self) -> Problem:
        return self

    @property
    def known(self) -> Config:
        return self.config

    disk, memory = 0, 0.0

    def files(self) -> dict[str, str]:
        return {}

    def tables(self) -> dict[str, xarray.Dataset]:
        import xarray

        return {"/": xarray.Dataset(coords={"run": np.arange(len(self.points))})}

    def notes(self) -> list[str]:
        return []


def draw(config: Config) -> Problem:
    """A data set a run, from the stream (seed, run)."""
    drawn = [_one(config, np.random.default_rng([config.seed, run])) for run in range(config.runs)]
    points, targets = zip(*drawn, strict=True)
    return Problem(config, np.stack(points), np.stack(targets))


def _one(
    config: Config, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " d"]]:
    d, n = config.dimension, config.others
    weights = np.linspace(1, 3, d) / np.linspace(1, 3, d).sum()
    basis, _ = np.linalg.qr(np.column_stack([np.sqrt(weights), rng.standard_normal((d, d - 1))]))
    supports = np.column_stack([np.ones(d), basis[:, 1:] / np.sqrt(weights)[:, None]])
    across = rng.standard_normal((n, d - 1)) / np.sqrt(d)
    others = np.column_stack([rng.uniform(2.0, 2.5, n), across])
    points = np.vstack([supports, others])
    turn, _ = np.linalg.qr(rng.standard_normal((d, d)))
    largest = np.linalg.norm(points, axis=1).max()
    return points @ turn.T / largest, turn[:, 0]  # the margin is 1 / largest
