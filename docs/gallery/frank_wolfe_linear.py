"""Frank-Wolfe with exact line search is said to converge linearly on a strongly convex f over a
polytope.

Guelat and Marcotte (1986) prove it where the optimum is inside.  False where it lies on a face:
Canon and Cullum (SIAM J. Control 6, 1968) show that f - f* is below t^(-1-e) for no e > 0; the path
zigzags between the corners of the face.  Here: the triangle (-1,0), (1,0), (0,1), optimum (0.2, 0).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "Frank-Wolfe with line search, strongly convex, polytope: linear",
        "source": "Guelat and Marcotte 1986, claimed for an optimum on a face",
    },
]
TRUTH = [False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """|x - x*|^2 / 2 along 20,000 steps, from the top corner."""
    corners, (x, y), values = ((-1.0, 0.0), (1.0, 0.0), (0.0, 1.0)), (0.0, 1.0), []
    for _ in range(20_000):
        gx, gy = x - 0.2, y
        cx, cy = min(corners, key=lambda c: gx * c[0] + gy * c[1])
        dx, dy = cx - x, cy - y
        step = min(1.0, -(gx * dx + gy * dy) / (dx * dx + dy * dy))
        x, y = x + step * dx, y + step * dy
        values.append(((x - 0.2) ** 2 + y**2) / 2)
    return np.arange(1.0, 20_001), np.array(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
