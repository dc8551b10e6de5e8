"""Gradient descent with step 1/L on a smooth convex function: f - f* <= 2 L D^2 / (t + 4).

Nesterov, Introductory Lectures on Convex Optimization (2004), Corollary 2.1.2.  True: it is a
theorem.  Here f = sum of m_i x_i^2 / 2 with curvatures m_i between 1e-12 and L = 1 and D = 1, so
that x_i after t steps is (1 - m_i)^t x_i(0): no rounding adds up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 2 / (t + 4)",
        "text": "gradient descent, convex: f - f* <= 2 L D^2 / (t + 4)",
        "source": "Nesterov 2004, Corollary 2.1.2",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """f - f* along the steps; five starts."""
    t = np.unique(np.geomspace(1, 1e6, 300).round())
    curvature = np.geomspace(1e-12, 1, 400)
    x = np.abs(np.random.default_rng(1).normal(size=(5, 400)))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    left = np.where(curvature < 1, 2 * np.log1p(-np.minimum(curvature, 1 - 1e-16)), -np.inf)
    return t, x**2 * curvature / 2 @ np.exp(left[:, None] * t)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
