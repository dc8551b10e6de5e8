"""Polynomials through n + 1 equidistant points of an analytic function converge geometrically.

True of Chebyshev points (Bernstein 1912).  False of equidistant ones (Runge 1901) for 1/(1 + 25
x^2) on [-1, 1]: with w the product of x - x_i the error at x is exactly w(x) / w(i/5) / (1 + 25
x^2) for odd n.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c n)",
        "text": "interpolation at equidistant points: geometric",
        "source": "Bernstein 1912, claimed of equidistant points",
        "clock": "n",
    },
]
TRUTH = [False]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The largest error between the points for n = 3, 5, ..., 1,301, in logs until the end."""
    sizes, errors = np.arange(3, 1_302, 2), []
    for n in sizes.tolist():
        nodes = np.linspace(-1, 1, n + 1)
        x = (nodes[: max(2, n // 8)] + nodes[1 : max(2, n // 8) + 1]) / 2  # the ends are worst
        log_w = np.log(np.abs(x[:, None] - nodes)).sum(axis=1)
        log_pole = np.log(nodes**2 + 0.04).sum() / 2
        errors.append((log_w - log_pole - np.log(1 + 25 * x**2)).max())
    return sizes.astype(float), np.exp(errors)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
