"""The walk on the line is back after 2 n steps with a probability at most 1/sqrt(pi n).

Wallis's product; textbook.  True, with 1/sqrt(pi (n + 1/2)) from below, and asymptotically equal.
That it falls like 1/n, as in the plane, is false.  The probability is C(2n, n) / 4^n in integers.
"""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= (pi n)^-1/2",
        "text": "return of the walk on the line: at most 1/sqrt(pi n)",
        "source": "textbook",
        "clock": "n",
    },
    {
        "law": "y -> (pi n)^-1/2",
        "start": 3,
        "text": "return of the walk on the line: 1/sqrt(pi n) in the limit",
        "source": "textbook",
        "clock": "n",
    },
    {
        "law": "O(n^-1)",
        "text": "return of the walk on the line: O(1/n)",
        "source": "Polya 1921, of the plane, claimed of the line",
        "clock": "n",
    },
    {
        "law": "y >= (pi (n + 0.5))^-1/2",
        "text": "return of the walk on the line: at least 1/sqrt(pi (n + 1/2))",
        "source": "textbook",
        "clock": "n",
    },
]
TRUTH = [True, True, False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """C(2n, n) / 4^n for n = 1 to 20,000."""
    n = np.unique(np.geomspace(1, 20_000, 80).round()).astype(int)
    return n.astype(float), np.array([comb(2 * k, k) / (1 << 2 * k) for k in n.tolist()])


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
