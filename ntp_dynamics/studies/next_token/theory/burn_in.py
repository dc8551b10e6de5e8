"""When bounds of Huang, Liang, Yang 2024 begin to speak; letters as in `constants`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.theory.constants import Constants


def corollary1_length(c: Constants, log_steps: Any) -> Float[np.ndarray, " S"]:
    """384 ||W*_ov||^5 log(2|V|) log T / eta0, which T must reach."""
    return 384 * c.ov_norm**5 * math.log(2 * c.vocab_size) * log_steps / c.eta0


def corollary1_burn_in(c: Constants) -> Float[np.ndarray, " S"]:
    """Smallest T from which T >= 384 ||W*_ov||^5 log(2|V|) log T / eta0."""
    factor = corollary1_length(c, 1.0)

    def next_after(t: Float[np.ndarray, " S"]) -> Float[np.ndarray, " S"]:
        # T -> factor log T contracts to the larger root, where there is one
        return np.where(factor > math.e, factor * np.log(np.maximum(t, math.e)), 2.0)

    return np.ceil(np.maximum(fixed_point(next_after, 1e3 + factor, 200), 2.0))


def theorem2_burn_in(c: Constants) -> Float[np.ndarray, " S"]:
    """Smallest t from which t >= 1696 N L_max^4 ||W*_kq||^6 log^2 t / eta."""
    factor = 1696 * c.n * c.max_length**4 * c.kq_norm**6 / c.eta
    # t -> factor log^2 t contracts to the larger root
    return np.ceil(fixed_point(lambda t: factor * np.log(t) ** 2, 1e3 + factor, 100))


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
