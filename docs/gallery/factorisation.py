"""Gradient descent on |X X' - M|^2 converges linearly, also where X has more columns than the rank
of M.

True for the exact rank (Tu et al., ICML 2016).  False with more: the superfluous part falls like
1/t in X X' (Zhuo, Kwon, Ho and Caramanis 2021; Zhang, Fattahi and Zhang, NeurIPS 2021).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "matrix factorisation, too many columns: linear",
        "source": "Tu et al. 2016, claimed of more columns than the rank",
    },
    {
        "law": "O(t^-1)",
        "text": "matrix factorisation, too many columns: norm of X X' - M is O(1/t)",
        "source": "Zhuo, Kwon, Ho and Caramanis 2021 (form)",
    },
]
TRUTH = [False, True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|X X' - M| along 20,000 steps of 0.1; M of rank 1, X 3 x 2."""
    rng = np.random.default_rng(11)
    target = np.zeros((3, 3))
    target[0, 0] = 1
    x, values = rng.normal(size=(3, 2)) / 2, []
    for _ in range(20_000):
        away = x @ x.T - target
        values.append(np.sqrt(np.sum(away**2)))
        x = x - 0.1 * away @ x
    return np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
