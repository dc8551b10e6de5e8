"""One number and its reach for all runs of a scalar, as tables, figures and pages show them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri, stdtrit


class OverRuns(StrEnum):
    """What stands for all runs: their median within their range, their mean within its 95 % limits
    (Student's t), or the share of runs in which it is 1, within Wilson's 95 % limits (nan: the run
    is not counted)."""

    median = "median"
    mean = "mean"
    share = "share"

    @classmethod
    def of(cls, attributes: Mapping[Any, Any]) -> OverRuns:
        """As a variable of a record says; the median where it says nothing that is known."""
        said = attributes.get("over_runs", cls.median)
        return cls._value2member_map_.get(str(said), cls.median)  # type: ignore[return-value]


class Spread(NamedTuple):
    """In the units in which values came (logs stay logs); nan where no run has a value."""

    middle: Float[np.ndarray, " ..."]
    low: Float[np.ndarray, " ..."]
    high: Float[np.ndarray, " ..."]


NAMES = {
    OverRuns.median: ("median of {runs} runs", "range over runs"),
    OverRuns.mean: ("mean of {runs} runs", "95 % limits of the mean"),
    OverRuns.share: ("share of {runs} runs", "95 % limits of the share (Wilson)"),
}
"""What the middle and the reach are called."""
Z = float(ndtri(0.975))


def spread(values: Float[np.ndarray, "R ..."], kind: OverRuns, log: bool = False) -> Spread:
    """Of the runs (first axis) that have a value; ``log``: values are natural logs, and what is
    averaged is the quantity itself."""
    there = ~np.isnan(values)
    gone = ~there.any(axis=0)
    if kind is OverRuns.median:
        filled = np.where(gone, 0.0, values)
        found = (np.nanmedian(filled, axis=0), np.nanmin(filled, axis=0), np.nanmax(filled, axis=0))
    elif kind is OverRuns.share:
        found = _share(values, there)
    else:
        found = _mean(values, there, log)
    return Spread(*(np.where(gone, np.nan, x) for x in found))


def _share(values: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wilson (1927)."""
    n = np.maximum(there.sum(axis=0), 1)
    p = (there & (np.nan_to_num(values) > 0.5)).sum(axis=0) / n
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    reach = Z / (1 + Z**2 / n) * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    low, high = np.maximum(centre - reach, 0.0), np.minimum(centre + reach, 1.0)
    return p, np.where(p > 0, low, 0.0), np.where(p < 1, high, 1.0)  # both exact but for rounding


def _mean(
    values: np.ndarray, there: np.ndarray, log: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Limits of a mean of logs are those of ln m, m exp(+- t s / m), which are positive."""
    n = there.sum(axis=0)
    top = np.zeros(values.shape[1:])
    if log:
        known = np.where(there & (values < np.inf), values, -np.inf).max(axis=0)
        top = np.where(np.isfinite(known), known, 0.0)
    y = np.where(there, np.exp(values - top) if log else values, 0.0)
    mean = y.sum(axis=0) / np.maximum(n, 1)
    squares = np.where(there, (y - mean) ** 2, 0.0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(squares / np.maximum(n - 1, 1) / np.maximum(n, 1))
        reach = np.where(n > 1, stdtrit(np.maximum(n - 1, 1), 0.975), 0.0) * error
        if not log:
            return mean, mean - reach, mean + reach
        share = np.where(mean > 0, reach / mean, 0.0)
        return np.log(mean) + top, np.log(mean) + top - share, np.log(mean) + top + share


def middles(
    finals: Sequence[tuple[Float[np.ndarray, " R"], Mapping[Any, Any]]],
) -> list[float]:
    """The one number for all runs of each of several quantities, given with their attributes; nan
    where none has a value (or, of a median, one has none)."""
    found, by_size = [math.nan] * len(finals), dict[int, list[int]]()
    for i, (values, attributes) in enumerate(finals):
        kind = OverRuns.of(attributes)
        if kind is OverRuns.median:
            by_size.setdefault(len(values), []).append(i)
        else:
            middle = float(spread(values, kind, bool(attributes.get("log", 0))).middle)
            found[i] = middle if math.isfinite(middle) else math.nan
    for places in by_size.values():
        medians = np.median(np.stack([finals[i][0] for i in places]), axis=1)
        for i, median in zip(places, medians.tolist(), strict=True):
            found[i] = median
    return found
