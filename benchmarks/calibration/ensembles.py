"""Claims about an expectation: E y = C f exactly, and samples in which some runs are constant.

Their runs are one sample of the expectation and no run is named.  With a constant run among S the
expectation does not decay, so that the claim is false, however few there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmarks.calibration.families import AMPLITUDE
from benchmarks.calibration.mixtures import LAWS, Noise, curve
from benchmarks.calibration.workers import parallel
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.verdict.judge import judge

HORIZON = 10_000
CLAIMED = ("log t / t", "1 / t^2")
NOISES = (Noise(0.05, 0.9), Noise(0.2, 0.9), Noise(0.2))
EXPERIMENTS = {5: 150, 20: 100, 100: 30, 400: 20}
WORDS = ("contradicted", "inconclusive", "consistent")


@dataclass(frozen=True)
class Ensemble:
    """Verdicts on the samples of one law and size: how often the exact bound on the expectation is
    called broken, and the rates found (contradicted, inconclusive, consistent) with no constant
    run, one, and one half."""

    law: str
    runs: int
    noise: Noise
    experiments: int
    violated: int
    none: tuple[int, ...]
    one: tuple[int, ...]
    half: tuple[int, ...]

    def to_json(self) -> list[object]:
        """The sample, then the counts."""
        where = (self.law, self.runs, self.noise.sd, self.noise.correlation, self.experiments)
        return [*where, self.violated, self.none, self.one, self.half]


def ensembles(scale: float = 1.0) -> list[Ensemble]:
    """Every law, size and noise."""
    places = list(product(CLAIMED, EXPERIMENTS, NOISES))
    return list(parallel(_sampled, [(i, *place, scale) for i, place in enumerate(places)]))


def _sampled(task: tuple[int, str, int, Noise, float]) -> Ensemble:
    i, name, runs, noise, scale = task
    return sample(name, runs, noise, max(round(scale * EXPERIMENTS[runs]), 2), [41, i])


def sample(name: str, runs: int, noise: Noise, experiments: int, seed: list[int]) -> Ensemble:
    """Judge these samples; ln y = ln f + normal of variance v has E y = f e^(v/2)."""
    rng, law = np.random.default_rng(seed), LAWS[name]
    t = recorded_steps(HORIZON)[1:].astype(float)
    f, log_constant = curve(name, t), (AMPLITUDE**2 + noise.sd**2) / 2
    violated, rates = 0, {kind: [0] * len(WORDS) for kind in (0, 1, runs // 2)}
    for _ in range(experiments):
        spread = AMPLITUDE * rng.standard_normal((runs, 1))
        spread = spread + noise.draw(rng, (1, runs, t.size))[0]
        for constant, found in rates.items():
            log_y = spread + np.where(np.arange(runs)[:, None] < constant, 0.0, f)
            bound = None if constant else log_constant
            said = judge(t, log_y, law, log_constant=bound, about="ensemble")
            found[WORDS.index(said.rate)] += 1
            violated += said.bound == "violated"
    none, one, half = (tuple(found) for found in rates.values())
    return Ensemble(name, runs, noise, experiments, violated, none, one, half)
