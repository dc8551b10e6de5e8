"""Euler-Maruyama with n steps: strong error O(n^-1/2); O(n^-1) is its weak order.

Kloeden and Platen, Numerical Solution of Stochastic Differential Equations (1992), Theorem 10.2.2.
The first true, the second, claimed of strong errors, false.  For dX = m X dt + s X dW the mean
squared error is closed: E X^2 + E Y^2 - 2 E X Y, powers that cancel, so 50 digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import exp, mp, mpf, sqrt

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^-1/2)",
        "text": "Euler-Maruyama: strong error O(n^(-1/2))",
        "source": "Kloeden and Platen 1992, Theorem 10.2.2",
        "clock": "n",
    },
    {
        "law": "O(n^-1)",
        "text": "Euler-Maruyama: strong error O(1/n)",
        "source": "its weak order, claimed of strong errors",
        "clock": "n",
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """sqrt E (X - Y)^2 at time 1; m = 1/2, s = 1, X(0) = 1."""
    n = np.unique(np.geomspace(1, 1e6, 80).round()).astype(int)
    errors = []
    with mp.workdps(50):
        m, s2 = mpf(1) / 2, mpf(1)
        for steps in n.tolist():
            h = mpf(1) / steps
            exact, both = exp(2 * m + s2), ((1 + (m + s2) * h) * exp(m * h)) ** steps
            errors.append(float(sqrt(exact + ((1 + m * h) ** 2 + s2 * h) ** steps - 2 * both)))
    return n.astype(float), np.array(errors)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
