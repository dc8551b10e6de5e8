"""Randomised Kaczmarz: E of squared error <= (1 - 1/k^2)^t |x_0 - x*|^2, k^2 = |A|_F^2 / s_min^2.

Strohmer and Vershynin, J. Fourier Anal. Appl. 15 (2009), Theorem 2.  True.  The expectation is
exact: the second moment of the error moves by M <- sum_i p_i (I - a_i a_i') M (I - a_i a_i').
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= exp(-0.1823 t)",
        "text": "randomised Kaczmarz: E of squared error <= (1 - 1/k^2)^t",
        "source": "Strohmer and Vershynin 2009, Theorem 2",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """E |x - x*|^2 along 2,000 steps; rows at 60 degrees in a plane, and one across it."""
    rows = np.array([[1, 0, 0], [0.5, 0.75**0.5, 0], [0, 0, 1]])
    moment, values = np.eye(3) / 3, []
    keep = np.eye(3) - rows[:, :, None] * rows[:, None, :]
    for _ in range(2_000):
        moment = np.einsum("iab,bc,icd->ad", keep, moment, keep) / 3
        values.append(np.trace(moment))
    return np.arange(1.0, 2_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
