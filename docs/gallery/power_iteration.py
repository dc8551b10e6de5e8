"""Power iteration on a symmetric matrix: tan(angle) <= |l2/l1|^t tan(angle at the start).

Golub and Van Loan, Matrix Computations, section 8.2 (textbook form).  True.  l1 = 1, l2 = 0.99; the
start has an angle of 45 degrees, and log(0.99) = -0.01005034.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= exp(-0.01005 t)",
        "text": "power iteration, symmetric: tan(angle) <= (l2/l1)^t tan(start)",
        "source": "Golub and Van Loan (textbook)",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """tan of the angle to the first eigenvector along 10,000 steps, in 30 dimensions."""
    rng = np.random.default_rng(9)
    values = np.r_[1.0, 0.99, rng.uniform(-0.95, 0.95, 28)]
    v = rng.normal(size=30)
    v[0] = np.linalg.norm(v[1:])
    tangents = []
    for _ in range(10_000):
        v = values * v
        v /= v[0]
        tangents.append(np.linalg.norm(v[1:]))
    return np.arange(1.0, 10_001), np.array(tangents)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
