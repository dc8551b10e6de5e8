"""The extragradient method on a bilinear game converges linearly.

Korpelevich 1976 (convergence); Tseng, J. Comp. Appl. Math. 60 (1995) (linear rate).  True: a step
of size h on x y multiplies x^2 + y^2 by 1 - h^2 + h^4 exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "extragradient, bilinear: linear",
        "source": "Tseng 1995",
    },
    {
        "law": "y <= exp(-0.019 t)",
        "text": "extragradient with h = 0.2: (1 - h^2 + h^4)^(t/2)",
        "source": "the step, multiplied out",
    },
]
TRUTH = [True, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|(x, y)| along 10,000 steps, from 1, by the method itself."""
    h, x, y, values = 0.2, 1.0, 0.0, []
    for _ in range(10_000):
        u, v = x - h * y, y + h * x
        x, y = x - h * v, y + h * u
        values.append(np.hypot(x, y))
    return np.arange(1.0, 10_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
