"""Power iteration converges linearly whenever there is one dominant eigenvalue.

True with a gap; false of a defective matrix, where |l2/l1| = 1 (Wilkinson, The Algebraic Eigenvalue
Problem, 1965, chapter 9).  The Jordan block [[1, 1], [0, 1]] maps (x, y) to (x + y, y): exactly
tan(angle) = 1/t, in fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "power iteration: linear",
        "source": "true with a gap, claimed of a Jordan block",
    },
    {
        "law": "O(t^-1)",
        "text": "power iteration on a Jordan block: 1/t",
        "source": "Wilkinson 1965, chapter 9",
    },
    {
        "law": "Omega(t^-1/2)",
        "text": "power iteration on a Jordan block: no faster than t^(-1/2)",
        "source": "a bound that is too slow to be true",
    },
]
TRUTH = [False, True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """tan of the angle to the eigenvector along 10,000 steps from (0, 1)."""
    x, y, tangents = Fraction(0), Fraction(1), []
    for _ in range(10_000):
        x, y = x + y, y
        tangents.append(float(y / x))
    return np.arange(1.0, 10_001), np.array(tangents)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
