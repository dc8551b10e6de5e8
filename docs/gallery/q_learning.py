"""Q-learning with steps 1/t: the error is O(t^-1/2).

False where the discount g is above 1/2: with one state and no noise the error is multiplied by 1 -
(1 - g)/t, so that it falls like t^(-(1 - g)) (Szepesvari, NIPS 1997; Even-Dar and Mansour, JMLR 5,
2003, show the same of steps 1/t in general).  Here g = 0.9.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(t^-1/2)",
        "text": "Q-learning, steps 1/t: error O(t^(-1/2))",
        "source": "the rate for discounts below 1/2, claimed for all",
    },
    {
        "law": "O(t^-0.1)",
        "text": "Q-learning, steps 1/t, discount 0.9: error O(t^(-0.1))",
        "source": "Szepesvari 1997 (form)",
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|Q - Q*| along 100,000 steps from Q = 0; reward 1, so that Q* = 10."""
    q, values = 0.0, []
    for t in range(1, 100_001):
        q += (1 + 0.9 * q - q) / (t + 1)
        values.append(10 - q)
    return np.arange(1.0, 100_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
