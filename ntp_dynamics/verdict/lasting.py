"""Does what separates y from its limit last, or does it close?

An equality in the limit is no bound: a step beyond the tolerance refutes it only if y does not come
closer.  So the levels of ln y - ln f are compared, in four equal parts of the log-time from the
claim's start on.  The limit is contradicted where the last levels lie beyond the tolerance on one
side, by more than noise can, and the last one is as large as a gap that closes like t^-1/4 would
leave it: what closes faster is a transient.  One that closes like 1 / sqrt(log t), or faster, may
do so for ever: from a decade on it contradicts nothing, and is not met either.  Of less than a
decade all four levels are asked, and they are to be as large as one another, since a slow
oscillation looks like a gap near its turns.

Noise is what second differences show, whose size a transient hardly changes; how far it moves a
level follows from its correlation from step to step, of which few steps say little, so that the
largest likely one is taken.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.verdict.design import MOST_CORRELATED

PARTS = 4
LEAST_POINTS = 2
"""Recorded steps in a part of equal log-time."""
FEWEST = 3
"""Recorded steps that show a second difference."""
SLOW = 0.25
"""A gap that closes like t to this power, or more slowly, is taken to last."""
DECADE = math.log(10) * (1 - 1e-9)
SLOWEST = 0.5
"""A gap that closes like 1 / log t to this power, or more quickly, may do so for ever."""
CLOSING = 0.5
"""Of what is asked of a level, asked of what is left over a gap that closes."""
LIKELY = 2.0
"""Times 1/sqrt(n), by which the correlation of n values may exceed the one that is found."""


def lasts(
    log_t: Float[np.ndarray, " N"],
    gap: Float[np.ndarray, " N"],
    allowed: Float[np.ndarray, " N"],
    runs: int,
) -> bool:
    """Whether the ``gap`` ln y - ln f of one of so many runs, of which each is asked, stays beyond
    what is ``allowed``."""
    if gap.size < FEWEST:
        return False
    span = float(log_t[-1] - log_t[0])
    part = parts(log_t)
    count = np.bincount(part)
    levels, allowance = (np.bincount(part, weights=x) / count for x in (gap, allowed))
    sizes, kept = np.abs(levels), math.exp(-SLOW * span)
    late = slice(0 if span < DECADE else count.size // 2, None)
    if not (np.sign(levels[late]) == np.sign(levels[-1])).all():
        return False
    least = sizes[late].min() if span < DECADE else sizes[-1]
    remains = least - kept * sizes.max()
    beyond = (sizes - allowance)[late]
    if remains < 0 or beyond.min() <= 0:
        return False
    error = errors(runs, gap.size) * noise(log_t, gap, count)[late]
    if span >= DECADE and count.size > 1:
        logs = np.maximum(np.bincount(part, weights=log_t) / count, 1.0)
        if sizes[-1] < sizes[-2] * (logs[-2] / logs[-1]) ** SLOWEST:
            return False
    return bool((beyond > error).all() and remains >= CLOSING * error[-1])


def parts(log_t: Float[np.ndarray, " N"]) -> Int[np.ndarray, " N"]:
    """The part in which each step lies: of equal log-time, or of equally many steps where one would
    have too few; never more parts than steps."""
    n, span = log_t.size, log_t[-1] - log_t[0]
    part = np.minimum((PARTS * (log_t - log_t[0]) / span).astype(int), PARTS - 1)
    if np.bincount(part, minlength=PARTS).min() >= LEAST_POINTS:
        return part
    return np.arange(n) * min(PARTS, n) // n


def errors(runs: int, n: int) -> float:
    """How many standard errors a level is to be beyond its tolerance.

    Found by simulation, since few steps tell neither the size nor the correlation of their noise:
    with (1.5 + 50 / n), noise of correlation .9 and 9 to 90 steps, at most 6 of 1,200 experiments
    of 1 and of 8 runs were contradicted; docs/calibration.md has those with this.
    """
    return (2 + 45 / n) * (1 + math.log10(runs))


def noise(
    log_t: Float[np.ndarray, " N"], gap: Float[np.ndarray, " N"], count: Int[np.ndarray, " P"]
) -> Float[np.ndarray, " P"]:
    """The standard error of the mean of so many values in a row."""
    rho = correlation(log_t, gap)
    before, after = np.diff(log_t)[:-1], np.diff(log_t)[1:]
    w = after / (before + after)
    bend = gap[1:-1] - w * gap[:-2] - (1 - w) * gap[2:]
    variance = 1 - 2 * rho + w**2 + (1 - w) ** 2 + 2 * w * (1 - w) * rho**2
    sd = math.sqrt(float((bend * bend).sum() / variance.sum()))
    return sd * np.array([_of_mean(n, round(rho, 3)) for n in count.tolist()])


def correlation(log_t: Float[np.ndarray, " N"], gap: Float[np.ndarray, " N"]) -> float:
    """The largest likely one of what a parabola leaves of ``gap``, which takes some of it away."""
    x = log_t - log_t.mean()
    base = np.linalg.qr(np.stack([np.ones_like(x), x, x * x], axis=1))[0]
    left = gap - base @ (base.T @ gap)
    size, n = float(left @ left), gap.size
    rho = float(left[1:] @ left[:-1]) / size if size > 0 else 0.0
    return float(np.clip(rho + (5 + 5 * rho) / n + LIKELY / math.sqrt(n), 0.0, MOST_CORRELATED))


@lru_cache(maxsize=4096)
def _of_mean(n: int, rho: float) -> float:
    """Standard deviation of the mean of n values in a row, in units of that of one."""
    apart = np.arange(1, n)
    return math.sqrt(n + 2 * float(((n - apart) * rho**apart).sum())) / n
