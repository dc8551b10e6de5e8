"""Epsilon-greedy with a fixed epsilon has regret O(log T).

So it has with epsilon_t of order 1/t (Auer, Cesa-Bianchi and Fischer 2002, Theorem 3).  False with
a fixed one: every pull at random costs half the gap, so that the regret is at least epsilon D T /
2.  Two Bernoulli arms, 0.6 and 0.4, epsilon = 0.1; falsity shows once 0.01 T is more than what
learning cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(log t)",
        "text": "epsilon-greedy, fixed epsilon: E regret O(log T)",
        "source": "Auer, Cesa-Bianchi and Fischer 2002, Theorem 3, claimed of a fixed epsilon",
        "about": "ensemble",
    },
]
TRUTH = [False]

RUNS, STEPS = 64, 10_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """0.2 times the pulls of the worse arm, of 64 runs."""
    rng = np.random.default_rng(14)
    won = (rng.random((2, RUNS)) < np.array([[0.6], [0.4]])).astype(float)
    pulls, run, values = np.ones((2, RUNS)), np.arange(RUNS), []
    chances = np.array([0.6, 0.4])
    for _ in range(2, STEPS + 1):
        values.append(0.2 * pulls[1])
        greedy = (won[1] * pulls[0] > won[0] * pulls[1]).astype(int)
        arm = np.where(rng.random(RUNS) < 0.1, rng.integers(0, 2, RUNS), greedy)
        won[arm, run] += rng.random(RUNS) < chances[arm]
        pulls[arm, run] += 1
    return np.arange(2.0, STEPS + 1), np.array(values).T


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
