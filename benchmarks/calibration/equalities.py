"""Equalities in the limit, y -> C f(t) with C stated: curves that come to it, and others.

f is 1 / t^2 and the claim starts at step 100, where a transient is either over (half the tolerance)
or not (five tolerances).  The second shows what a start that is chosen too early does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from benchmarks.calibration.families import AMPLITUDE
from benchmarks.calibration.mixtures import Noise
from benchmarks.calibration.workers import parallel
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law

START = 100
HORIZONS = (130, 300, 1_000, 10_000, 100_000)
TOLERANCES = (0.01, 0.05)
RUNS = (1, 3, 8)
NOISES = (Noise(0.0), *(Noise(*values) for values in product((0.01, 0.05, 0.2), (0.0, 0.9))))
EXPERIMENTS, WITHOUT_NOISE = 100, 25
OVER, NOT_OVER = 0.5, 5.0
"""Tolerances that a transient leaves at the start."""

Away = Callable[[Float[np.ndarray, " T"], Float[np.ndarray, "S 1"]], Float[np.ndarray, "S T"]]


@dataclass(frozen=True)
class Course:
    """1 + ``away`` (t, u) is y over what is stated, u uniform on [0, 1) and new in every run; of a
    true one ``away`` is at most 1 at the start, and taken ``size`` tolerances large."""

    name: str
    away: Away
    size: float | None = None

    @property
    def holds(self) -> bool:
        """Whether y comes to what is stated."""
        return self.size is not None


def _sign(u: np.ndarray) -> np.ndarray:
    return np.where(u < 0.5, -1.0, 1.0)


def _late(t: np.ndarray) -> np.ndarray:
    return t / START


def _oscillating(t: np.ndarray, u: np.ndarray) -> np.ndarray:
    return np.sin(2 * np.log(t) + 2 * np.pi * u) / np.sqrt(_late(t))


TRANSIENTS: dict[str, Away] = {
    "a / t": lambda t, u: _sign(u) / _late(t),
    "a log t / t": lambda t, u: _sign(u) * np.log(t) / np.log(START) / _late(t),
    "a / sqrt t": lambda t, u: _sign(u) / np.sqrt(_late(t)),
    "a exp(-t/50)": lambda t, u: _sign(u) * np.exp((START - t) / 50),
    "a sin(2 log t + phase) / sqrt t": _oscillating,
}


def _off(share: float) -> Away:
    """A constant that is too large or too small by so much."""
    return lambda t, u: (1 + share) ** _sign(u) - 1 + 0 * t


COURSES = [
    Course("nothing", lambda t, u: 0 * t + 0 * u, OVER),
    *(Course(name, away, OVER) for name, away in TRANSIENTS.items()),
    *(Course(f"{name}, not over", away, NOT_OVER) for name, away in TRANSIENTS.items()),
    *(Course(f"constant off by {100 * x:g} %", _off(x)) for x in (0.02, 0.05, 0.2)),
    Course("constant off by 20 %, and a / t",
           lambda t, u: _off(0.2)(t, u) + 0.2 * _sign(2 * u % 1) / _late(t)),
    Course("a power 0.1 off", lambda t, u: _late(t) ** (0.1 * _sign(u)) - 1),
    Course("a log more", lambda t, u: np.log(t) / np.log(START) - 1 + 0 * u),
]  # fmt: skip
"""The true ones first."""


@dataclass(frozen=True)
class Equality:
    """Verdicts on the experiments of one course in one place: how many are contradicted, and how
    many are said to hold."""

    course: str
    tolerance: float
    horizon: int
    runs: int
    noise: Noise
    experiments: int
    contradicted: int
    kept: int

    def to_json(self) -> list[object]:
        """The place, then the counts."""
        n = self.noise
        where = (self.course, self.tolerance, self.horizon, self.runs, n.sd, n.correlation)
        return [*where, self.experiments, self.contradicted, self.kept]


def equalities(scale: float = 1.0) -> list[Equality]:
    """Every course in every place."""
    places = list(product(COURSES, TOLERANCES, HORIZONS, RUNS, NOISES))
    tasks = [(i, COURSES.index(course), *place, scale) for i, (course, *place) in enumerate(places)]
    return list(parallel(_held, tasks))


def _held(task: tuple[int, int, float, int, int, Noise, float]) -> Equality:
    i, course, tolerance, horizon, runs, noise, scale = task
    experiments = max(round(scale * (EXPERIMENTS if noise.sd else WITHOUT_NOISE)), 2)
    return equality(COURSES[course], tolerance, horizon, runs, noise, experiments, [61, i])


def equality(
    course: Course,
    tolerance: float,
    horizon: int,
    runs: int,
    noise: Noise,
    experiments: int,
    seed: list[int],
) -> Equality:
    """Judge so many experiments; every run has a constant of its own, which the law states."""
    rng, t = np.random.default_rng(seed), recorded_steps(horizon)[1:].astype(float)
    shown = np.maximum(t, START)  # what was before is not asked about
    size = 1.0 if course.size is None else course.size * tolerance
    said = []
    for _ in range(experiments):
        constant = np.exp(AMPLITUDE * rng.standard_normal(runs))
        law = stated(constant, tolerance)
        y = np.log1p(size * course.away(shown, rng.random((runs, 1)))) + law.log_f(t)
        y = y + noise.draw(rng, (1, runs, t.size))[0]
        said.append(judge(t, y, law, t_min=START).label)
    contradicted, kept = said.count("contradicted"), said.count("holds")
    where = (course.name, tolerance, horizon, runs, noise)
    return Equality(*where, experiments, contradicted, kept)


def stated(constant: Float[np.ndarray, " S"], tolerance: float) -> Law:
    """y -> constant / t^2."""
    log_constant = np.log(constant)[:, None]
    return Law.limit(lambda t: log_constant - 2 * np.log(t), tolerance, constant=constant)
