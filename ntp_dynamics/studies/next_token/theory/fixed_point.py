"""Roots as the limits of maps that contract."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float


def fixed_point(
    step: Callable[[Float[np.ndarray, " S"]], Float[np.ndarray, " S"]],
    start: Float[np.ndarray, " S"],
    most: int,
) -> Float[np.ndarray, " S"]:
    """Where a map that contracts leads to in ``most`` steps, or as soon as it moves no more."""
    for _ in range(most):
        start, before = step(start), start
        if np.array_equal(start, before, equal_nan=True):
            break
    return start
