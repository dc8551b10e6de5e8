"""Limits over runs, by Student's t: runs of a job differ by their random streams only."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.special import stdtr, stdtrit


@lru_cache(maxsize=1024)
def quantile(degrees: float, level: float) -> float:
    """Of Student's t."""
    return float(stdtrit(degrees, level))


def limits(
    sample: Float[np.ndarray, "... S"], level: float
) -> tuple[Float[np.ndarray, " ..."], Float[np.ndarray, " ..."]]:
    """One-sided t-limits of the mean over runs, each at ``level``; S >= 2."""
    mean, error = _mean_and_error(sample)
    reach = quantile(sample.shape[-1] - 1, level) * error
    return mean - reach, mean + reach


def p_above(samples: Float[np.ndarray, "... S"], bound: float) -> Float[np.ndarray, " ..."]:
    """One-sided t-test p-values of "the mean is at most ``bound``"; exact for equal samples."""
    mean, error = _mean_and_error(samples)
    excess = mean - bound
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(error > 0, excess / error, np.where(excess > 0, np.inf, -np.inf))
    return stdtr(samples.shape[-1] - 1, -score)


def _mean_and_error(sample: Float[np.ndarray, "... S"]) -> tuple[np.ndarray, np.ndarray]:
    runs = sample.shape[-1]
    mean = sample.sum(axis=-1) / runs
    away = sample - mean[..., None]
    return mean, np.sqrt((away * away).sum(axis=-1) / ((runs - 1) * runs))
