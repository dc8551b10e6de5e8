"""Where the students of all runs stand: what observables read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.score_matching.dynamics.task import Told

NEAR = 0.5
"""A student within this distance of the truth has converged."""


@dataclass(frozen=True)
class State:
    """R runs of n students in d dimensions; ``path`` is s = step size times steps."""

    path: float
    mu: Float[np.ndarray, "R n d"]
    log_loss: Float[np.ndarray, " R"]
    log_gradient: Float[np.ndarray, " R"]
    """ln of the norm of the whole gradient."""
    log_batch: Float[np.ndarray, " R"]
    """ln of what the batch of this step says of the loss; nan where there is none."""
    error: Float[np.ndarray, " R"]
    """Relative difference of the loss on half the nodes; nan where there are none."""
    log_spread: Float[np.ndarray, " R"]
    """ln of the root mean square deviation along the first axis."""
    still: Bool[np.ndarray, " R"]
    """Whether the last step changed no number."""
    fourth: float = 1.0
    """c_4: the average of e^-4t over the noise levels of the loss."""

    @cached_property
    def distance(self) -> Float[np.ndarray, "R n"]:
        """|mu_i|."""
        return np.linalg.norm(self.mu, axis=2)

    @cached_property
    def count(self) -> Float[np.ndarray, " R"]:
        """How many have converged."""
        return (self.distance < NEAR).sum(axis=1).astype(float)

    @cached_property
    def far(self) -> Float[np.ndarray, " R"]:
        """Distance of the nearest student that has not converged; nan where all have."""
        away = np.where(self.distance < NEAR, np.inf, self.distance).min(axis=1)
        return np.where(np.isfinite(away), away, np.nan)

    @staticmethod
    def of(
        path: float,
        mu: Float[np.ndarray, "R n d"],
        told: Sequence[Told],
        log_spread: Float[np.ndarray, " R"],
        still: Bool[np.ndarray, " R"],
        fourth: float = 1.0,
    ) -> State:
        """From what is told of each run."""
        loss, gradient, batch, error = (np.array(x) for x in zip(*told, strict=True))
        return State(path, mu, loss, gradient, batch, error, log_spread, still, fourth)
