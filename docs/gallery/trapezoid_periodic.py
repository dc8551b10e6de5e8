"""The trapezoidal rule for a periodic analytic function: error O(n^-2), and exponentially small.

Both true: the first holds for two derivatives (textbook), the second for a strip of analyticity
(Trefethen and Weideman, SIAM Review 56, 2014, Theorem 3.2).  For the mean of 0.75 / (1.25 - cos x)
the error with n points is exactly 2 r^n / (1 - r^n), r = 1/2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^-2)",
        "text": "trapezoidal rule: error O(1/n^2)",
        "source": "textbook",
        "clock": "n",
    },
    {
        "law": "exp(-c n)",
        "text": "trapezoidal rule, periodic and analytic: geometric",
        "source": "Trefethen and Weideman 2014, Theorem 3.2",
        "clock": "n",
    },
]
TRUTH = [True, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The error for n = 1 to 900."""
    n = np.arange(1.0, 901)
    return n, 2 * 0.5**n / (1 - 0.5**n)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
