"""Gradient descent on separable logistic data: the loss is O(1/t).  True, and it sets in late.

Soudry, Hoffer, Nacson, Gunasekar and Srebro, JMLR 19 (2018), Theorem 5.  It sets in when the margin
outweighs the start.  These are five draws of 20 Gaussian points in 4 dimensions, with margins from
0.05 to 0.24; at 10,000 steps the loss of the smallest still falls like t^-0.46.  From 300,000 steps
on all five are kept.  Nothing in the first 10,000 tells this from a slower rate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(t^-1)",
        "text": "gradient descent, separable, small margins: loss O(1/t)",
        "source": "Soudry et al. 2018, Theorem 5",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The loss of five data sets along 10,000 steps of size 1."""
    draws = [np.random.default_rng(seed).normal(size=(20, 4)) for seed in range(5)]
    x = np.stack([draw * np.sign(draw[:, :1]) for draw in draws])  # labels are all 1
    w, losses = np.zeros((5, 4)), []
    for _ in range(10_000):
        e = np.exp(-np.einsum("snd,sd->sn", x, w))
        losses.append(np.log1p(e).mean(axis=1))
        w += np.einsum("snd,sn->sd", x, e / (1 + e)) / 20
    return np.arange(1.0, 10_001), np.array(losses).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
