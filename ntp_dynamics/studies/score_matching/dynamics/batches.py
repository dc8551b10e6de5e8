"""The loss of one student at the truth and one at distance r, estimated from batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.score_matching.loss import nodes, sample
from ntp_dynamics.studies.score_matching.loss.line import line_loss
from ntp_dynamics.studies.score_matching.loss.sample import Purpose
from ntp_dynamics.study import Logged, Saved, nothing_logged


@dataclass(frozen=True)
class Estimates:
    """Estimates over the exact loss, from all batches so far; nan before the first."""

    plain: Float[np.ndarray, "R K"]
    importance: Float[np.ndarray, "R K"]
    plain_sd: Float[np.ndarray, "R K"]
    """Standard deviation of one batch, relative to the exact loss."""
    importance_sd: Float[np.ndarray, "R K"]


class Batches:
    """`study.Dynamics` that draws one batch a step, the same numbers for both ways."""

    measures: Sequence[str] = ()

    def __init__(self, distances: Sequence[float], batch: int, seed: int, numbers: Sequence[int]):
        self.mu = np.array([[[0.0], [r]] for r in distances])
        self.batch, self.seed, self.numbers, self.at = batch, seed, list(numbers), 0
        self.log_pi = np.full(2, -math.log(2))
        self.exact = np.array([line_loss(mu[:, 0], self.log_pi)[0] for mu in self.mu])
        self.sums = np.zeros((len(self.numbers), 2, 2, len(self.mu)))
        """Of estimates and of their squares, plain and by importance."""

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        for r, run in enumerate(self.numbers):
            for step in range(self.at, to):
                draw = sample.stream(self.seed, run, Purpose.batches, step)
                normal = draw.standard_normal((self.batch, 1))
                for k, mu in enumerate(self.mu):
                    for way, made in enumerate(
                        (sample.plain(normal), sample.importance(normal, mu))
                    ):
                        one = np.ones(1)
                        log_loss, _, _ = nodes.node_loss(mu, self.log_pi, one, one, *made)
                        ratio = math.exp(log_loss - self.exact[k])
                        self.sums[r, way, :, k] += ratio, ratio**2
        self.at = to
        return nothing_logged(len(self.numbers))

    def state(self) -> Estimates:
        """Where it stands."""
        if self.at == 0:
            return Estimates(*(np.full((len(self.numbers), len(self.mu)), np.nan),) * 4)
        mean, square = np.moveaxis(self.sums, 2, 0) / self.at
        sd = np.sqrt(np.maximum(square - mean**2, 0))
        return Estimates(mean[:, 0], mean[:, 1], sd[:, 0], sd[:, 1])

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return {"sums": self.sums.copy(), "at": np.full(len(self.numbers), self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.sums, self.at = saved["sums"].copy(), int(saved["at"][0])
