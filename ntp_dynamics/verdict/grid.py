"""What depends on the recorded places alone: worked out once for all claims, runs and jobs that
share them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Float

LARGEST = 1 << 13
"""Larger grids are few, and not kept."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The places t (T,) of a clock."""

    t: Float[np.ndarray, " T"]

    @cached_property
    def end(self) -> float:
        """The largest."""
        return float(self.t.max())

    @cached_property
    def log(self) -> Float[np.ndarray, " T"]:
        return np.log(self.t)

    @cached_property
    def log_log(self) -> Float[np.ndarray, " T"]:
        """ln ln t; nan below 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(self.log)

    @cached_property
    def widths(self) -> Float[np.ndarray, " T"]:
        """The log-time that each place stands for."""
        return np.gradient(self.log) if self.t.size > 1 else np.ones(1)

    @cached_property
    def whole(self) -> bool:
        """Whether all places are integers."""
        return bool((self.t == np.floor(self.t)).all())

    @cached_property
    def finite(self) -> bool:
        return bool(np.isfinite(self.t).all())

    @cached_property
    def start(self) -> float:
        """The smallest."""
        return float(self.t.min())

    @cached_property
    def stuck(self) -> int | None:
        """Where the places first fail to rise; None if they never do."""
        found = np.flatnonzero(np.diff(self.t) <= 0)
        return int(found[0]) + 1 if found.size else None

    def after(self, place: float) -> float:
        """The first place beyond one; inf if there is none."""
        return float(self.t[self.t > place].min(initial=np.inf))


def grid_of(t: Float[np.ndarray, " T"]) -> Grid:
    """The grid of these places, an old one if there is one."""
    return _kept(t.tobytes()) if t.size <= LARGEST else Grid(t)


@lru_cache(maxsize=64)
def _kept(places: bytes) -> Grid:
    return Grid(np.frombuffer(places))
