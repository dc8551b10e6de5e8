"""The last iterate of subgradient descent with steps 1/sqrt(t): O(t^-1/2), as the average has.

False: Harvey, Liaw, Plan and Randhawa, COLT 2019, build for each T a 1-Lipschitz f on the unit ball
of R^T with f(x_T+1) - f* >= log T / (32 sqrt T): f = max_i h_i x, h_i with a_j = 1/(8 (T - j + 1))
before place i and -sqrt(i)/(2 sqrt T) at it.  Their x_T+1 is summed here; the log looks like a
smaller power.  With the log, Shamir and Zhang (ICML 2013, Theorem 2), it is true.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(T^-1/2)",
        "text": "last iterate of subgradient descent: f - f* = O(T^-1/2)",
        "source": "the rate of averages (Nemirovski and Yudin 1983)",
        "clock": "T",
        "transient": False,
    },
    {
        "law": "O(log T / sqrt T)",
        "text": "last iterate of subgradient descent: f - f* = O(log T / sqrt T)",
        "source": "Shamir and Zhang 2013, Theorem 2",
        "clock": "T",
        "transient": False,
    },
    {
        "law": "y >= 0.03125 log T / sqrt T",
        "text": "last iterate of subgradient descent: f - f* >= log T / (32 sqrt T)",
        "source": "Harvey, Liaw, Plan and Randhawa 2019",
        "clock": "T",
        "transient": False,
    },
]
TRUTH = [False, True, True]


def last_value(T: int) -> float:
    """f(x_T+1) - f(x_1), at most f(x_T+1) - f*."""
    j = np.arange(1, T + 1)
    a = 1 / (8 * (T - j + 1))
    steps = np.cumsum(1 / np.sqrt(j))
    return float(a @ (1 / (2 * np.sqrt(T)) - a * (steps[-1] - steps)))


def curve() -> tuple[np.ndarray, np.ndarray]:
    """One number a horizon T: each is a problem of its own."""
    sizes = np.unique(np.geomspace(16, 300_000, 60).round().astype(int))
    return sizes.astype(float), np.array([last_value(T) for T in sizes.tolist()])


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
