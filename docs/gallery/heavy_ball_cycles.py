"""Polyak's heavy ball with his optimal parameters is said to converge linearly whenever f is smooth
and strongly convex.

Polyak (1964) proves it near a minimum of a C^2 function and on quadratics.  False in general:
Lessard, Recht and Packard, SIAM J. Optimization 26 (2016), give f with f'
piecewise linear, m = 1, L = 25, on which the method enters a cycle of three points from x_0 = 3.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "heavy ball, strongly convex and smooth: |x - x*| falls exponentially",
        "source": "Polyak 1964, claimed beyond quadratics",
    },
]
TRUTH = [False]


def slope(x: float) -> float:
    """f'(x)."""
    return 25 * x if x < 1 else x + 24 if x < 2 else 25 * x - 24


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|x - x*| along 5,000 steps from five starts; x* = 0."""
    runs = []
    for start in (3.1, 3.2, 3.3, 3.4, 3.45):
        x, before, values = start, start, []
        for _ in range(5_000):
            x, before = x - slope(x) / 9 + 4 / 9 * (x - before), x
            values.append(abs(x))
        runs.append(values)
    return np.arange(1.0, 5_001), np.array(runs)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
