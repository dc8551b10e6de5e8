"""Maps of a sweep: a phase diagram over two swept keys, lines through all keys at once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from ntp_dynamics.dashboard.index import Folder
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.dashboard.table import number, rank, usual_finals, value

SINGLE = 16
"""Jobs of a cell that are drawn and opened one by one; of more the cell shows shares."""
LINES = 2000
"""Lines of the parallel coordinates."""
UNTOLD = ("seed", "tracking", "tracking.mode", "figures", "dataset.path")
"""Keys that rarely make an axis."""


def axes(folder: Folder, x: str | None, y: str | None) -> tuple[str, str]:
    """The keys on the axes: those asked for, else the first two that were swept.

    Only keys that every job sets: jobs started one by one are no sweep.
    """
    swept = [key for key in folder.swept if all(key in job.overrides for job in folder.jobs)]
    likely = [k for k in swept if k not in UNTOLD] + [k for k in swept if k in UNTOLD]
    x = x if x in swept else next(iter(likely), "")
    if y not in (*swept, "") or y == x:
        y = next((key for key in likely if key != x), "")
    return x, y or ""


def phase(folder: Folder, jobs: Sequence[Job], x: str, y: str, colour: str) -> dict[str, Any]:
    """Cells of a phase diagram: the jobs at each pair of values, and what they found.

    ``colour`` is a claim (labels are counted) or a final observable (the median is shown).
    """
    cells: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        place = job.overrides.get(x, "-"), job.overrides.get(y, "-") if y else ""
        cells.setdefault(place, []).append(job)
    xs, ys = (sorted({place[i] for place in cells}, key=rank) for i in (0, 1))
    others = [key for key in folder.swept if key not in (x, y)][:4]
    return {
        "x": x,
        "y": y,
        "colour": colour,
        "kind": "claim" if colour in folder.claims else "final",
        "xs": xs,
        "ys": ys,
        "cells": [
            _cell(xs.index(a), ys.index(b), members, colour, others)
            for (a, b), members in cells.items()
        ],
    }


def parallel(folder: Folder, jobs: Sequence[Job], colour: str) -> dict[str, Any]:
    """Every job as a line over the swept keys and usual observables, coloured by a claim."""
    finals = usual_finals(folder, 4)
    keys = [key for key in folder.swept if key not in UNTOLD[1:]][:6] + finals
    step = max(1, -(-len(jobs) // LINES))
    drawn = jobs[::step]
    scales = [_scale([value(job, key) for job in folder.jobs]) for key in keys]
    return {
        "axes": [{"key": key, **scale} for key, scale in zip(keys, scales, strict=True)],
        "lines": [
            {
                "id": job.id,
                "label": job.mark(colour) or "",
                "at": [_place(value(job, k), s) for k, s in zip(keys, scales, strict=True)],
            }
            for job in drawn
        ],
        "drawn": len(drawn),
        "all": len(jobs),
    }


def _cell(
    i: int, j: int, jobs: Sequence[Job], colour: str, others: Sequence[str]
) -> dict[str, Any]:
    found = [
        (
            job.id,
            job.mark(colour) or job.final.get(colour),
            ", ".join(f"{key}={job.overrides.get(key, '-')}" for key in others),
        )
        for job in jobs
    ]
    labels = Counter(str(v) for _, v, _ in found if isinstance(v, str))
    values = [v for _, v, _ in found if isinstance(v, float)]
    return {
        "x": i,
        "y": j,
        "n": len(jobs),
        "labels": labels,
        "median": median(values) if values else None,
        "jobs": found if len(found) <= SINGLE else [],
    }


def _scale(values: Sequence[Any]) -> dict[str, Any]:
    """An axis: numbers from lowest to highest, in decades where they span two; or words."""
    numbers = [n for v in values if (n := number(v)) is not None]
    words = {str(v) for v in values if v is not None and number(v) is None}
    if words or not numbers:
        everything = {str(v) for v in values if v is not None}
        return {"words": sorted(everything, key=rank)[:40]}
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low > 100
    return {"low": low, "high": high, "log": log}


def _place(v: Any, scale: dict[str, Any]) -> float | None:
    """Where a value stands on its axis, from 0 to 1."""
    if v is None:
        return None
    if "words" in scale:
        words = scale["words"]
        where = words.index(str(v)) if str(v) in words else None
        return None if where is None else round((where + 0.5) / len(words), 4)
    n = number(v)
    if n is None:
        return None
    low, high = scale["low"], scale["high"]
    if scale["log"]:
        n, low, high = math.log(n), math.log(low), math.log(high)
    return 0.5 if high == low else round((n - low) / (high - low), 4)
