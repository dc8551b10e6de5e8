"""One softmax attention layer, gradient descent on -log(attention to the right one of two tokens):
the attention to the other is at most 1/(2 h t).

With log-odds u the step is u <- u + 2 h / (1 + e^u), so that e^u + u = 2 h t + 1 up to O(h):
whoever drops the term u finds 1/(1 + e^u) <= 1/(2 h t).  False, and only once u > 2: with h =
0.0011 from step 3,819 on, by at most 5 %.  As O(1/t) it is true.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 454.545 / t",
        "text": "softmax attention: leak at most 1/(2 h t)",
        "source": "an argument that drops a term",
    },
    {
        "law": "O(t^-1)",
        "text": "softmax attention: leak O(1/t)",
        "source": "the same, with some constant",
    },
    {
        "law": "exp(-c t)",
        "text": "softmax attention: leak falls exponentially",
        "source": "the rate of normalised steps, claimed of plain ones",
    },
]
TRUTH = [False, True, False]
SINCE = 3_819


def curve() -> tuple[np.ndarray, np.ndarray]:
    """1 - attention along 400,000 steps."""
    kept = np.unique(np.r_[np.geomspace(1, 400_000, 300).round(), 3_800:3_850]).astype(int)
    u, at, values = 0.0, 0, []
    for stop in kept.tolist():
        for _ in range(stop - at):
            u += 0.0022 / (1 + math.exp(u))
        at = stop
        values.append(1 / (1 + math.exp(u)))
    return kept.astype(float), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
