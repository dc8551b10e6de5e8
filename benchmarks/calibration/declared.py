"""Claims that are declared to have no transient: sizes k, few runs, few places.

y / f is r(k) times noise; the claim is r = O(1).  Of *true* ones r has its asymptotic form all over
and does not grow, of *false* ones it grows; of the rest the declaration is false, since something
dies out or comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from jaxtyping import Float

from benchmarks.calibration.families import AMPLITUDE
from benchmarks.calibration.mixtures import Noise
from benchmarks.calibration.workers import parallel
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law

GRIDS = {
    "6 sizes to 32": 2.0 ** np.arange(6),
    "11 sizes to 1,024": 2.0 ** np.arange(11),
    "35 sizes to 1,024": np.unique(np.round(np.geomspace(1, 1024, 40))),
    "all sizes to 1,024": np.arange(1.0, 1025),
}
RUNS = (1, 2, 5, 20)
NOISES = (Noise(0.0), *(Noise(*values) for values in product((0.01, 0.05, 0.2), (0.0, 0.9))))
EXPERIMENTS, WITHOUT_NOISE = 50, 10
CONSTANT = Law.power(0)

Curve = Callable[[Float[np.ndarray, " N"], float], Float[np.ndarray, " N"]]


@dataclass(frozen=True)
class Kind:
    """ln r(k, u), u uniform on [0, 1) and new in every experiment, where f is ``law``."""

    name: str
    truth: Literal["true", "false", "not as declared"]
    curve: Curve
    law: Law = CONSTANT
    heavy: bool = False


def _exact(k: np.ndarray, u: float) -> np.ndarray:
    return 0 * k


KINDS = [
    Kind("c", "true", _exact),
    Kind("c, heavy-tailed seeds", "true", _exact, heavy=True),
    Kind("c log k, of log k", "true", _exact, Law.power(0, 1)),
    Kind("c k log k, of k log k", "true", _exact, Law.power(-1, 1)),
    Kind("c log^2 k, of log^2 k", "true", _exact, Law.power(0, 2)),
    Kind("c k^-1/2, of k^-1/2", "true", _exact, Law.power(0.5)),
    Kind("k^-0.3", "true", lambda k, u: -0.3 * np.log(k)),
    Kind("1 / log(k + 1)", "true", lambda k, u: -np.log(np.log(k + 1))),
    Kind("1 + .38 log k", "false", lambda k, u: np.log1p(0.38 * np.log(k))),
    Kind("1 + .1 log k", "false", lambda k, u: np.log1p(0.1 * np.log(k))),
    Kind("k^0.1", "false", lambda k, u: 0.1 * np.log(k)),
    Kind("2 - 1/k", "not as declared", lambda k, u: np.log(2 - 1 / k)),
    Kind("2 - 1/(1 + log k)", "not as declared", lambda k, u: np.log(2 - 1 / (1 + np.log(k)))),
    Kind("1 + .3 sin(2 log k + phase)", "not as declared",
         lambda k, u: np.log1p(0.3 * np.sin(2 * np.log(k) + 2 * np.pi * u))),
    Kind("1 + .3 sin(log k + phase)", "not as declared",
         lambda k, u: np.log1p(0.3 * np.sin(np.log(k) + 2 * np.pi * u))),
]  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """Verdicts on the experiments of one kind in one place."""

    kind: str
    grid: str
    runs: int
    noise: Noise
    experiments: int
    contradicted: int
    kept: int

    def to_json(self) -> list[object]:
        """The place, then the counts."""
        where = (self.kind, self.grid, self.runs, self.noise.sd, self.noise.correlation)
        return [*where, self.experiments, self.contradicted, self.kept]

    @classmethod
    def from_json(cls, row: list) -> Declared:
        """The inverse."""
        kind, grid, runs, sd, correlation, *counts = row
        return cls(kind, grid, runs, Noise(sd, correlation), *counts)


def declared(scale: float = 1.0) -> list[Declared]:
    """Every kind in every place."""
    places = list(product(range(len(KINDS)), GRIDS, RUNS, NOISES))
    return list(parallel(_counted, [(i, *place, scale) for i, place in enumerate(places)]))


def _counted(task: tuple[int, int, str, int, Noise, float]) -> Declared:
    i, kind, grid, runs, noise, scale = task
    experiments = max(round(scale * (EXPERIMENTS if noise.sd else WITHOUT_NOISE)), 2)
    return count(KINDS[kind], grid, runs, noise, experiments, [71, i])


def count(
    kind: Kind, grid: str, runs: int, noise: Noise, experiments: int, seed: list[int]
) -> Declared:
    """Judge so many experiments; a size at which f is zero is left out."""
    rng, k = np.random.default_rng(seed), GRIDS[grid]
    said = []
    for _ in range(experiments):
        scale = np.sqrt(3 / rng.chisquare(3, (runs, 1))) if kind.heavy else 1.0
        own = AMPLITUDE * rng.standard_normal((runs, 1))
        own = own + noise.draw(rng, (1, runs, k.size))[0]
        with np.errstate(divide="ignore"):
            log_y = kind.law.log_f(k) + kind.curve(k, rng.random()) + scale * own
        said.append(judge(k, log_y, kind.law, transient=False, clock="size", timeless=True).rate)
    contradicted, kept = said.count("contradicted"), said.count("consistent")
    return Declared(kind.name, grid, runs, noise, experiments, contradicted, kept)
