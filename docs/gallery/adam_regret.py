"""Adam's regret is O(sqrt T) for convex losses.

Kingma and Ba, ICLR 2015, Theorem 4.1.  False: Reddi, Kale and Kumar, ICLR 2018, Theorem 1: losses C
x at every third step, else -x, on [-1, 1], with C > 2, beta_1 = 0 and beta_2 = 1/(1 + C^2): x goes
to 1, where the best point is -1, and the regret grows linearly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "O(sqrt T)",
        "text": "Adam: regret O(sqrt T)",
        "source": "Kingma and Ba 2015, Theorem 4.1",
        "clock": "T",
    },
    {
        "law": "a t <= y <= b t",
        "text": "Adam on this sequence: regret grows linearly",
        "source": "Reddi, Kale and Kumar 2018, Theorem 1",
        "clock": "T",
    },
]
TRUTH = [False, True]

C, STEP = 3.0, 0.5


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The regret against x = -1 after each cycle of three losses."""
    decay = 1 / (1 + C**2)
    x, v, regret, values = 1.0, 0.0, 0.0, []
    for t in range(1, 60_001):
        slope = C if t % 3 == 1 else -1.0
        regret += slope * (x + 1)
        v = decay * v + (1 - decay) * slope**2
        x = min(1.0, max(-1.0, x - STEP / np.sqrt(t) * slope / np.sqrt(v)))
        if t % 3 == 0:
            values.append(regret)
    return 3 * np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
