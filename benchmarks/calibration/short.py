"""Short horizons and few runs, with a transient: what the rules detect, and how often they err.

Beside today's rules, those that ask the mean of five runs and more at any horizon: whether power
could be had there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.calibration.families import FAMILIES, POWER_CLAIM, Cell, Family, draw
from benchmarks.calibration.mixtures import Noise
from benchmarks.calibration.workers import parallel
from ntp_dynamics.verdict import company
from ntp_dynamics.verdict.decision import ALPHA
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.replicates import judge_rates

HORIZONS = (300, 1_000, 2_000, 3_000, 10_000)
RUNS = (1, 2, 3, 5)
NOISES = (
    Noise(0.0),
    *(Noise(*values) for values in product((0.01, 0.05, 0.2), (0.0, 0.9))),
    Noise(0.2, 0.9, common=True),
)
EXPERIMENTS = 100
FALSE = [
    Family("t^-1/2, of 1/t", Law.power(1), False, lambda t, u: -np.log(t) / 2),
    Family("log^2 t / t, of log t / t", Law.power(1, 1), False,
           lambda t, u: 2 * np.log(np.log(np.maximum(t, 1 + 1e-9))) - np.log(t)),
    Family("1, of 1/t", Law.power(1), False, lambda t, u: 0 * t),
    Family("log(t + 1), of 1", Law.power(0), False, lambda t, u: np.log(np.log(t + 1))),
]  # fmt: skip
TRUE = [family for family in FAMILIES if family.holds and family.claim is POWER_CLAIM]


@dataclass(frozen=True)
class Short:
    """How many of the experiments of one family in one place are contradicted, and how many would
    be if the mean were asked at any horizon."""

    family: str
    horizon: int
    runs: int
    noise: Noise
    experiments: int
    contradicted: int
    pooled: int

    def to_json(self) -> list[object]:
        """The place, then the counts."""
        n = self.noise
        where = (self.family, self.horizon, self.runs, n.sd, n.correlation, int(n.common))
        return [*where, self.experiments, self.contradicted, self.pooled]

    @classmethod
    def from_json(cls, row: list) -> Short:
        """The inverse."""
        family, horizon, runs, sd, correlation, common, *counts = row
        return cls(family, horizon, runs, Noise(sd, correlation, bool(common)), *counts)


def short(scale: float = 1.0) -> list[Short]:
    """Every family in every place."""
    families = range(len(TRUE) + len(FALSE))
    places = list(product(families, HORIZONS, RUNS, NOISES))
    return list(parallel(_counted, [(i, *place, scale) for i, place in enumerate(places)]))


def _counted(task: tuple[int, int, int, int, Noise, float]) -> Short:
    i, family, horizon, runs, noise, scale = task
    experiments = max(round(scale * EXPERIMENTS), 2)
    return count([*TRUE, *FALSE][family], horizon, runs, noise, experiments, [73, i])


def count(
    family: Family, horizon: int, runs: int, noise: Noise, experiments: int, seed: list[int]
) -> Short:
    """Judge so many experiments."""
    rng = np.random.default_rng(seed)
    t, log_y = draw(family, Cell(horizon, runs, 0.0, 0.0), experiments, rng)
    log_y = log_y + noise.draw(rng, log_y.shape)
    found = judge_rates(t, log_y, family.claim)
    against = found.status == "contradicted"
    pooled = against
    if runs >= company.LEAST_RUNS and found.drift is not None:
        pooled = against | (2 * company.p_pooled(found.drift) < ALPHA)
    counts = int(against.sum()), int(pooled.sum())
    return Short(family.name, horizon, runs, noise, experiments, *counts)
