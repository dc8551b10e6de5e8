"""What other pooled tests would do: power against false alarms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.calibration.design import CENTRE, HORIZONS
from benchmarks.calibration.families import POWER_CLAIM, Cell, Family, draw
from ntp_dynamics.verdict.decision import ALPHA
from ntp_dynamics.verdict.drift import HALF_LOG, Drift
from ntp_dynamics.verdict.limits import p_above
from ntp_dynamics.verdict.replicates import judge_rates
from ntp_dynamics.verdict.single import PERSISTENCE

PAIRS, KAPPAS, FADES = (1, 2, 3), (0.25, 0.5, 0.75), (0.0, 0.6)
ADMITTED = [h for h in HORIZONS if h > 10**3.5]
PLACES = ((5, 0.0, 0.0), (20, 0.05, 0.9))


@dataclass(frozen=True)
class Rule:
    """Contradicted: ``pairs`` pairs of windows drift beyond ``kappa`` log powers and the later of
    the last pair by at least ``fade`` times the earlier."""

    pairs: int
    kappa: float
    fade: float

    @property
    def ours(self) -> bool:
        return (self.pairs, self.kappa, self.fade) == (3, HALF_LOG, PERSISTENCE)

    def contradicts(self, drift: Drift) -> np.ndarray:
        scaled = drift.moved.pairs / (drift.allowed * (self.kappa / HALF_LOG))
        p = p_above(scaled[: self.pairs], 1.0).max(axis=(0, 1))
        later, earlier = drift.moved.pairs[0].mean(axis=-1)
        return (p < ALPHA / 2) & (later >= self.fade * earlier)


def curve(families: list[Family], replicates: int) -> list[dict[str, float]]:
    """For each rule the power against log^2 t / t at the centre, and the worst false contradiction
    of a true family at an admitted horizon."""
    rules = [Rule(p, k, f) for p in PAIRS for k in KAPPAS for f in FADES]
    true = [f for f in families if f.claim is POWER_CLAIM and f.holds]
    (square,) = [f for f in families if f.name == "log^2 t / t"]
    worst = np.zeros(len(rules))
    for i, family in enumerate(true):
        for j, cell in enumerate(Cell(h, *place) for h in ADMITTED for place in PLACES):
            drift = _drift(family, cell, replicates, (i, j))
            worst = np.maximum(worst, [rule.contradicts(drift).mean() for rule in rules])
    drift = _drift(square, CENTRE, 1_000, (99,))
    return [
        {**vars(rule), "ours": rule.ours, "power": float(rule.contradicts(drift).mean()),
         "worst": float(w)}
        for rule, w in zip(rules, worst, strict=True)
    ]  # fmt: skip


def _drift(family: Family, cell: Cell, replicates: int, seed: tuple[int, ...]) -> Drift:
    t, log_y = draw(family, cell, replicates, np.random.default_rng([11, *seed]))
    drift = judge_rates(t, log_y, family.claim).drift
    assert drift is not None
    return drift
