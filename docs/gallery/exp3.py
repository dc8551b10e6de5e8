"""Exp3 with eta_t = sqrt(ln K / (t K)): pseudo-regret <= 2 sqrt(T K ln K) at every T.

Bubeck and Cesa-Bianchi, Regret Analysis of Stochastic and Nonstochastic Multi-armed Bandit Problems
(2012), Theorem 3.1.  True.  Two arms whose losses are Bernoulli, 0.4 and 0.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "y <= 2.35482 sqrt T",
        "text": "Exp3: pseudo-regret <= 2 sqrt(T K ln K)",
        "source": "Bubeck and Cesa-Bianchi 2012, Theorem 3.1",
        "clock": "T",
        "about": "ensemble",
    },
]
TRUTH = [True]

RUNS, STEPS = 64, 10_000


def curve() -> tuple[np.ndarray, np.ndarray]:
    """Expected losses of the arms that were pulled minus those of the better arm, at least 1e-9."""
    rng = np.random.default_rng(15)
    estimate, regret, values = np.zeros((2, RUNS)), np.zeros(RUNS), []
    mean, run = np.array([0.4, 0.6]), np.arange(RUNS)
    for t in range(1, STEPS + 1):
        eta = np.sqrt(np.log(2) / (2 * t))
        second = 1 / (1 + np.exp(eta * (estimate[1] - estimate[0])))
        arm = (rng.random(RUNS) < second).astype(int)
        loss = rng.random(RUNS) < mean[arm]
        estimate[arm, run] += loss / np.where(arm == 1, second, 1 - second)
        regret = regret + 0.2 * arm
        values.append(regret)
    return np.arange(1.0, STEPS + 1), np.maximum(np.array(values).T, 1e-9)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
