"""What depends on the recorded places alone: worked out once for all claims, runs and jobs that
share them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
from jaxtyping import Float

Made = TypeVar("Made")
More = ParamSpec("More")
Grid = Float[np.ndarray, " T"]


def per_grid(
    make: Callable[Concatenate[Grid, More], Made],
) -> Callable[Concatenate[Grid, More], Made]:
    """A function of a grid (T,), and of what can be hashed, that keeps what it returned.

    Arrays are returned read-only.
    """

    @lru_cache(maxsize=256)
    def kept(places: bytes, *more: More.args, **named: More.kwargs) -> Made:
        made = make(np.frombuffer(places), *more, **named)
        if isinstance(made, np.ndarray):
            made.setflags(write=False)
        return made

    @wraps(make)
    def of(t: Grid, *more: More.args, **named: More.kwargs) -> Made:
        return kept(t.tobytes(), *more, **named)

    return of


@per_grid
def log(t: Grid) -> Grid:
    """ln t."""
    return np.log(t)


@per_grid
def log_log(t: Grid) -> Grid:
    """ln ln t; nan below 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.log(t))


@per_grid
def log_log_from_1(t: Grid) -> Grid:
    """ln ln t, of which nothing below ln 0.1 counts."""
    return np.log(np.maximum(np.log(t), 0.1))


@per_grid
def widths(t: Grid) -> Grid:
    """The log-time that each place stands for."""
    return np.gradient(np.log(t)) if t.size > 1 else np.ones(1)


@per_grid
def whole(t: Grid) -> bool:
    """Whether all places are integers."""
    return bool((t == np.floor(t)).all())


@per_grid
def stuck(t: Grid) -> int | None:
    """Where the places first fail to rise; None if they never do."""
    found = np.flatnonzero(np.diff(t) <= 0)
    return int(found[0]) + 1 if found.size else None


@per_grid
def places(t: Grid, whole: bool, zero: bool) -> bool:
    """Whether all are positive numbers, or integers; 0 may be allowed."""
    some = (t >= 0) if zero else (t > 0)
    return bool((some & np.isfinite(t) & ((t == np.floor(t)) | (not whole))).all())


@per_grid
def first(t: Grid, after: float) -> float:
    """The first place beyond one; inf if there is none."""
    return float(t[t > after].min(initial=np.inf))
