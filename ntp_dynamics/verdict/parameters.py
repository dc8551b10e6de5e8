"""Parameters and curves of laws: their shapes, and how they read in a formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

Parameter = float | Float[np.ndarray, " S"]
CurveLike = Callable[[Float[np.ndarray, " T"]], Any] | Float[np.ndarray, " ..."] | float


def one_a_run(value: Any) -> Float[np.ndarray, " S"]:
    """(1,) or (S,).  Raises ValueError for more dimensions."""
    array = np.atleast_1d(np.asarray(value, dtype=np.float64))
    if array.ndim != 1:
        raise ValueError(f"a parameter is one number or one a run, not of shape {array.shape}")
    return array


def curve_of(value: Any) -> Any:
    """A function as it is; a number as (1, 1), a (T,) array as (1, T), an (S, T) array as it is."""
    return value if callable(value) else np.atleast_2d(np.asarray(value, dtype=np.float64))


def on_grid(curve: Any, t: Float[np.ndarray, " T"]) -> Float[np.ndarray, "S T"]:
    """(1, T) or (S, T): the values of a curve on a grid."""
    values = curve_of(curve(t)) if callable(curve) else curve
    return values if values.shape[1] == t.size else np.broadcast_to(values, (len(values), t.size))


def allowance(value: Any) -> Any:
    """A tolerance: one number, or a curve.  Raises ValueError where it is negative."""
    if callable(value):
        return value
    if (np.asarray(value) < 0).any():
        raise ValueError("a tolerance is not negative")
    return float(value) if np.ndim(value) == 0 else curve_of(value)


def power_formula(p: float, q: float) -> str:
    """t^-p log^q t with the negative powers below one stroke: ``log^2 t / t``."""
    factors = [("log{} t", q), ("t{}", -p)]
    above = [_factor(name, e) for name, e in factors if e > 0]
    below = [_factor(name, -e) for name, e in reversed(factors) if e < 0]
    top, bottom = " ".join(above) or "1", " ".join(below)
    if len(below) > 1:
        bottom = f"({bottom})"
    return f"{top} / {bottom}" if bottom else top


def in_short(values: Any) -> str:
    """A number; ``a..b`` where runs or places differ; ? where none is known."""
    values = np.atleast_1d(values)
    known = values[~np.isnan(values)]
    if not known.size:
        return "?"
    low, high = f"{known.min():.3g}", f"{known.max():.3g}"
    return low if low == high else f"{low}..{high}"


def _factor(name: str, exponent: float) -> str:
    return name.format("" if exponent == 1 else f"^{exponent:.3g}")


def told(value: Float[np.ndarray, " N"] | None) -> Any:
    """Numbers for JSON: one where all are equal, else a list; those that are not finite by name."""
    if value is None:
        return None
    numbers = [x if math.isfinite(x) else str(x) for x in value.tolist()]
    return numbers[0] if all(x == numbers[0] for x in numbers) else numbers


def heard(value: Any) -> Float[np.ndarray, " N"] | None:
    """The inverse of ``told``.  Raises ValueError for what are no numbers."""
    return None if value is None else one_a_run(np.asarray(value, dtype=np.float64))


def ordered(low: float, high: float) -> tuple[float, float]:
    """Raises ValueError where nothing is claimed, or nothing can be met."""
    if not low <= high or low == high == math.inf or (low, high) == (-math.inf, math.inf):
        raise ValueError(f"[{low:g}, {high:g}] is no range that says something")
    return float(low), float(high)
