"""Shares with exact binomial limits (Clopper and Pearson 1934)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from scipy.stats import beta

from benchmarks.calibration.sweep import Count

LIMIT = 0.01


def interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Two-sided limits of a share."""
    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, trials - successes + 1) if successes else 0.0
    high = beta.ppf(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    return float(low), float(high)


def share(successes: int, trials: int) -> str:
    """``97.8 % (96.7 to 98.6)``."""
    low, high = interval(successes, trials)
    return f"{100 * successes / trials:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def worst(counts: Iterable[Count], errors: Callable[[Count], int]) -> Count | None:
    """The cell with the largest share of errors; None without cells."""
    return max(counts, key=lambda c: errors(c) / c.replicates, default=None)


def place(count: Count) -> str:
    """Where in the design."""
    c = count.cell
    return f"T={c.horizon:,} S={c.runs} noise {c.noise:g}" + (
        f" correlation {c.correlation:g}" if c.noise else ""
    )


def at_most(successes: int, trials: int) -> str:
    """``3 of 9,600 (at most 0.08 %)``, a one-sided 95 % limit."""
    limit = 100 * interval(successes, trials, 0.9)[1]
    return f"{successes:,} of {trials:,} (at most {limit:.2g} %)"


def too_many(count: Count) -> bool:
    """Consistent in more than 1 % beyond chance."""
    return interval(count.consistent, count.replicates)[0] > LIMIT
