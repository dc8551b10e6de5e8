"""From which step on a trajectory follows its power law: the end of its burn-in."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

HALF_WINDOW = np.log(10.0) / 4
"""Slopes are fitted over half a decade around each step."""


def local_exponents(
    t: Int[np.ndarray, " T"], log_y: Float[np.ndarray, "S T"]
) -> Float[np.ndarray, "S T"]:
    """d log y / d log t by least squares over half a decade; nan where the window is cut off."""
    log_t = np.log(t)
    slopes = np.full(log_y.shape, np.nan)
    whole = (log_t >= log_t[0] + HALF_WINDOW) & (log_t <= log_t[-1] - HALF_WINDOW)
    for i in np.flatnonzero(whole):
        near = np.abs(log_t - log_t[i]) <= HALF_WINDOW
        x = log_t[near] - log_t[near].mean()
        if x.size > 2:
            slopes[:, i] = log_y[:, near] @ x / (x @ x)
    return slopes


def onset_step(
    t: Int[np.ndarray, " T"],
    log_y: Float[np.ndarray, "S T"],
    exponent: float,
    tolerance: float = 0.1,
) -> Float[np.ndarray, " S"]:
    """The step from which on the local exponent of each run stays within ``tolerance`` of
    ``exponent``; nan where it never does.  ``t`` are positive steps, ``log_y`` natural logs."""
    slopes = local_exponents(t, log_y)
    known = np.isfinite(slopes).any(0)
    away = ~(np.abs(slopes[:, known] - exponent) <= tolerance)
    steps = np.asarray(t, dtype=float)[known]
    onset = np.full(len(log_y), np.nan)
    for run, out in enumerate(away):
        first = np.flatnonzero(out)[-1] + 1 if out.any() else 0
        if first < steps.size:
            onset[run] = steps[first]
    return onset
