"""Seconds of several ways to do a thing, taken in turns in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def interleaved(
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    **each: Callable[[], object],
) -> dict[str, float]:
    """Median seconds of each, taken in turns after one for nothing."""
    found: dict[str, list[float]] = {name: [] for name in each}
    for action in each.values():
        action()
    for _ in range(rounds):
        for name, action in each.items():
            start = clock()
            action()
            found[name].append(clock() - start)
    return {name: statistics.median(times) for name, times in found.items()}
