"""Bisection: the error after t steps is at most 2^-t times the first interval.

Textbook.  True.  The root is sqrt 2 in [1, 2]; the comparison is exact, of integers: the interval
after t steps is [k, k + 1] / 2^t with k the integer square root of 2^(2t + 1).
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= exp(-0.693147 t)",
        "text": "bisection: error <= 2^-t",
        "source": "textbook",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """sqrt(2) - k / 2^t along 900 steps, from 1,000 binary digits of sqrt 2."""
    digits = 1_000
    root = isqrt(2 << 2 * digits)
    rest = [root - (isqrt(2 << 2 * t) << digits - t) for t in range(1, 901)]
    return np.arange(1.0, 901), np.array([r / (1 << digits) for r in rest])


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
