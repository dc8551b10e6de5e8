"""Numbers as people read them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def spell(value: float, decimals: int | None = None) -> str:
    """A number to three digits, or with so many ``decimals``."""
    if not np.isfinite(value):
        return "none"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if value == 0 or 1e-2 <= abs(value) < 1e6:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def spread(values: Float[np.ndarray, " n"], decimals: int | None = None) -> str:
    """Median and range of the known values; one number where there is one or no range."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return "none"
    low, middle, high = (spell(x, decimals) for x in (known.min(), np.median(known), known.max()))
    return middle if low == high else f"{middle} [{low}, {high}]"
