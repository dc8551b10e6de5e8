"""What the theorems of arXiv 2511.22069 ask for, as they print it, in logs."""

from __future__ import annotations

import math


def ball_radius(n: int) -> float:
    """Theorem 2.1: |mu_i| <= 1/(3 n)."""
    return 1 / (3 * n)


def log_small(n: int, d: int, distance: float) -> float:
    """Theorem 3.2: ln of the largest deviation, exp(-106 n d M^3)/(108 n d)."""
    return -106 * n * d * distance**3 - math.log(108 * n * d)


def small_from(n: int, distance: float, eta: float) -> float:
    """Theorem 3.2: the step from which the loss is O(1/sqrt(tau)), n ln(6 n M)/(2 eta)."""
    return max(1.0, n * math.log(max(6 * n * distance, 1.0)) / (2 * eta))


def random_distance(n: int, d: int) -> float:
    """Theorem 3.5: M > 1e9 sqrt(d) n^10."""
    return 1e9 * math.sqrt(d) * float(n) ** 10


def random_probability(n: int, distance: float) -> float:
    """Theorem 3.5: exactly one converges with at least the probability 1 - n^2 M^(-1/3)."""
    return max(0.0, 1 - n**2 * distance ** (-1 / 3)) if distance > 0 else 0.0
