"""SGD with a constant step on x^2 / 2 with noise: E x_t^2 = O(1/t).

False, but only from a late step on: E x_t^2 = (1 - h)^(2 t) + h s^2 / (2 - h) (1 - (1 - h)^(2 t))
exactly (the classical floor; Bottou, Curtis and Nocedal, SIAM Review 60, 2018, Theorem 4.6).  With
h = 0.01 and s = 0.1 the error falls faster than 1/t up to some 600 steps, then it stays at 5e-5.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(t^-1)",
        "text": "SGD, constant step, strongly convex: squared error O(1/t)",
        "source": "the rate of decreasing steps, claimed of a constant one",
    },
    {
        "law": "y <= exp(-0.01 t) + 0.0001",
        "text": "SGD, constant step: linear down to a floor",
        "source": "Bottou, Curtis and Nocedal 2018, Theorem 4.6 (form)",
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """E x_t^2, exactly."""
    t = np.unique(np.geomspace(1, 1e6, 300).round())
    bias = np.exp(2 * t * np.log1p(-0.01))
    return t, bias + 0.01 * 0.1**2 / (2 - 0.01) * (1 - bias)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
