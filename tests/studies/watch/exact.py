"""The loop of docs/watch/separable.py in forty digits."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpmath import mp, mpf


def gradients(separable: Any, rule: str, steps: int) -> list[np.ndarray]:
    """The gradients (2, 3) along the exact trajectory, rounded once each is known."""
    found = []
    with mp.workdps(40):
        points = [[mpf(a) for a in p] for p in separable.POINTS]
        w = [[mpf(0)] * 3 for _ in range(2)]
        for t in range(steps):
            g = [[mpf(0)] * 3 for _ in range(2)]
            for p, y in zip(points, separable.CLASSES, strict=True):
                z = [p[0] * w[0][v] + p[1] * w[1][v] for v in range(3)]
                e = [mp.exp(a - z[y]) for a in z]
                rest = sum(e[v] for v in range(3) if v != y)
                for v in range(3):
                    share = (-rest if v == y else e[v]) / (1 + rest) / len(points)
                    g[0][v] += p[0] * share
                    g[1][v] += p[1] * share
            found.append(np.array([[float(a) for a in row] for row in g]))
            size = mp.sqrt(sum(a * a for row in g for a in row)) if rule == "ngd" else mpf(1)
            for i in range(2):
                for v in range(3):
                    w[i][v] -= separable.rate(rule, t) * g[i][v] / size
    return found
