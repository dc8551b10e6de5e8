"""The star discrepancy of n points of van der Corput's sequence is O(1/n).

False: no sequence has that (Schmidt 1972).  Bejian and Faure (1977): n D_n is at most log n / (3
log 2) + 1, which is true, and the factor is best possible.  In base 2, n D_n is the sum over j of
the distance of n / 2^j to the next integer; y is its largest value up to n.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(1)",
        "text": "van der Corput: discrepancy O(1/n)",
        "source": "the rate of n points that are chosen for n",
        "clock": "n",
    },
    {
        "law": "y <= 0.480899 log n + 1",
        "text": "van der Corput: n D_n <= log n / (3 log 2) + 1",
        "source": "Bejian and Faure 1977",
        "clock": "n",
    },
    {
        "law": "Omega(log n)",
        "text": "van der Corput: the largest n D_n grows like log n",
        "source": "Schmidt 1972, of any sequence",
        "clock": "n",
    },
]
TRUTH = [False, True, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """max over m <= n of m D_m, at 400 places up to 2^20."""
    size = 2**20
    n = np.arange(1, size + 1)
    scaled = n / size  # what all j beyond 20 add
    for j in range(1, 21):
        part = n / 2**j
        scaled = scaled + np.abs(part - np.round(part))
    at = np.unique(np.geomspace(1, size, 400).round().astype(int))
    return at.astype(float), np.maximum.accumulate(scaled)[at - 1]


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
