"""Transients: a run that follows the law from step s on only, held against it at the horizon T.

plateau  y = f(max(t, s)); an exponential: e^-c max(t - s, 0)
shift    y = f(t + s), of powers only: of an exponential it is a constant

No rule without a constant can tell a late start from a failure; what it says depends on s / T.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Float

from benchmarks.calibration.families import AMPLITUDE, DECAY
from benchmarks.calibration.mixtures import LAWS, Noise, curve
from benchmarks.calibration.workers import parallel
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.verdict.law import Power
from ntp_dynamics.verdict.replicates import judge_rates

HORIZONS = (1_000, 10_000, 100_000)
SHARES = (1 / 300, 1 / 100, 1 / 50, 1 / 30, 1 / 20, 1 / 10, 1 / 5, 1 / 2)
NOISES = (Noise(0.0), Noise(0.05, 0.9), Noise(0.2, 0.9))
RUNS, EXPERIMENTS = 8, 40


@dataclass(frozen=True)
class Transient:
    """Experiments whose eight runs all start late, by this ``share`` of the horizon: in how many a
    run is named, and how many are consistent."""

    law: str
    shape: str
    horizon: int
    share: float
    noise: float
    experiments: int
    named: int
    consistent: int


def transients(scale: float = 1.0) -> list[Transient]:
    """Every law that starts late in every shape at every horizon."""
    shapes = [(name, "plateau") for name in LAWS]
    shapes += [(name, "shift") for name, law in LAWS.items() if isinstance(law, Power)]
    places = list(product(shapes, HORIZONS, SHARES, NOISES))
    return list(parallel(_late, [(i, *place, scale) for i, place in enumerate(places)]))


def _late(task: tuple[int, tuple[str, str], int, float, Noise, float]) -> Transient:
    i, (name, shape), horizon, share, noise, scale = task
    experiments = max(round(scale * EXPERIMENTS), 2) if noise.sd else 1
    t, rng = recorded_steps(horizon)[1:].astype(float), np.random.default_rng([37, i])
    size = (experiments, RUNS, t.size)
    log_y = late(name, shape, t, share * horizon) + noise.draw(rng, size)
    log_y = log_y + AMPLITUDE * rng.standard_normal((*size[:2], 1))
    found = judge_rates(t, log_y, LAWS[name])
    named = int((found.runs == "contradicted").any(axis=1).sum())
    consistent = int((found.status == "consistent").sum())
    return Transient(name, shape, horizon, share, noise.sd, experiments, named, consistent)


def late(
    name: str, shape: str, t: Float[np.ndarray, " T"], start: float
) -> Float[np.ndarray, " T"]:
    """ln y of a run that follows the law from this step on."""
    if not isinstance(LAWS[name], Power):
        return -DECAY * np.maximum(t - start, 0.0)
    return curve(name, t + start if shape == "shift" else np.maximum(t, start))
