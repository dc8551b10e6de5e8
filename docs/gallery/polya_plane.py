"""The walk in the plane comes back a bounded number of times in the mean.

False: Polya 1921.  The mean number of returns up to step 2 n is the sum of (C(2k, k) / 4^k)^2,
which grows like log n / pi.  In space it is true (polya_space).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(1)",
        "text": "walk in the plane: returns stay bounded",
        "source": "Polya 1921, of space, claimed of the plane",
        "clock": "n",
    },
    {
        "law": "O(log n)",
        "text": "walk in the plane: O(log n) returns",
        "source": "Polya 1921",
        "clock": "n",
        "start": 2,
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """Visits to the start, the first included, up to step 2 n; n = 1 to 10^6."""
    k = np.arange(1.0, 1_000_001)
    returns = np.cumprod(1 - 1 / (2 * k)) ** 2
    n = np.unique(np.geomspace(1, 1e6, 200).round()).astype(int)
    return n.astype(float), 1 + np.cumsum(returns)[n - 1]


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
