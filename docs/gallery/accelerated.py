"""Nesterov's accelerated gradient method: f - f* <= 2 L D^2 / (t + 1)^2.

Beck and Teboulle, SIAM J. Imaging Sciences 2 (2009), Theorem 4.4 (FISTA; here without the second
term, which is Nesterov 1983).  True.  The problem is a chain of 4,001 springs, as Nesterov (2004)
uses it for lower bounds, D and L = 4 as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 2 / (t + 1)^2",
        "text": "accelerated gradient, convex: f - f* <= 2 L D^2 / (t + 1)^2",
        "source": "Beck and Teboulle 2009, Theorem 4.4",
    },
]
TRUTH = [True]
SIZE, STEPS = 4_001, 2_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """(f - f*) / (L D^2), where f = (x_1^2 + sum (x_i - x_{i+1})^2 + x_n^2) / 2 - x_1."""
    best = 1 - np.arange(1, SIZE + 1) / (SIZE + 1)
    x, before, theta, values = np.zeros(SIZE), np.zeros(SIZE), 1.0, []
    for _ in range(STEPS):
        following = (1 + np.sqrt(1 + 4 * theta**2)) / 2
        ahead = gradient_step(x + (theta - 1) / following * (x - before)) if values else x
        ahead = ahead if values else gradient_step(x)
        x, before, theta = ahead, x, following
        e = x - best
        values.append((e[0] ** 2 + np.sum(np.diff(e) ** 2) + e[-1] ** 2) / 2)
    return np.arange(1.0, STEPS + 1), np.array(values) / (4 * np.sum(best**2))


def gradient_step(x: np.ndarray) -> np.ndarray:
    """x - grad f(x) / L."""
    wide = np.pad(x, 1)
    gradient = 2 * x - wide[:-2] - wide[2:]
    gradient[0] -= 1
    return x - gradient / 4


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
