"""One run by itself: does its rate contradict the law, or keep it?

Training without noise has no sampling error, so a run can be held against a law only as far as its
own windows agree with one another.  The error of a slope is therefore the largest of three: that of
a fit with autocorrelated residuals, half the difference between the halves of the window, and
rounding.  For noise-free runs this is a deterministic test of model error, and no more.

A run contradicts the law if in all six windows (three pairs, ending at T, T/2, T/4) it drifts
beyond what is allowed by more than these errors, and the drift neither fades nor comes to an end: z
is the least of (drift - allowed) / error.  That takes a horizon of 400 times the start of the
claim.  A run keeps the law if its last windows and their halves stay within what is allowed, errors
included.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

from ntp_dynamics.verdict.design import PAIRS
from ntp_dynamics.verdict.drift import Drift
from ntp_dynamics.verdict.gate import Case
from ntp_dynamics.verdict.windows import Reach, Windows

SPAN = 400.0
"""Horizon over start from which all six windows, of a decade each, lie behind the start."""
KEPT_ERRORS = 2.0
"""Standard errors by which a run must stay within what is allowed to keep a law by itself."""
PERSISTENCE = 0.6
"""A drift that shrinks faster than this from window to window is a transient."""
ENDING = 0.005
"""A drift that shrinks, and by this much more from pair to pair, is one that comes to its end: what
goes with a power of log t shrinks less and less."""
SURELY = 3.0
"""Standard errors of three drifts, added up, by which that is to be seen."""


def error(drift: Drift) -> Float[np.ndarray, "P W ..."]:
    """Of each window's drift: one standard error, or half what its halves differ by."""
    moved = drift.moved
    differ = np.abs(moved.halves[:, :, 1] - moved.halves[:, :, 0]) / 2
    with np.errstate(invalid="ignore"):
        return np.fmax(moved.error, differ)


def p_alone(drift: Drift, testable: Bool[np.ndarray, " ..."]) -> Float[np.ndarray, " ..."]:
    """One-sided p-value of "this run keeps the law", for each run; 1 where it may not be asked.

    The later and the earlier window of a pair share no step, so that both drift by z or more with
    probability at most Phi(-z)^2 where noise is what moves them.
    """
    over = drift.moved.pairs - drift.allowed
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (over / error(drift)).min(axis=(0, 1))
    z = np.where(np.isnan(z), -np.inf, z)
    movement = drift.moved.pairs[0]
    lasting = movement[0] >= PERSISTENCE * movement[-1]
    if drift.noise is not None:
        lasting &= ~ending(drift.moved.pairs[:, 0], drift.noise)
    return np.where(testable & lasting, ndtr(-z) ** 2, 1.0)


def ending(
    later: Float[np.ndarray, "P ..."], error: Float[np.ndarray, "P ..."]
) -> Bool[np.ndarray, " ..."]:
    """Whether the drift of the later windows, of the latest pair first, shrinks faster and faster,
    by more than their standard ``error`` can bring about."""
    with np.errstate(divide="ignore", invalid="ignore"):
        now, before = later[0] / later[1], later[1] / later[2]
        noise = np.abs(error / later).sum(axis=0)
        return (now < 1) & (now < before - ENDING - SURELY * noise)


def range_alone(drift: Drift) -> tuple[Float[np.ndarray, " ..."], Float[np.ndarray, " ..."]]:
    """The least and the largest drift, in units of what is allowed, that a run leaves possible.

    The last window, its halves and the later windows of the pairs before, and on either side the
    standard error of the last window.
    """
    later = (drift.moved.pairs / drift.allowed)[1:, 0]
    seen = np.concatenate([drift.last, later])  # (N, ..., S)
    spread = KEPT_ERRORS * drift.moved.error[0, 0] / drift.allowed[0, 0]
    return seen.min(axis=0) - spread, seen.max(axis=0) + spread


def testable(case: Case, windows: Windows, reach: Reach) -> Bool[np.ndarray, " S"]:
    """Runs long enough, and with steps enough in all windows, to contradict a law by themselves."""
    start = np.maximum(case.t_min, case.t[0])
    return reach.seen & windows.full & (windows.end >= SPAN * start)


def decisive_horizon(case: Case, windows: Windows, drift: Drift) -> Float[np.ndarray, " S"]:
    """The horizon at which a run that goes on as it does would be decided; nan if none is in sight.

    Found by going back half a window at a time.  A run that drifts beyond what is allowed at its
    end does so from some step on, and is seen once all six windows lie behind that step; one that
    did so before and no longer does is kept once the windows it is asked for lie behind that.
    """
    halves = drift.moved.halves[0, :, ::-1] / drift.allowed[0, :, None]
    over = np.concatenate(list(halves)) > 1  # (2 W, S), the latest first
    back = np.sqrt(windows.ratio)
    began = windows.end / back ** np.logical_and.accumulate(over, axis=0).sum(axis=0)
    ended = windows.end / back ** np.argmax(over, axis=0)
    start = SPAN * np.maximum(case.t_min, case.t[0])
    known = over[0] & ~over.all(axis=0)  # since when it drifts
    reach = np.where(known, PAIRS[-1] * windows.ratio**2 * began, 0.0)
    horizon = np.maximum(reach, start)
    mended = ~over[0] & over.any(axis=0)
    horizon = np.where(mended, PAIRS[-1] * windows.ratio * ended, horizon)
    return np.where(horizon > windows.end, horizon, np.nan)
