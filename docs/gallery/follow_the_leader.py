"""Follow the leader has regret O(log T).

True of squared losses (Cesa-Bianchi and Lugosi, Prediction, Learning, and Games, 2006, Theorem
3.1). Claimed of convex losses it is false: on losses g_t x over [-1, 1] with g = 1/2, -1, 1, -1, 1,
... (Shalev-Shwartz 2012, Example 2.2) the leader is wrong at every step and the regret is T - O(1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(log T)",
        "text": "follow the leader, convex losses: regret O(log T)",
        "source": "Cesa-Bianchi and Lugosi 2006, Theorem 3.1, claimed of linear losses",
        "clock": "T",
    },
]
TRUTH = [False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The regret against the best point so far, from the second loss on."""
    T = np.arange(2.0, 10_001)
    g = np.where(np.arange(10_000) % 2 == 1, -1.0, 1.0)
    g[0] = 0.5
    total = np.cumsum(g)
    x = np.r_[0.0, -np.sign(total)[:-1]]
    return T, (np.cumsum(g * x) + np.abs(total))[1:]


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
