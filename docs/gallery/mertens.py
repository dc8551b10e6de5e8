"""|M(n)| <= sqrt(n), M the sum of the Moebius function.

Mertens 1897 conjectured it from n <= 10,000.  False (Odlyzko and te Riele 1985), but no n is known
where it fails; none is below 10^16.  No curve can tell: here the answer is *kept*, and kept to the
horizon is all it says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= sqrt n",
        "text": "Mertens' conjecture: M(n) <= sqrt n in size",
        "source": "Mertens 1897",
        "clock": "n",
    },
]
TRUTH = [True]
BEYOND = "false somewhere beyond 10^16 (Odlyzko and te Riele 1985); true to this horizon"


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|M(n)|, or 1/2 where M is 0, up to a million; 2,000 places."""
    size = 1_000_000
    moebius = np.ones(size + 1, dtype=np.int8)
    prime = np.ones(size + 1, dtype=bool)
    for p in range(2, size + 1):
        if p * p > size:
            break
        if prime[p]:
            prime[p * p :: p] = False
    for p in (np.flatnonzero(prime[2:]) + 2).tolist():
        moebius[p::p] *= -1
        if p * p <= size:
            moebius[p * p :: p * p] = 0
    n = np.unique(np.geomspace(2, size, 2_000).round().astype(int))
    total = np.abs(np.cumsum(moebius[1:], dtype=np.int64))[n - 1]
    return n.astype(float), np.maximum(total, 0.5)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
