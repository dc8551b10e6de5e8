"""Simpson's rule with n panels has error O(n^-4).

True of functions with four bounded derivatives (textbook).  False of sqrt x on [0, 1], whose first
one is not bounded: the error is asymptotically a multiple of n^(-3/2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^-4)",
        "text": "Simpson's rule: error O(n^(-4))",
        "source": "textbook, claimed of sqrt x",
        "clock": "n",
    },
    {
        "law": "O(n^-3/2)",
        "text": "Simpson's rule for sqrt x: error O(n^(-3/2))",
        "source": "textbook (Euler-Maclaurin at a branch point)",
        "clock": "n",
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The error for n = 2 to 20,000, even."""
    sizes = 2 * np.unique(np.geomspace(1, 10_000, 80).round().astype(int))
    errors = []
    for n in sizes.tolist():
        y = np.sqrt(np.arange(n + 1) / n)
        total = y[0] + y[-1] + 4 * y[1::2].sum() + 2 * y[2:-1:2].sum()
        errors.append(2 / 3 - total / (3 * n))
    return sizes.astype(float), np.array(errors)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
