"""What was recorded of a quantity, as claims read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.grid import Grid, grid_of

RESIDUAL_LIMIT = 1e-3  # normalised updates amplify what rounding left; above this they are noise


@dataclass(frozen=True, eq=False)
class Series:
    """S runs at the places t (T,), which any number of claims are held against.

    ``y``: natural logs or, for laws about values, values.  ``residual``: see `judge.judge`.
    """

    t: Float[np.ndarray, " T"]
    y: Float[np.ndarray, "S T"]
    residual: Any = None

    @cached_property
    def grid(self) -> Grid:
        """That of its places."""
        return grid_of(self.t)

    @cached_property
    def sound(self) -> Bool[np.ndarray, "S T"]:
        """Steps that the residual vouches for."""
        return trusted(self.y, self.residual)

    @cached_property
    def all_sound(self) -> bool:
        """Whether it vouches for every step."""
        return self.residual is None or bool(self.sound.all())

    @cached_property
    def finite(self) -> bool:
        """Whether all values are numbers and none is infinite."""
        return bool(np.isfinite(self.y).all())

    @cached_property
    def known(self) -> bool:
        """Whether all values are numbers, and none is too large for one."""
        return self.finite or bool((self.y < np.inf).all())


def series_of(t: Any, y: Any, residual: Any = None) -> Series:
    """Raises ValueError where the shapes do not fit."""
    t, y = np.asarray(t, dtype=np.float64), np.atleast_2d(np.asarray(y, dtype=np.float64))
    if t.ndim != 1 or not t.size or y.ndim != 2 or y.shape[1] != t.size or not len(y):
        raise ValueError(f"t {t.shape} and log_y {y.shape} are not (T,) and (S, T)")
    return Series(t, y, residual)


def trusted(log_y: Float[np.ndarray, "S T"], residual: Any) -> Bool[np.ndarray, "S T"]:
    """Steps before the residual first passes its limit; nan vouches for nothing."""
    if residual is None:
        return np.ones(log_y.shape, dtype=bool)
    sound = np.broadcast_to(np.asarray(residual, dtype=np.float64), log_y.shape) <= RESIDUAL_LIMIT
    return np.logical_and.accumulate(sound, axis=1)
