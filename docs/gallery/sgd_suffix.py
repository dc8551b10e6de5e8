"""SGD on a strongly convex objective, the last half of the iterates averaged: E F - F* = O(1/T).

Rakhlin, Shamir and Sridharan, ICML 2012, Theorem 5.  True, where the average of all iterates has a
log more (sgd_average, the same problem): F(w) = w^2 / 2 + w on [0, 1], gradients w + z with z
uniform on [-1, 3], steps 1/t.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(T^-1)",
        "text": "SGD, strongly convex, last half averaged: E F - F* = O(1/T)",
        "source": "Rakhlin, Shamir and Sridharan 2012, Theorem 5",
        "clock": "T",
        "about": "ensemble",
    },
]
TRUTH = [True]

RUNS, STEPS = 100, 30_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """F(average of the last half) - F* of 100 runs."""
    rng = np.random.default_rng(4)
    w, total = np.ones(RUNS), np.zeros((STEPS + 1, RUNS))
    noise = rng.uniform(-1, 3, (STEPS, RUNS))
    for t in range(1, STEPS + 1):
        total[t] = total[t - 1] + w
        w = np.clip(w - (w + noise[t - 1]) / t, 0, 1)
    t = np.unique(np.geomspace(2, STEPS, 200).round().astype(int))
    mean = (total[t] - total[t // 2]) / (t - t // 2)[:, None]
    return t.astype(float), (mean + mean**2 / 2).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
