"""Gradient descent is said to reach the rate t^-2 of Nesterov's method on smooth convex functions.

The rate is Nesterov's (1983), of his method; of gradient descent it is false.  On f = |x|^10 / 90,
|x| <= 1 (L = 1) the step is x <- x - x^9 / 9, so that x^-8 grows by 8/9 + O(x^8) a step and f ~
t^(-10/8).  t^-1, the rate that is proved, is kept; t^-2 is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(t^-2)",
        "text": "gradient descent, convex: f - f* = O(1 / t^2)",
        "source": "the rate of Nesterov 1983, claimed of gradient descent",
    },
]
TRUTH = [False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """f - f* along 20,000 steps."""
    x, values = 1.0, []
    for _ in range(20_000):
        x -= x**9 / 9
        values.append(x**10 / 90)
    return np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
