"""The expected maximum of n standard normal numbers is at most sqrt(2 log n), and tends to it.

Boucheron, Lugosi and Massart, Concentration Inequalities (2013), Theorem 2.5; textbook.  Both true;
the ratio tends to 1 only like 1 - log log n / (4 log n), too slowly for any curve: at n = 10^6 it
is 0.92.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_ndtr

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= sqrt(2 log n)",
        "text": "maximum of n normal numbers: at most sqrt(2 log n)",
        "source": "Boucheron, Lugosi and Massart 2013, Theorem 2.5",
        "clock": "n",
    },
    {
        "law": "y -> sqrt(2 log n)",
        "text": "maximum of n normal numbers: sqrt(2 log n) in the limit",
        "source": "textbook",
        "clock": "n",
    },
    {
        "law": "O(1)",
        "text": "maximum of n normal numbers: bounded",
        "source": "a log that is overlooked",
        "clock": "n",
        "transient": False,
    },
]
TRUTH = [True, True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The integral of 1 - F^n above 0 minus that of F^n below; n = 2 to 10^6."""
    n = np.unique(np.geomspace(2, 1e6, 120).round())
    x = np.arange(-6, 10, 0.002) + 0.001
    power = np.exp(log_ndtr(x) * n[:, None])
    return n, np.sum(np.where(x > 0, 1 - power, -power), axis=1) * 0.002


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
