"""Explore, then commit, without knowing the gap: worst regret O(T^(2/3)), and not O(T^(1/2)).

Lattimore and Szepesvari, Bandit Algorithms (2020), chapter 6.  The first true, the second (the rate
of UCB up to logs) false.  Two Gaussian arms, m = T^(2/3) pulls of each, then the better one: the
expected regret is m D + (T - 2 m) D Phi(-D sqrt(m/2)) exactly; y is its maximum over 0 < D <= 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(T^2/3)",
        "text": "explore then commit: worst regret O(T^(2/3))",
        "source": "Lattimore and Szepesvari 2020, chapter 6",
        "clock": "T",
        "transient": False,
    },
    {
        "law": "O(T^1/2)",
        "text": "explore then commit: worst regret O(T^(1/2))",
        "source": "the minimax rate, claimed of it",
        "clock": "T",
        "transient": False,
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The worst regret for T = 10 to 10^6."""
    T = np.unique(np.geomspace(10, 1e6, 80).round())
    m = np.ceil(T ** (2 / 3))
    gap = np.geomspace(1e-4, 1, 2_000)[:, None]
    return T, np.max(m * gap + (T - 2 * m) * gap * ndtr(-gap * np.sqrt(m / 2)), axis=0)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
