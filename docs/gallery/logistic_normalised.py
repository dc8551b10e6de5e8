"""Normalised gradient descent on separable data with exponential loss: the margin gap is O(1/t).

Ji and Telgarsky, ALT 2021 (primal-dual analysis of implicit bias).  True.  Samples (1, 1/2) and (1,
-1), largest margin 1; steps of w are 1 times the gradient of log(sum of exp(-margins)), so that
losses of e^(-20,000) need no numbers: only softmax weights do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(t^-1)",
        "text": "normalised gradient descent, separable: margin gap O(1/t)",
        "source": "Ji and Telgarsky 2021",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """1 - min margin / |w| along 20,000 steps."""
    a, b, values = 0.0, 0.0, []
    for _ in range(20_000):
        p = 1 / (1 + math.exp(min(700.0, 1.5 * b)))  # weight of the first sample
        a, b = a + 1, b + p / 2 - (1 - p)
        low, norm = min(a + b / 2, a - b), math.hypot(a, b)
        values.append((b * b / (norm + a) + a - low) / norm)
    return np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
