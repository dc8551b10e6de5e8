"""Gradient descent-ascent on a bilinear game x y: the iterates stay bounded.

So they do in continuous time, where x^2 + y^2 is conserved.  False of the method: each step of size
h multiplies x^2 + y^2 by 1 + h^2 exactly (a classical example; Daskalakis, Ilyas, Syrgkanis and
Zeng, ICLR 2018).  With h = 0.01 nothing shows before step 1/h^2 = 10,000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(1)",
        "text": "gradient descent-ascent, bilinear: iterates stay bounded",
        "source": "true of the flow, claimed of the method",
    },
]
TRUTH = [False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|(x, y)| up to step 1,000,000, from 1."""
    t = np.unique(np.geomspace(1, 1e6, 300).round())
    return t, np.exp(t / 2 * np.log1p(0.01**2))


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
