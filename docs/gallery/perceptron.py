"""The perceptron makes at most (R / margin)^2 mistakes on separable data, however long it runs.

Novikoff 1962.  True.  Samples in the unit disc (R = 1) whose margin against (1, 0) is at least
0.05: at most 400 mistakes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 400",
        "text": "perceptron: mistakes <= (R / margin)^2",
        "source": "Novikoff 1962",
        "clock": "sample",
    },
]
TRUTH = [True]

RUNS, SAMPLES = 10, 20_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """Mistakes after each sample; at least one, the first."""
    rng = np.random.default_rng(7)
    w, mistakes, values = np.zeros((RUNS, 2)), np.zeros(RUNS), []
    side = rng.choice([-1.0, 1.0], (SAMPLES, RUNS))
    up = rng.uniform(-0.9, 0.9, (SAMPLES, RUNS))
    for k in range(SAMPLES):
        x = np.stack([0.05 * side[k], up[k]], axis=1) * side[k, :, None]  # label times sample
        wrong = np.sum(w * x, axis=1) <= 0
        w += wrong[:, None] * x
        mistakes += wrong
        values.append(mistakes.copy())
    return np.arange(1.0, SAMPLES + 1), np.array(values).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
