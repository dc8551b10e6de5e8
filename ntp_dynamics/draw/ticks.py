"""Ticks that read as people write numbers: 0.005, 200, 5×10⁻⁷."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

TIMES = "\N{MULTIPLICATION SIGN}"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def decade_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Ticks for an axis in decades: powers of ten, on a short axis 1, 2 and 5 times them, on a very
    short one even steps."""
    if high - low > 1.5:
        steps = (m * 10**k for k in itertools.count() for m in (1, 2, 5))
        step = next(s for s in steps if (high - low) / s <= most)
        return [float(x) for x in range(step * math.ceil(low / step), math.floor(high) + 1, step)]
    base = math.floor(low)  # a number beside it is no float where losses are, 10 to it may not be
    low, high = low - base, high - base
    fine = [k + math.log10(m) for k in range(3) for m in (1, 2, 5)]
    ticks = [base + x for x in fine if low <= x <= high]
    if len(ticks) > 1:
        return ticks
    step = 10.0 ** math.floor(math.log10(10**high - 10**low))
    first = math.ceil(10**low / step)
    even = [math.log10(i * step) for i in range(max(first, 1), first + 11)]
    return [base + x for x in even if x <= high][:: 1 + len(even) // (2 * most)]


def decade_label(value: float) -> str:
    """A tick at 10^value: plain from 0.001 to 99,999, else a power of ten and what is before it."""
    exponent = math.floor(value + 1e-9)
    mantissa = float(f"{10 ** (value - exponent):.4g}")
    if -3 <= exponent <= 4:
        return f"{mantissa * 10.0**exponent:,.7g}"
    power = f"10{str(exponent).translate(SUPERSCRIPT)}"
    return power if mantissa == 1 else f"{mantissa:g}{TIMES}{power}"


def read_plainly(figure: Figure) -> None:
    """Ticks of this kind on every axis of a figure that matplotlib would write in powers of ten;
    thousands are marked on the others."""
    from matplotlib.ticker import LogFormatter, MaxNLocator, ScalarFormatter

    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            formatter, thousands = axis.get_major_formatter(), 1e3 <= max(-low, high) < 1e8
            if isinstance(formatter, LogFormatter):
                _set_ticks(axis)
            elif isinstance(formatter, ScalarFormatter) and thousands and high - low > 100:
                axis.set_major_formatter("{x:,.0f}")
                if high >= 1e6:  # long numbers side by side
                    axis.set_major_locator(MaxNLocator(5))


def _set_ticks(axis: Axis) -> None:
    from matplotlib.ticker import NullFormatter

    low, high = sorted(axis.get_view_interval())
    start, end = (math.log10(x) if x > 0 else 0.0 for x in (low, high))
    ticks = decade_ticks(start, end) if start < end else [end]
    places = [(0.0, "0")] if low <= 0 else []  # an axis that is linear near zero
    places += [(10.0**tick, decade_label(tick)) for tick in ticks]
    axis.set_ticks([x for x, _ in places], [label for _, label in places])
    axis.set_minor_formatter(NullFormatter())
