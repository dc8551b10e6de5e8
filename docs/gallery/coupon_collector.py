"""All of n coupons are seen after O(n) draws in the mean.

False: it takes n (1 + 1/2 + ... + 1/n) draws exactly (Erdos and Renyi 1961; textbook), n log n in
order, which over a few decades looks like n^1.1.  O(n log n) is true.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n)",
        "text": "coupon collector: O(n) draws",
        "source": "a log that is overlooked",
        "clock": "n",
        "transient": False,
    },
    {
        "law": "O(n log n)",
        "text": "coupon collector: O(n log n) draws",
        "source": "Erdos and Renyi 1961",
        "clock": "n",
        "start": 2,
        "transient": False,
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """n H_n for n = 1 to 10^6."""
    n = np.unique(np.geomspace(1, 1e6, 120).round()).astype(int)
    harmonic = np.cumsum(1 / np.arange(1.0, 1_000_001))
    return n.astype(float), n * harmonic[n - 1]


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
