"""The simple walk in space comes back a bounded number of times in the mean.

Polya 1921.  True: the sum of the return probabilities is 1.5163860... (Watson 1939).  They obey n^3
u_n = (2n - 1)(10 n^2 - 10 n + 3) u_n-1 / 18 - (n - 1)(2n - 1)(2n - 3) u_n-2 / 36 (closed walks on
the cubic lattice, OEIS A002896, over 36^n).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(1)",
        "text": "walk in space: returns stay bounded",
        "source": "Polya 1921",
        "clock": "n",
    },
    {
        "law": "y <= 1.516387",
        "text": "walk in space: at most 1.516386 visits",
        "source": "Watson 1939",
        "clock": "n",
    },
]
TRUTH = [True, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """Visits to the start, the first included, up to step 2 n; n = 1 to 20,000."""
    before, now, visits, values = 1.0, 1 / 6, 1 + 1 / 6, [1 + 1 / 6]
    for n in range(2, 20_001):
        first = (2 * n - 1) * (10 * n * n - 10 * n + 3) / 18 * now
        before, now = now, (first - (n - 1) * (2 * n - 1) * (2 * n - 3) / 36 * before) / n**3
        visits += now
        values.append(visits)
    return np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
