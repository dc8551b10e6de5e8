"""Sinkhorn's scaling of a non-negative matrix to a doubly stochastic one converges linearly.

True of positive matrices (Franklin and Lorenz 1989).  False where the matrix has support but not
total support (Sinkhorn and Knopp 1967): of [[1, 1], [0, 1]] the limit is the identity, and the
corner falls like 1/(2 t + 1), in exact fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "Sinkhorn scaling: linear",
        "source": "Franklin and Lorenz 1989, claimed of a matrix with a zero",
    },
    {
        "law": "O(t^-1)",
        "text": "Sinkhorn scaling of [[1, 1], [0, 1]]: 1/t",
        "source": "the recursion, solved",
    },
    {
        "law": "y = 1 / (2 t + 1)",
        "text": "Sinkhorn scaling of [[1, 1], [0, 1]]: the corner is 1/(2 t + 1)",
        "source": "the recursion, solved",
    },
]
TRUTH = [False, True, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The corner after each round of rows and columns, 10,000 rounds."""
    corner, values = Fraction(1), []  # the matrix is [[a, corner], [0, b]]
    a = b = Fraction(1)
    for _ in range(10_000):
        row = a + corner
        a, corner, b = a / row, corner / row, Fraction(1)
        column = corner + b
        a, corner, b = Fraction(1), corner / column, b / column
        values.append(float(corner))
    return np.arange(1.0, 10_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
