"""log x - x / pi(x) tends to 1.08366.

Legendre 1808, from tables up to 400,000.  False: the limit is 1 (Chebyshev 1849; the next term is
1/log x).  The counts pi(10^k) are known up to 10^27 (OEIS A006880); 1.08366 is met within half a
per cent from 10^5 to 10^6 and left for good after.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y -> 1.08366",
        "text": "log x - x/pi(x) tends to 1.08366",
        "source": "Legendre 1808",
        "clock": "x",
        "start": 1e5,
        "tolerance": 0.01,
    },
]
TRUTH = [False]

COUNTS = (
    9592, 78498, 664579, 5761455, 50847534, 455052511, 4118054813, 37607912018, 346065536839,
    3204941750802, 29844570422669, 279238341033925, 2623557157654233, 24739954287740860,
    234057667276344607, 2220819602560918840, 21127269486018731928, 201467286689315906290,
    1925320391606803968923, 18435599767349200867866, 176846309399143769411680,
    1699246750872437141327603, 16352460426841680446427399,
)  # fmt: skip
"""pi(10^k) for k = 5 to 27."""


def curve() -> tuple[np.ndarray, np.ndarray]:
    """log x - x / pi(x) at x = 10^k."""
    k = range(5, 28)
    y = [j * log(10) - 10**j / count for j, count in zip(k, COUNTS, strict=True)]
    return np.array([float(10**j) for j in k]), np.array(y)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
