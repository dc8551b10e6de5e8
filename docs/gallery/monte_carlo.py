"""Monte Carlo: the mean squared error of an average of n draws is sigma^2 / n.

Textbook.  True.  That it falls like 1/n^2, as equidistributed points allow up to a log, is false.
Draws are uniform; 200 runs are one sample of the expectation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^-1)",
        "text": "Monte Carlo: mean squared error O(1/n)",
        "source": "textbook",
        "clock": "n",
        "about": "ensemble",
    },
    {
        "law": "O(n^-2)",
        "text": "Monte Carlo: mean squared error O(1/n^2)",
        "source": "the rate of equidistributed points, claimed of random ones",
        "clock": "n",
        "about": "ensemble",
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """(mean of n draws - 1/2)^2 of 200 runs."""
    draws = np.random.default_rng(12).random((200, 10_000))
    n = np.unique(np.geomspace(1, 10_000, 150).round().astype(int))
    return n.astype(float), (np.cumsum(draws, axis=1)[:, n - 1] / n - 0.5) ** 2


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
