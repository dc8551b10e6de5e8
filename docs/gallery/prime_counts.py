"""x / log x < pi(x) for x >= 17, and pi(x) < 1.25506 x / log x for x > 1.

Rosser and Schoenfeld, Illinois J. Math. 6 (1962), Corollary 1.  Both true, the second with next to
nothing to spare at x = 113.  That the first holds from x = 2 on is false at once (x = 2: 2.885 >
1).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y >= x / log x",
        "text": "pi(x) > x / log x for x >= 17",
        "source": "Rosser and Schoenfeld 1962, Corollary 1",
        "clock": "x",
        "start": 17,
    },
    {
        "law": "y <= 1.25506 x / log x",
        "text": "pi(x) < 1.25506 x / log x for x > 1",
        "source": "Rosser and Schoenfeld 1962, Corollary 1",
        "clock": "x",
    },
    {
        "law": "y >= x / log x",
        "text": "pi(x) > x / log x for x >= 2",
        "source": "the same, its start left out",
        "clock": "x",
    },
]
TRUTH = [True, True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """pi(x) at 2 to 1,000, then at 3,000 places up to two million."""
    size = 2_000_000
    sieve = np.ones(size + 1, dtype=bool)
    sieve[:2] = False
    for p in range(2, 1_415):
        if sieve[p]:
            sieve[p * p :: p] = False
    x = np.unique(np.r_[2:1_000, np.geomspace(1_000, size, 3_000).round()]).astype(int)
    return x.astype(float), np.cumsum(sieve)[x].astype(float)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
