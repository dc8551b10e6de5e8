"""Gradient descent with step 2 / (L + m) on an m-strongly convex function of smoothness L.

Nesterov (2004), Theorem 2.1.15: f - f* <= L/2 ((k - 1)/(k + 1))^(2 t) D^2 with k = L/m.  True. Here
L = 1, k = 100, D = 1, and (99/101)^2 = exp(-0.040001...).  Each coordinate of a quadratic is a
power, so that the curve is exact down to 1e-175.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 0.5 exp(-0.04 t)",
        "text": "gradient descent, strongly convex: f - f* <= L/2 ((k - 1)/(k + 1))^(2 t) D^2",
        "source": "Nesterov 2004, Theorem 2.1.15",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """f - f* along 10,000 steps; five starts."""
    t = np.unique(np.geomspace(1, 1e4, 300).round())
    curvature = np.linspace(0.01, 1, 50)
    x = np.random.default_rng(2).normal(size=(5, 50))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    shrinks = np.log(np.abs(1 - curvature * 2 / 1.01))
    return t, x**2 * curvature / 2 @ np.exp(2 * shrinks[:, None] * t)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
