"""Gradient descent on separable logistic data: the direction reaches the max-margin one like 1/log
t.

Soudry, Hoffer, Nacson, Gunasekar and Srebro, JMLR 19 (2018), Theorem 5.  True.  A faster claim,
t^(-1/2), is the rate of normalised steps and false here: w(t) = w_mm log t + a bounded rest, which
points elsewhere unless the data are symmetric.  Two samples, (1, 1/2) and (1, -1): w_mm = (1, 0).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(1 / log t)",
        "text": "gradient descent, separable: direction error O(1/log t)",
        "source": "Soudry et al. 2018, Theorem 5",
        "start": 2,
    },
    {
        "law": "O(t^-1/2)",
        "text": "gradient descent, separable: direction error O(t^(-1/2))",
        "source": "the rate of normalised steps, claimed of plain ones",
    },
    {
        "law": "Omega(1 / log t)",
        "text": "gradient descent, separable: direction error no faster than 1/log t",
        "source": "Soudry et al. 2018, Theorem 5 (the rate is tight here)",
    },
]
TRUTH = [True, False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|w / |w| - w_mm / |w_mm|| along 100,000 steps of size 1."""
    a, b, values = 0.0, 0.0, []
    for _ in range(100_000):
        p, q = 1 / (1 + math.exp(a + b / 2)), 1 / (1 + math.exp(a - b))
        a, b = a + p + q, b + p / 2 - q
        values.append(2 * abs(math.sin(math.atan2(b, a) / 2)))
    return np.arange(1.0, 100_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
