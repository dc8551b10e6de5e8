"""Gradient descent on separable logistic data: the loss is O(1/t).

Soudry, Hoffer, Nacson, Gunasekar and Srebro, JMLR 19 (2018), Theorem 5.  True.  That it falls
exponentially, as it does with normalised steps (Nacson et al., AISTATS 2019), is false: each step
is at most the loss itself, so that log(1/loss) grows no faster than log t.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(t^-1)",
        "text": "gradient descent, separable: loss O(1/t)",
        "source": "Soudry et al. 2018, Theorem 5",
    },
    {
        "law": "exp(-c t)",
        "text": "gradient descent, separable: loss falls exponentially",
        "source": "the rate of normalised steps, claimed of plain ones",
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The loss along 100,000 steps of size 1; samples (1, 1/2) and (1, -1)."""
    a, b, values = 0.0, 0.0, []
    for _ in range(100_000):
        u, v = math.exp(-a - b / 2), math.exp(b - a)
        p, q = u / (1 + u), v / (1 + v)
        a, b = a + p + q, b + p / 2 - q
        values.append(math.log1p(math.exp(-a - b / 2)) + math.log1p(math.exp(b - a)))
    return np.arange(1.0, 100_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
