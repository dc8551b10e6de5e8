"""SGD on a strongly convex objective, all iterates averaged: O(log T / T), and no better.

Rakhlin, Shamir and Sridharan, ICML 2012: on some non-smooth problems the average of all iterates
is of order log T / T, so that 1/T, which the average of the last half has (sgd_suffix), is false of
it.  A problem of their kind: F(w) = w^2 / 2 + w on [0, 1], gradients w + z with z uniform on [-1,
3], steps 1/t.  The optimum w = 0 is at the edge, so that E w_t falls like 1/t, and its
mean like log T / T.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(log T / T)",
        "text": "SGD, strongly convex, all iterates averaged: O(log T / T)",
        "source": "Hazan, Agarwal and Kale 2007, Theorem 1",
        "clock": "T",
        "about": "ensemble",
    },
    {
        "law": "O(T^-1)",
        "text": "SGD, strongly convex, all iterates averaged: O(1/T)",
        "source": "the optimal rate, claimed of the plain average",
        "clock": "T",
        "about": "ensemble",
    },
]
TRUTH = [True, False]

RUNS, STEPS = 50, 100_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """F(average) - F* of 50 runs."""
    rng = np.random.default_rng(3)
    w, total, values = np.ones(RUNS), np.zeros(RUNS), []
    kept = set(np.unique(np.geomspace(1, STEPS, 200).round().astype(int)).tolist())
    for t in range(1, STEPS + 1):
        total += w
        if t in kept:
            values.append(total / t + (total / t) ** 2 / 2)
        w = np.clip(w - (w + rng.uniform(-1, 3, RUNS)) / t, 0, 1)
    return np.array(sorted(kept), dtype=float), np.array(values).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
