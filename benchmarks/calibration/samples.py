"""Laws about all runs together: means against curves and values, frequencies, decays, powers.

Data are drawn from the law itself, and held against it and against one that is off.  What a run
draws it keeps along the whole grid, as runs do: places are far from independent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Float

from benchmarks.calibration.workers import parallel
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law

SIZES = {32: 2000, 100: 2000, 1000: 500}
"""Samples of S runs."""
TIMES = np.unique(np.round(np.geomspace(1, 3000, 60)))
AXIS = np.array([10.0, 20.0, 40.0, 80.0, 160.0])
WORDS = ("contradicted", "inconclusive", "consistent")
Draw = Callable[[np.random.Generator, int], Float[np.ndarray, "S T"]]


@dataclass(frozen=True)
class System:
    """What is drawn, the law that it keeps, and one that it does not; ``off`` says how far."""

    form: str
    data: str
    t: Float[np.ndarray, " T"]
    draw: Draw
    law: Law
    wrong: Law
    off: str

    @property
    def timeless(self) -> bool:
        """Whether it is judged along an axis."""
        return self.t is AXIS


def _skewed(rng: np.random.Generator, runs: int) -> np.ndarray:
    """chi^2_1 / t, by its log."""
    return np.log(rng.chisquare(1, (runs, 1))) - np.log(TIMES)


def _log_normal(rng: np.random.Generator, runs: int) -> np.ndarray:
    """e^(luck - 1/2) / t with noise of a place's own."""
    luck = rng.standard_normal((runs, 1)) + 0.1 * rng.standard_normal((runs, TIMES.size))
    return luck - (1 + 0.1**2) / 2 - np.log(TIMES)


def _normal(rng: np.random.Generator, runs: int) -> np.ndarray:
    return 1 + rng.standard_normal((runs, AXIS.size))


def _chi_squared(rng: np.random.Generator, runs: int) -> np.ndarray:
    """chi^2_1, the same luck at every place."""
    return rng.chisquare(1, (runs, 1)) + 0.1 * rng.standard_normal((runs, AXIS.size))


def _events(p: Callable[[np.ndarray], np.ndarray], t: np.ndarray, own: bool) -> Draw:
    """1 with probability p(t): by one number a run, or by one for every place of its own."""

    def draw(rng: np.random.Generator, runs: int) -> np.ndarray:
        return (rng.random((runs, t.size if own else 1)) < p(t)).astype(float)

    return draw


def _powers(degrees: float, noise: float) -> Draw:
    """chi^2 / x, with common luck along the axis and noise of its own, by its log."""

    def draw(rng: np.random.Generator, runs: int) -> np.ndarray:
        luck = np.log(rng.chisquare(degrees, (runs, 1)))
        return luck + noise * rng.standard_normal((runs, AXIS.size)) - np.log(AXIS)

    return draw


def _rare(t: np.ndarray) -> np.ndarray:
    return 0.5 * np.exp(-0.01 * t)


def _often(t: np.ndarray) -> np.ndarray:
    return 0.4 - 0.1 * np.log10(t)


PULLS = np.arange(10.0, 1001.0, 30.0)
SYSTEMS = [
    *(
        System("mean = curve", name, TIMES, draw, Law.mean_equals(lambda t: -np.log(t)),
               Law.mean_equals(lambda t: np.log(3.0) - np.log(t)), "a third")
        for name, draw in (("chi^2_1", _skewed), ("log-normal", _log_normal))
    ),
    *(
        System("mean = value", name, AXIS, draw, Law.mean_value(1.0),
               Law.mean_value(2.0), "half")
        for name, draw in (("normal", _normal), ("chi^2_1", _chi_squared))
    ),
    *(
        System("P = curve", name, TIMES, _events(_often, TIMES, own),
               Law.frequency(_often, _often),
               Law.frequency(lambda t: 2 * _often(t), lambda t: 2 * _often(t)), "half")
        for name, own in (("one number a run", False), ("a number a place", True))
    ),
    System("P >= .9", "counts over seeds", AXIS[:1], _events(lambda t: 0 * t + 0.9, AXIS[:1], True),
           Law.frequency(0.9), Law.frequency(0.99), ".99 claimed"),
    *(
        System("decay of P", name, PULLS, _events(_rare, PULLS, own), Law.decay(0.01, 0.01),
               Law.decay(0.02, 0.02), "half the rate")
        for name, own in (("one number a run", False), ("a number a place", True))
    ),
    *(
        System("power of x", name, AXIS, _powers(degrees, noise), Law.scaling(-1.0, -1.0),
               Law.scaling(-1.5, -1.3), "a power .3 too slow")
        for name, degrees, noise in (("chi^2_3", 3.0, 0.1), ("chi^2_1, noisy", 1.0, 0.5))
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Sampled:
    """Verdicts (contradicted, inconclusive, consistent) on samples of one system and size, held
    against its own law and against the wrong one."""

    form: str
    data: str
    runs: int
    experiments: int
    off: str
    true: tuple[int, ...]
    false: tuple[int, ...]

    def to_json(self) -> list[Any]:
        """The system, then the counts."""
        return [self.form, self.data, self.runs, self.experiments, self.true, self.false]


def samples(scale: float = 1.0) -> list[Sampled]:
    """Every system and size."""
    tasks = [(i, j, s, scale) for (i, (j, s)) in enumerate(product(range(len(SYSTEMS)), SIZES))]
    return list(parallel(_sampled, tasks))


def _sampled(task: tuple[int, int, int, float]) -> Sampled:
    i, system, runs, scale = task
    return held(SYSTEMS[system], runs, max(round(scale * SIZES[runs]), 2), [51, i])


def held(system: System, runs: int, experiments: int, seed: list[int]) -> Sampled:
    """Judge so many samples."""
    rng, counts = np.random.default_rng(seed), [[0] * len(WORDS), [0] * len(WORDS)]
    more: dict[str, Any] = {"about": "ensemble", "clock": "place", "timeless": system.timeless}
    for _ in range(experiments):
        y = system.draw(rng, runs)
        for found, law in zip(counts, (system.law, system.wrong), strict=True):
            said = judge(system.t, y, law, values=y, **more).rate
            found[WORDS.index(said if said in WORDS else "inconclusive")] += 1
    true, false = (tuple(found) for found in counts)
    return Sampled(system.form, system.data, runs, experiments, system.off, true, false)
