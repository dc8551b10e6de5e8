"""Stochastic approximation with steps c/j: E |x_j - x*|^2 = O(1/j), whatever c.

The theorem asks for c > 1/(2m), m the strong convexity (Nemirovski, Juditsky, Lan and Shapiro, SIAM
J. Optimization 19, 2009, section 2.1).  False without: their example f = x^2 / 10, c = 1, no noise,
has x_j+1 = (1 - 1/(5 j)) x_j, so that x_j^2 falls like j^(-2/5).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(j^-1)",
        "text": "stochastic approximation, steps c/j: squared error O(1/j)",
        "source": "the classical rate (Chung 1954), claimed for every c",
        "clock": "j",
    },
    {
        "law": "O(j^-0.4)",
        "text": "the same with c m = 1/5: squared error O(j^(-2/5))",
        "source": "Nemirovski, Juditsky, Lan and Shapiro 2009, section 2.1",
        "clock": "j",
    },
    {
        "law": "Omega(j^-0.4)",
        "text": "the same, from below: no faster than j^(-2/5)",
        "source": "the product, summed",
        "clock": "j",
    },
]
TRUTH = [False, True, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """x_j^2 along 100,000 steps from 1."""
    j = np.arange(1.0, 100_001)
    x = np.cumprod(1 - 1 / (5 * j))
    return j, x**2


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
