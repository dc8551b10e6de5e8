"""Fewer places of a long curve, without losing what stands out."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def thinned(
    t: Float[np.ndarray, " T"], log_y: Float[np.ndarray, "S T"], most: int, *, log_t: bool = True
) -> Int[np.ndarray, " N"]:
    """Indices of at most ``most`` places (or all, if there are no more): in equal steps of t or of
    log t the first place, and those of the least and the largest value over the runs.

    The first and the last place are among them.
    """
    if t.size <= most:
        return np.arange(t.size)
    along = np.log(t) if log_t else t
    bins = np.linspace(along[0], along[-1], max(most // 3, 2))
    first = np.unique(np.searchsorted(along, bins[:-1]))
    first = first[first < t.size]
    with np.errstate(invalid="ignore"):
        top = np.where(np.isnan(log_y), -np.inf, log_y).max(axis=0)
        low = np.where(np.isnan(log_y), np.inf, log_y).min(axis=0)
    peaks = [a + int(np.argmax(top[a:b])) for a, b in _pieces(first, t.size)]
    dips = [a + int(np.argmin(low[a:b])) for a, b in _pieces(first, t.size)]
    return np.unique(np.concatenate([first, peaks, dips, [0, t.size - 1]]))[:most]


def _pieces(first: Int[np.ndarray, " N"], end: int) -> zip[tuple[int, int]]:
    return zip(first.tolist(), [*first[1:].tolist(), end], strict=True)
