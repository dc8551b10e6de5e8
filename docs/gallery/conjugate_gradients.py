"""Conjugate gradients: the error in the energy norm is at most 2 ((sqrt k - 1)/(sqrt k + 1))^t.

Trefethen and Bau, Numerical Linear Algebra (1997), Theorem 38.5.  True.  k = 1,000, for which the
bound is 2 exp(-0.0632561 t); below 1e-13 it is rounding, which the floor says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 2 exp(-0.06325 t)",
        "text": "conjugate gradients: error <= 2 ((sqrt k - 1)/(sqrt k + 1))^t",
        "source": "Trefethen and Bau 1997, Theorem 38.5",
        "floor": 1e-15,
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|x - x*| over |x_0 - x*|, in the energy norm, along 500 steps."""
    a = np.geomspace(1e-3, 1, 3_000)
    best = np.random.default_rng(10).normal(size=a.size) / np.sqrt(a)
    x, r = np.zeros_like(a), a * best
    p, values = r.copy(), []
    for _ in range(500):
        step = (r @ r) / (p @ (a * p))
        x = x + step * p
        after = r - step * a * p
        p = after + (after @ after) / (r @ r) * p
        r = after
        values.append(np.sqrt(np.sum(a * (x - best) ** 2) / np.sum(a * best**2)))
    return np.arange(1.0, 501), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
