"""A panel as plain data: what figures paint and pages draw alike.

On a logarithmic axis numbers are given by their log10: a loss may be below the range of floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Line:
    """A curve, or points; ``fade`` is the opacity."""

    label: str
    x: Float[np.ndarray, " T"]
    y: Float[np.ndarray, " T"]
    ink: str
    dash: str = ""
    """Of an SVG stroke: "6 4" is dashed, "1 3" dotted; empty is solid."""
    points: bool = False
    fade: float = 1.0


@dataclass(frozen=True)
class Cells:
    """Counts on a grid of places."""

    x: Float[np.ndarray, " M"]
    y: Float[np.ndarray, " K"]
    values: Float[np.ndarray, "M K"]
    most: int


@dataclass(frozen=True)
class Panel:
    """Lines over cells, if any; ``level``: a horizontal line, ``mark``: a vertical one."""

    name: str
    title: str
    x: str
    y: str
    lines: Sequence[Line]
    log: str = ""
    """The logarithmic axes: "", "x", "y" or "xy"."""
    cells: Cells | None = None
    level: float | None = None
    mark: float | None = None
    y_range: tuple[float, float] | None = None
    legend: str = "best"
    """Where a figure puts it."""

    def to_json(self) -> dict[str, Any]:
        """As a page draws it: short finite numbers, None for what is none."""
        return _plain(asdict(self))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(x) for x in value]
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    return value


def has(tree: Any, stage: str, *names: str) -> bool:
    """Whether a phase, or what is known before the first step, holds all of these."""
    return stage in tree and all(name in tree[stage] for name in names)


def log10(values: Iterable[float] | Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
    """nan where there is no logarithm."""
    x = np.asarray(values, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, np.log10(np.where(x > 0, x, 1.0)), np.nan)


def from_ln(values: Float[np.ndarray, ...]) -> Float[np.ndarray, ...]:
    """log10 of what is given by its natural log; nan for zero."""
    return np.where(np.isfinite(values), values, np.nan) / math.log(10)
