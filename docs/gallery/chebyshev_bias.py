"""There are at least as many primes 4 k + 3 as 4 k + 1 up to any x.

Chebyshev observed it in 1853.  False, first at x = 26,861 (Leech 1957), and by Littlewood (1914)
again and again.  Held here as: (primes 4 k + 1 up to x) / (primes 4 k + 3 up to x) <= 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 1",
        "text": "primes 4 k + 1 never outnumber primes 4 k + 3",
        "source": "Chebyshev 1853",
        "clock": "x",
    },
]
TRUTH = [False]
SINCE = 26_861


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The ratio at every prime from 5 to 50,000."""
    sieve = np.ones(50_001, dtype=bool)
    sieve[:2] = False
    for p in range(2, 224):
        if sieve[p]:
            sieve[p * p :: p] = False
    primes = np.flatnonzero(sieve)
    ones, threes = np.cumsum(primes % 4 == 1), np.cumsum(primes % 4 == 3)
    return primes[2:].astype(float), ones[2:] / threes[2:]


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
