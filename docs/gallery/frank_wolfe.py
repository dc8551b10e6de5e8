"""The Frank-Wolfe method with steps 2/(t + 2): f - f* <= 2 C_f / (t + 2).

Jaggi, ICML 2013, Theorem 1.  True.  Here f = |x - b|^2 / 2 on the simplex, whose curvature C_f is
at most its squared diameter, 2, and b is on the face of the last 10 of 20 places.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 4 / (t + 2)",
        "text": "Frank-Wolfe: f - f* <= 2 C_f / (t + 2)",
        "source": "Jaggi 2013, Theorem 1",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """f - f* = |x - b|^2 / 2 along 20,000 steps."""
    b = np.r_[np.zeros(10), np.arange(1, 11) / 55]
    x, values = np.eye(20)[0], []
    for t in range(20_000):
        corner = np.argmin(x - b)
        step = 2 / (t + 2)
        x = (1 - step) * x
        x[corner] += step
        values.append(np.sum((x - b) ** 2) / 2)
    return np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
