"""EM for a balanced mixture of N(a, 1) and N(-a, 1), well specified: |a_t - a*| falls
exponentially.

Balakrishnan, Wainwright and Yu, Annals of Statistics 45 (2017), for components that are apart; for
all a* > 0 Daskalakis, Tzamos and Zampetakis (COLT 2017).  True.  a* = 0.5, a <- E X tanh(a X) with
X from N(a*, 1) by quadrature; 1e-15 is rounding, which the floor says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "EM for two Gaussians that are there: linear",
        "source": "Daskalakis, Tzamos and Zampetakis 2017",
        "floor": 1e-15,
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|a - a*| along 200 steps from 2 and 0.1; a* as the quadrature has it."""
    x, weight = np.polynomial.hermite_e.hermegauss(80)
    x, weight = x + 0.5, weight / weight.sum()
    a, path = np.array([2.0, 0.1]), []
    for _ in range(1_000):
        path.append(a)
        a = np.tanh(a[:, None] * x) @ (x * weight)
    return np.arange(1.0, 201), np.abs(np.array(path[1:201]) - a).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
