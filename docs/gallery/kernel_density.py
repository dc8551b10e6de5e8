"""Kernel density estimation with bandwidth n^-1/5: mean integrated squared error O(n^-4/5).

Rosenblatt 1956, Parzen 1962.  True.  The parametric rate 1/n is false.  With a Gaussian kernel and
data from N(0, 1) the error is closed (Fryer 1976): (1/(n h) + (1 - 1/n) / sqrt(1 + h^2) - 2 sqrt 2
/ sqrt(2 + h^2) + 1) / (2 sqrt pi).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^-4/5)",
        "text": "kernel density estimation: MISE O(n^(-4/5))",
        "source": "Rosenblatt 1956",
        "clock": "n",
    },
    {
        "law": "O(n^-1)",
        "text": "kernel density estimation: MISE O(1/n)",
        "source": "the parametric rate, claimed of it",
        "clock": "n",
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The error for n = 10 to 10^8."""
    n = np.unique(np.geomspace(10, 1e8, 120).round())
    h = n**-0.2
    bias = (1 - 1 / n) / np.sqrt(1 + h**2) - 2 * np.sqrt(2) / np.sqrt(2 + h**2) + 1
    return n, (1 / (n * h) + bias) / (2 * np.sqrt(np.pi))


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
