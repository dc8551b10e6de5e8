"""Kernel ridge regression: excess risk O(n^-2/3), for eigenvalues i^-2 and a target in the space.

Caponnetto and De Vito, Found. Comput. Math. 7 (2007), Theorem 1 (b = 2, c = 1).  True; the
parametric rate 1/n is false.  In the sequence model bias and variance are sums: with penalty l =
n^(-2/3), noise 1 and coefficients i^-2 they are sum (l/(l + m_i))^2 i^-4 and (1/n) sum (m_i/(m_i +
l))^2.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(n^-2/3)",
        "text": "kernel ridge regression: excess risk O(n^(-2/3))",
        "source": "Caponnetto and De Vito 2007, Theorem 1",
        "clock": "n",
    },
    {
        "law": "O(n^-1)",
        "text": "kernel ridge regression: excess risk O(1/n)",
        "source": "the parametric rate, claimed of it",
        "clock": "n",
    },
]
TRUTH = [True, False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The risk for n = 10 to 10^6."""
    n = np.unique(np.geomspace(10, 1e6, 80).round())
    i = np.arange(1.0, 20_001)
    penalty = n[:, None] ** (-2 / 3)
    shrunk = 1 / (1 + penalty * i**2)
    return n, np.sum(((1 - shrunk) / i**2) ** 2, axis=1) + np.sum(shrunk**2, axis=1) / n


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
