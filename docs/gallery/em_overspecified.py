"""EM converges linearly: here for a balanced mixture of N(a, 1) and N(-a, 1) fitted to N(0, 1).

True where the components are apart (Balakrishnan, Wainwright and Yu, Annals of Statistics 45,
2017). False where there are more components than in the data (Dwivedi, Ho, Khamaru, Wainwright,
Jordan and Yu, Annals of Statistics 48, 2020): a <- E X tanh(a X) = a - a^3 + ..., so that a ~ (2
t)^(-1/2).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "EM for two Gaussians: linear",
        "source": "Balakrishnan, Wainwright and Yu 2017, claimed of one Gaussian",
    },
    {
        "law": "O(t^-1/2)",
        "text": "EM with one component too many: O(t^(-1/2))",
        "source": "Dwivedi et al. 2020",
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """a along 20,000 steps of the population from 1, 0.5 and 2; E by Gauss-Hermite quadrature."""
    x, weight = np.polynomial.hermite_e.hermegauss(80)
    weight = x * weight / weight.sum()
    a, values = np.array([1.0, 0.5, 2.0]), []
    for _ in range(20_000):
        a = np.tanh(a[:, None] * x) @ weight
        values.append(a)
    return np.arange(1.0, 20_001), np.array(values).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
