"""Online gradient descent with steps 1/sqrt(t): regret <= D^2 sqrt(T) / 2 + (sqrt T - 1/2) G^2.

Zinkevich, ICML 2003, Theorem 1.  True.  Here linear losses g_t x on [-1, 1] (D = 2, G = 1) whose
signs are random, alternate, or oppose the player.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 3 sqrt T - 0.5",
        "text": "online gradient descent: regret <= D^2 sqrt(T)/2 + (sqrt T - 1/2) G^2",
        "source": "Zinkevich 2003, Theorem 1",
        "clock": "T",
    },
]
TRUTH = [True]

STEPS = 20_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The regret against the best point so far, at least 1e-9 (a regret may be negative)."""
    rng = np.random.default_rng(5)
    signs = (rng.choice([-1.0, 1.0], STEPS), np.tile([1.0, -1.0], STEPS // 2), None)
    runs = []
    for given in signs:
        x, paid, total, values = 0.0, 0.0, 0.0, []
        for t in range(STEPS):
            g = (1.0 if x >= 0 else -1.0) if given is None else given[t]
            paid += g * x
            total += g
            values.append(paid + abs(total))
            x = min(1.0, max(-1.0, x - g / np.sqrt(t + 1)))
        runs.append(values)
    return np.arange(1.0, STEPS + 1), np.maximum(runs, 1e-9)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
