"""The walk on a cycle of n places relaxes in O(n log n) steps.

False: the relaxation time is 1/(1 - cos(2 pi / n)), n^2 / (2 pi^2) in order (Levin, Peres and
Wilmer, Markov Chains and Mixing Times, section 12.3).  At most n^2 is true.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n log n)",
        "text": "walk on a cycle: relaxes in O(n log n)",
        "source": "the rate of expanders up to n, claimed of a cycle",
        "clock": "n",
        "transient": False,
    },
    {
        "law": "y <= n^2",
        "text": "walk on a cycle: relaxes within n^2",
        "source": "Levin, Peres and Wilmer, section 12.3",
        "clock": "n",
        "transient": False,
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """1/(1 - cos(2 pi / n)) for odd n from 3 to 100,001."""
    n = 2 * np.unique(np.geomspace(1, 50_000, 80).round()) + 1
    return n, 1 / (2 * np.sin(np.pi / n) ** 2)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
