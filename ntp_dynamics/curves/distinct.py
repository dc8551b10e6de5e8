"""Equal runs count once: a copy is no further evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ntp_dynamics.curves.curve import Curve


def distinct(curve: Curve) -> Curve:
    """The curve without runs whose values, and bounds, are those of an earlier one at every place;
    a note says which."""
    columns = [curve.y, *curve.bounds.values()]
    first: dict[bytes, int] = {}
    copies: dict[int, int] = {}
    for run in range(len(curve.y)):
        held = b"".join(np.ascontiguousarray(x[run]).tobytes() for x in columns)
        earlier = first.setdefault(held, run)
        if earlier != run:
            copies[run] = earlier
    if not copies:
        return curve
    kept = [run for run in range(len(curve.y)) if run not in copies]
    run, earlier = next(iter(copies.items()))
    more = f", and {len(copies) - 1} more are copies too" if len(copies) > 1 else ""
    note = f"{curve.runs[run]} holds the values of {curve.runs[earlier]} and counts no more{more}"
    return replace(
        curve,
        y=curve.y[kept],
        runs=tuple(curve.runs[run] for run in kept),
        bounds={name: x[kept] for name, x in curve.bounds.items()},
        notes=(*curve.notes, note),
    )
