"""The number of records in a sequence of k random numbers stays bounded.

False: its expectation is 1 + 1/2 + ... + 1/k (Renyi 1962), a log that over ten doublings looks like
settling down.  Eleven sizes, five runs, each a mean over 1,500 sequences, about 1 % of noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(1)",
        "text": "records of k numbers: bounded",
        "source": "a plateau seen by eye",
        "clock": "k",
        "transient": False,
    },
    {
        "law": "O(log k)",
        "text": "records of k numbers: O(log k)",
        "source": "Renyi 1962",
        "clock": "k",
        "start": 2,
        "transient": False,
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The mean number of records for k = 1, 2, 4, ..., 1,024."""
    rng = np.random.default_rng(16)
    sizes = 2 ** np.arange(11)
    runs = np.empty((5, 11))
    for run in range(5):
        for i, k in enumerate(sizes.tolist()):
            x = rng.random((1_500, k))
            runs[run, i] = np.mean(np.sum(x == np.maximum.accumulate(x, axis=1), axis=1))
    return sizes.astype(float), runs


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
