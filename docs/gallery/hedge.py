"""Exponentially weighted forecaster with eta_t = sqrt(8 ln N / t): regret at most 2 sqrt(T/2 ln N)
+ sqrt(ln N / 8) at every T.

Cesa-Bianchi and Lugosi, Prediction, Learning, and Games (2006), Theorem 2.3.  True.  Two experts
(ln N = 0.6931) with losses in [0, 1]: at random, alternating, and against the larger weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 1.17742 sqrt T + 0.2944",
        "text": "Hedge: regret <= 2 sqrt(T/2 ln N) + sqrt(ln N / 8)",
        "source": "Cesa-Bianchi and Lugosi 2006, Theorem 2.3",
        "clock": "T",
    },
]
TRUTH = [True]

STEPS = 10_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The regret, at least 1e-9."""
    rng, runs = np.random.default_rng(6), []
    plans = (rng.integers(0, 2, STEPS), np.arange(STEPS) % 2, None)
    for plan in plans:
        lost, paid, values = [0.0, 0.0], 0.0, []
        for t in range(STEPS):
            eta = np.sqrt(8 * np.log(2) / (t + 1))
            p = 1 / (1 + np.exp(eta * (lost[0] - lost[1])))  # the weight of the first
            bad = (0 if p >= 0.5 else 1) if plan is None else int(plan[t])
            paid += p if bad == 0 else 1 - p
            lost[bad] += 1
            values.append(paid - min(lost))
        runs.append(values)
    return np.arange(1.0, STEPS + 1), np.maximum(runs, 1e-9)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
