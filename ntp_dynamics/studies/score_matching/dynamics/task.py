"""What is descended, and what its loss is where the students of a run stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.score_matching.config import Way
from ntp_dynamics.studies.score_matching.frame import Engine, Frame, widths_of
from ntp_dynamics.studies.score_matching.loss import grid, lattice, line, nodes, sample
from ntp_dynamics.studies.score_matching.loss.sample import Purpose

Coordinates = Float[np.ndarray, "n r"]


class Told(NamedTuple):
    """Of one run: logs of the loss, of the norm of the gradient, of what the batch at hand says of
    the loss (nan: none), and the relative difference of the loss on half the nodes (0: drawn)."""

    log_loss: float
    log_gradient: float
    log_batch: float = math.nan
    error: float = 0.0


@dataclass(frozen=True)
class Task:
    """A loss, and how its expectation is taken; ``numbers`` are the runs."""

    engine: Engine
    frame: Frame
    log_pi: Float[np.ndarray, " n"]
    step_size: float
    seed: int
    numbers: Sequence[int]
    purpose: Purpose
    batch: int
    exponent: float = line.EXPONENT
    scales: Float[np.ndarray, " J"] = field(default_factory=lambda: np.ones(1))
    """e^-t of the noise levels, and their shares of the loss."""
    shares: Float[np.ndarray, " J"] = field(default_factory=lambda: np.ones(1))

    def moment(self, power: int) -> float:
        """c_k: the average of e^-kt."""
        return float((self.shares * self.scales**power).sum())

    @property
    def loss(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What kernels take of it: log weights, scales, shares."""
        return self.log_pi, self.scales, self.shares

    def widths(self, y: Coordinates) -> Float[np.ndarray, " r"]:
        """How far the students of the least noise lie apart, by direction."""
        return self.scales.max() * widths_of(y)

    def on_grid(
        self, level: tuple[int, ...], exponent: float
    ) -> tuple[Float[np.ndarray, "J K r"], Float[np.ndarray, "J K"]]:
        """Nodes and log weights, the same for each noise level."""
        x, log_weight = grid.grid(level, exponent)
        levels = len(self.scales)
        return (
            np.broadcast_to(x, (levels, *x.shape)),
            np.broadcast_to(log_weight, (levels, len(log_weight))),
        )

    def by_grid(
        self, y: Coordinates, level: tuple[int, ...], exponent: float
    ) -> tuple[float, float, Coordinates]:
        """ln L, e and g on the grid of these levels; the gradient is g e^e."""
        if grid.is_lattice(level, exponent):
            return lattice.lattice_loss(y, *self.loss, grid.lattice(level, exponent))
        return nodes.node_loss(y, *self.loss, *self.on_grid(level, exponent))

    def drawn(self, y: Coordinates, run: int, step: int, way: Way) -> tuple[np.ndarray, np.ndarray]:
        """The batch of a step, (J, B, r) and (J, B)."""
        stream = sample.stream(self.seed, self.numbers[run], self.purpose, step)
        normal = stream.standard_normal((self.batch, y.shape[1]))
        if way is Way.importance:
            return sample.importance(normal, y, self.scales)
        x, log_weight = sample.plain(normal)
        levels = len(self.scales)
        return np.repeat(x, levels, axis=0), np.repeat(log_weight, levels, axis=0)

    def gradient(self, y: Coordinates) -> Coordinates:
        """Of the loss, by quadrature."""
        if self.engine.line:
            _, size, g, _ = line.line_loss(y[:, 0], *self.loss, self.exponent)
            return math.exp(size) * g[:, None]
        _, size, g = self.by_grid(y, grid.levels(self.widths(y)), self.exponent)
        return math.exp(size) * g

    def tell(self, y: Coordinates, run: int, step: int) -> Told:
        """The loss where the students of a run stand."""
        if self.engine.line:
            log_loss, size, g, error = line.line_loss(y[:, 0], *self.loss, self.exponent)
            return Told(log_loss, _log_norm(size, g), error=error)
        if self.engine.way is Way.quadrature:
            level = grid.levels(self.widths(y))
            log_loss, size, g = self.by_grid(y, level, self.exponent)
            half, _, _ = self.by_grid(y, level, self.exponent / 2)
            error = abs(math.expm1(half - log_loss)) if log_loss > -math.inf else 0.0
            return Told(log_loss, _log_norm(size, g), error=error)
        log_loss, _, _ = nodes.node_loss(y, *self.loss, *self.drawn(y, run, step, Way.importance))
        batch = self.drawn(y, run, step, self.engine.way)
        log_batch, size, g = nodes.node_loss(y, *self.loss, *batch)
        return Told(log_loss, _log_norm(size, g), log_batch, 0.0)


def _log_norm(size: float, g: np.ndarray) -> float:
    top = float(np.abs(g).max())
    return size + math.log(top) + math.log(float(np.linalg.norm(g / top))) if top > 0 else -math.inf
