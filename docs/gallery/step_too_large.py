"""Gradient descent on a convex quadratic with step 2.005/L: f never rises.

The descent lemma asks for a step below 2/L (Nesterov 2004, section 1.2.3).  False without, and only
from a late step on: the steepest direction grows by 1.005 a step from where it starts, here 1e-12,
so that f falls for 4,422 steps.  f is evaluated in closed form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "never rises",
        "text": "gradient descent, step 2.005/L: f never rises",
        "source": "the descent lemma (Nesterov 2004), claimed of a step above 2/L",
    },
    {
        "law": "O(t^-1)",
        "text": "gradient descent, step 2.005/L: f - f* = O(1/t)",
        "source": "Nesterov 2004, Corollary 2.1.2, claimed of a step above 2/L",
    },
]
TRUTH = [False, False]
SINCE = 4_423


def curve() -> tuple[np.ndarray, np.ndarray]:
    """f along 8,000 steps: 200 curvatures from 1e-4 to 1/2 and one of 1."""
    t = np.arange(1.0, 8_001)
    curvature = np.geomspace(1e-4, 0.498, 200)
    slow = curvature @ np.exp(2 * t * np.log(np.abs(1 - 2.005 * curvature))[:, None]) / 2
    return t, slow + 1e-24 * np.exp(2 * t * np.log(1.005)) / 2


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
