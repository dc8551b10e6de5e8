"""Experiments in which most runs follow the law and some do not.

A mean hides a run that never converges, so every run is judged; here is how often a good run is
named, and a bad one is not.  The bad run of S is growing (like t^1/2), constant, or it stalls: it
follows the law to T/30 and stays there.  In half an experiment, S/2 runs are constant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from benchmarks.calibration.families import AMPLITUDE, DECAY, stationary
from benchmarks.calibration.workers import parallel
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.verdict import company, single
from ntp_dynamics.verdict.decision import Decision, decide
from ntp_dynamics.verdict.drift import Drift
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.replicates import judge_rates

LAWS = {
    "log t / t": Law.power(1, 1),
    "log^2 t / t": Law.power(1, 2),
    "1 / t^2": Law.power(2),
    "log^2 t / t^2": Law.power(2, 2),
    "exp(-t/100), stated": Law.exponential(DECAY),
    "exp(-t/100), as some exponential": Law.exponential(),
}
HORIZONS = (400, 1_000, 10_000, 100_000)
EXPERIMENTS = {8: 300, 20: 200, 100: 50, 400: 30}  # of S runs, in each place
KINDS = ("none", "growing", "constant", "stalling", "half constant")
STALL = 30  # a run stalls at T / 30
OWN = 0.1  # share of a common noise's sd that is a run's own


@dataclass(frozen=True)
class Noise:
    """Of log y: sd, correlation from one recorded step to the next, and whether the runs of an
    experiment share it, all but a tenth."""

    sd: float
    correlation: float = 0.0
    common: bool = False

    def draw(self, rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
        if not self.sd:
            return np.zeros(shape)
        own = stationary(rng, shape, self.correlation)
        if self.common:
            shared = stationary(rng, (shape[0], 1, shape[2]), self.correlation)
            own = np.sqrt(1 - OWN**2) * shared + OWN * own
        return self.sd * own


NOISES = (
    Noise(0.0),
    *(Noise(*values) for values in product((0.05, 0.2), (0.0, 0.9), (False, True))),
)


@dataclass(frozen=True)
class Place:
    """One law at one horizon under one noise, S runs."""

    law: str
    horizon: int
    noise: Noise
    runs: int


@dataclass(frozen=True)
class Mixture:
    """What the verdicts of one place said.

    ``good_named``: experiments in which a run that follows the law is named.  ``bad``: runs that do
    not, in all experiments together; of these ``bad_named`` are named and ``bad_kept`` are said to
    keep the law; the rest is undecided.
    """

    place: Place
    kind: str
    experiments: int
    consistent: int
    contradicted: int
    good_named: int
    bad: int
    bad_named: int
    bad_kept: int

    def to_json(self) -> list[object]:
        """The place but for its law, then the counts."""
        p, n = self.place, self.place.noise
        counts = (self.experiments, self.consistent, self.contradicted, self.good_named, self.bad)
        where = (p.horizon, p.runs, n.sd, n.correlation, int(n.common), self.kind)
        return [*where, *counts, self.bad_named, self.bad_kept]


def places() -> list[Place]:
    """Every place once."""
    return [Place(*values) for values in product(LAWS, HORIZONS, NOISES, EXPERIMENTS)]


def mixtures(
    scale: float = 1.0, progress: Callable[[str], None] = lambda text: None
) -> list[Mixture]:
    """Every kind in every place; ``scale`` multiplies the number of experiments."""
    found: list[Mixture] = []
    tasks = [(i, place, scale) for i, place in enumerate(places())]
    for (i, place, _), mixed in zip(tasks, parallel(_mixed, tasks), strict=True):
        found += mixed
        if (i + 1) % (len(tasks) // len(LAWS)) == 0:
            progress(f"mixtures, {place.law}")
    return found


def _mixed(task: tuple[int, Place, float]) -> list[Mixture]:
    i, place, scale = task
    wanted = EXPERIMENTS[place.runs] if place.noise.sd else 4
    return mix(place, max(round(scale * wanted), 2), np.random.default_rng([31, i]))


def mix(place: Place, experiments: int, rng: np.random.Generator) -> list[Mixture]:
    """Judge these experiments without a bad run, and with bad runs of every kind.

    The kinds share their good runs and their noise: the drift of each run is found once, and the
    experiments are put together from them.
    """
    t, log_y = draw(place, experiments, rng)
    drift = judge_rates(t, log_y, LAWS[place.law]).drift
    assert drift is not None
    found = []
    for kind, members in composition(place.runs).items():
        bad = np.asarray(members) >= place.runs
        said = judged(drift, members, place.horizon)
        named, kept = said.runs == "contradicted", said.runs == "kept"
        mixture = Mixture(
            place,
            kind,
            experiments,
            consistent=int((said.status == "consistent").sum()),
            contradicted=int((said.status == "contradicted").sum()),
            good_named=int(named[:, ~bad].any(axis=1).sum()),
            bad=int(bad.sum()) * experiments,
            bad_named=int(named[:, bad].sum()),
            bad_kept=int(kept[:, bad].sum()),
        )
        found.append(mixture)
    return found


def draw(
    place: Place, experiments: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "R N T"]]:
    """S good runs; then the first of them growing, and stalling; then half of them constant."""
    t = recorded_steps(place.horizon)[1:].astype(float)
    size = (experiments, place.runs, t.size)
    spread = AMPLITUDE * rng.standard_normal((*size[:2], 1)) + place.noise.draw(rng, size)
    law, half = curve(place.law, t), place.runs // 2
    stalled = np.interp(np.log(np.minimum(t, t[-1] / STALL)), np.log(t), law)
    first = spread[:, :1]
    groups = [law + spread, 0.5 * np.log(t) + first, stalled + first, spread[:, :half]]
    return t, np.concatenate(groups, axis=1)


def curve(name: str, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    """A run that follows the law; finite at t = 1, of which laws with logs do not speak."""
    law = LAWS[name]
    rate = getattr(law, "rate", 1.0)
    values = -DECAY * t if rate is None else law.log_f(t)[0]
    return np.where(np.isfinite(values), values, 0.0)


def composition(runs: int) -> dict[str, list[int]]:
    """Which of the runs drawn make up an experiment of each kind; the bad ones are from S on."""
    good, half = list(range(runs)), runs // 2
    growing, stalling, constant = runs, runs + 1, runs + 2
    members = [
        good,
        [growing, *good[1:]],
        [constant, *good[1:]],
        [stalling, *good[1:]],
        [*range(constant, constant + half), *good[half:]],
    ]
    return dict(zip(KINDS, members, strict=True))


def judged(drift: Drift, members: list[int], horizon: int) -> Decision:
    """As ``judge`` does for claims that start at step 1, on a grid with steps enough."""
    long_enough = np.log10(horizon) > company.LEAST_DECADES
    together = long_enough and len(members) >= company.LEAST_RUNS
    some = drift.of(np.asarray(members))
    alone = np.full(some.moved.pairs.shape[2:], horizon >= single.SPAN)
    return decide(some, alone, np.full(alone.shape[:1], together))
