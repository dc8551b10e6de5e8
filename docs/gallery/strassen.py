"""Strassen's algorithm takes O(n^2.81) operations; O(n^2.8) is claimed too.

Strassen 1969: the exponent is log2 7 = 2.80735.  The first true, the second false by so little that
it shows only where log n > 1.5 / 0.00735, some n = 10^89; the recursion A(2 n) = 7 A(n) + 18 n^2 is
exact in integers, and n goes to 2^340.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^2.81)",
        "text": "Strassen: O(n^2.81) operations",
        "source": "Strassen 1969",
        "clock": "n",
        "transient": False,
    },
    {
        "law": "O(n^2.8)",
        "text": "Strassen: O(n^2.8) operations",
        "source": "its exponent, rounded down",
        "clock": "n",
        "transient": False,
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """Additions and multiplications for n = 2^k, k = 1 to 340."""
    operations, values = 1, []
    for k in range(340):
        operations = 7 * operations + 18 * 4**k
        values.append(float(operations))
    return 2.0 ** np.arange(1, 341), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
