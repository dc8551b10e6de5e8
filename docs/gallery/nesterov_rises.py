"""Nesterov's method is said to lower the function at every step.

Gradient descent with step 1/L does.  False of the accelerated method (Beck and Teboulle, IEEE
Trans. Image Processing 18, 2009, who add a check for it), and false only late: on f = m x^2 / 2, m
= 5e-5 L, the momentum carries x through the minimum after 538 steps and f rises from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "never rises",
        "text": "accelerated gradient: f(x_t) never rises",
        "source": "true of gradient descent, claimed of Nesterov 1983",
    },
]
TRUTH = [False]
SINCE = 539


def curve() -> tuple[np.ndarray, np.ndarray]:
    """f along 1,000 steps."""
    x, before, theta, values = 1.0, 1.0, 1.0, []
    for _ in range(1_000):
        following = (1 + np.sqrt(1 + 4 * theta**2)) / 2
        ahead = x + (theta - 1) / following * (x - before)
        x, before, theta = ahead - 5e-5 * ahead, x, following
        values.append(5e-5 * x**2 / 2)
    return np.arange(1.0, 1_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
