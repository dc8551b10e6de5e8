"""UCB1: E regret <= sum over worse arms of 8 ln T / D, plus (1 + pi^2/3) D.

Auer, Cesa-Bianchi and Fischer, Machine Learning 47 (2002), Theorem 1.  True.  Two Bernoulli arms,
0.6 and 0.4.  That it stays bounded is false (Lai and Robbins 1985: at least of order log T).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 40 log t + 0.858",
        "text": "UCB1: E regret <= 8 ln T / D + (1 + pi^2/3) D",
        "source": "Auer, Cesa-Bianchi and Fischer 2002, Theorem 1",
        "about": "ensemble",
    },
    {
        "law": "O(log t)",
        "text": "UCB1: E regret O(log T)",
        "source": "Auer, Cesa-Bianchi and Fischer 2002, Theorem 1",
        "about": "ensemble",
    },
    {
        "law": "O(1)",
        "text": "UCB1: E regret stays bounded",
        "source": "false by Lai and Robbins 1985",
        "about": "ensemble",
    },
]
TRUTH = [True, True, False]

RUNS, STEPS = 64, 20_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """0.2 times the pulls of the worse arm, of 64 runs, from the second pull on."""
    rng = np.random.default_rng(13)
    won = (rng.random((2, RUNS)) < np.array([[0.6], [0.4]])).astype(float)
    pulls, run, values = np.ones((2, RUNS)), np.arange(RUNS), []
    chances = np.array([0.6, 0.4])
    for t in range(2, STEPS + 1):
        values.append(0.2 * pulls[1])
        index = won / pulls + np.sqrt(2 * np.log(t) / pulls)
        arm = (index[1] > index[0]).astype(int)
        won[arm, run] += rng.random(RUNS) < chances[arm]
        pulls[arm, run] += 1
    return np.arange(2.0, STEPS + 1), np.array(values).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
