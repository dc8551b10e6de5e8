"""What a record says as plain JSON for a page: short texts on one line, finite numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float

LONGEST = 200
"""Characters of any text from a record that a page shows, unless it asks for more."""


def text(value: Any, longest: int = LONGEST) -> str:
    """Any value from a record as text for a page: short, one line, valid UTF-8, and without
    characters that steer a terminal or the direction of writing."""
    said = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    said = "".join(c if c.isprintable() else "\ufffd" for c in said[: longest + 1])
    return said if len(said) <= longest else said[: longest - 1] + "…"


def numbers(values: Iterable[float], digits: int = 6) -> list[float | None]:
    """Short finite JSON numbers; None for nan."""
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in values]


def places(t: Float[np.ndarray, " T"]) -> list[float]:
    """Readings of a clock as JSON: integers where all are."""
    if np.isfinite(t).all() and (t == np.floor(t)).all():
        return [int(x) for x in t]
    return [float(f"{x:.12g}") if math.isfinite(x) else 0.0 for x in t]
