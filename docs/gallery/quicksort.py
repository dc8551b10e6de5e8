"""Quicksort makes at most 2 n ln n comparisons in the mean.

Hoare 1962; the mean is 2 (n + 1) H_n - 4 n exactly.  True, and so is O(n^1.1), though n log n
outgrows n^1.1 up to n = e^10 = 22,026: a log that looks like a power.  O(n) is false.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 2 n log n",
        "text": "quicksort: at most 2 n ln n comparisons",
        "source": "Hoare 1962",
        "clock": "n",
        "start": 2,
    },
    {
        "law": "O(n^1.1)",
        "text": "quicksort: O(n^1.1) comparisons",
        "source": "weaker than Hoare 1962",
        "clock": "n",
    },
    {
        "law": "O(n)",
        "text": "quicksort: O(n) comparisons",
        "source": "a log that is overlooked",
        "clock": "n",
        "transient": False,
    },
]
TRUTH = [True, True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """2 (n + 1) H_n - 4 n for n = 2 to 10^6."""
    n = np.unique(np.geomspace(2, 1e6, 120).round()).astype(int)
    harmonic = np.cumsum(1 / np.arange(1.0, 1_000_001))
    return n.astype(float), 2 * (n + 1) * harmonic[n - 1] - 4 * n


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
