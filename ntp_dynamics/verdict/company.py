"""All runs together: what their mean shows, and which of them behave like the others.

Runs of a job differ by their random streams only, so limits over runs are honest where limits over
steps are not.  The mean may refute "every run" (the pooled test) though no run can be named.  It
never vouches for a run that stands out: a run is kept in company only if its last window and both
halves lie where those of the others do.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.drift import Drift
from ntp_dynamics.verdict.limits import limits, p_above, quantile
from ntp_dynamics.verdict.single import PERSISTENCE, ending
from ntp_dynamics.verdict.windows import MAD_TO_SD, Reach, Windows

LEAST_RUNS, LEAST_DECADES = 5, 3.5
"""What the pooled test needs."""
ALPHA_CONSISTENT = 0.01
"""Share of laws just beyond the allowance that may pass as consistent."""
ALPHA_APART = 0.01
"""Share of groups of equal runs in which one is taken for standing out."""
MAD_DEGREES = 0.45
"""The MAD of S normal numbers estimates a standard deviation about as well as 0.45 S of them would;
the largest of S in units of it then follows Student's t within a tenth, for S = 8 to 400."""
HARDLY = 0.05
"""A difference of a twentieth of what is allowed is none."""


def testable(windows: Windows, reach: Reach) -> bool:
    """Whether the pooled test may be asked: runs and steps enough.

    Runs that fell below the floor speak for the law; leaving them out must not turn the mean of the
    rest into a contradiction.
    """
    enough = reach.seen.sum() >= LEAST_RUNS and long_enough(windows, reach)[reach.seen].all()
    return bool(enough) and not reach.fallen.any()


def long_enough(windows: Windows, reach: Reach) -> Bool[np.ndarray, " S"]:
    """Runs with decades enough, and with steps enough in all windows."""
    return windows.full & (reach.decades > LEAST_DECADES)


def p_pooled(drift: Drift) -> Float[np.ndarray, " ..."]:
    """p-value of "the mean over runs keeps the law"; runs are the last axis.

    Every window of three successive pairs drifts beyond what is allowed, and in the last pair the
    drift neither fades nor comes to an end (p = 1 if it does: a time shift, say, dies out).  To ask
    the earlier pairs for persistence too costs a third of the power against log^2 t / t with five
    runs and spares no transient more: the last pair is the latest.  (Noise that all runs share is
    no danger: it would have to drift through two disjoint decades.)
    """
    p = p_above(drift.moved.pairs / drift.allowed, 1.0).max(axis=(0, 1))
    movement = drift.moved.pairs[0].mean(axis=-1)  # (W, ...)
    fades = movement[0] < PERSISTENCE * movement[-1]
    if drift.noise is not None:
        later = drift.moved.pairs[:, 0]
        error = later.std(axis=-1, ddof=1) / np.sqrt(later.shape[-1])
        fades |= ending(later.mean(axis=-1), error)
    return np.where(fades, 1.0, p)


def consistent(drift: Drift) -> Bool[np.ndarray, " ..."]:
    """Whether the upper limit of the mean of the last window is within what is allowed."""
    return limits(drift.last[0], 1 - ALPHA_CONSISTENT)[1] < 1


def alike(drift: Drift, one_sided: bool = True) -> Bool[np.ndarray, "... S"]:
    """The runs that do not stand out, against the law (or either way), by median and MAD.

    Compared are the last window, its halves, and both windows of the last pair together, which
    noise that outlasts a window moves less; and the decay rate where the drift is a ratio of two.
    """
    both = (drift.moved.pairs[0] / drift.allowed[0]).mean(axis=0)
    rows = np.concatenate([drift.last, both[None]])  # (4, ..., S)
    away, reach = _away(rows)
    found = np.all((away if one_sided else np.abs(away)) <= reach + HARDLY, axis=0)
    if drift.decay_rate is not None:
        slower, reach = _away(-drift.decay_rate[None])
        hardly = HARDLY * np.abs(np.median(drift.decay_rate, axis=-1))[..., None]
        found &= (slower <= reach + hardly)[0]
    return found


def _away(rows: Float[np.ndarray, "N ... S"]) -> tuple[np.ndarray, np.ndarray]:
    """Each run's distance from the median of all, and how far chance takes the farthest of them."""
    away = rows - np.median(rows, axis=-1, keepdims=True)
    scale = MAD_TO_SD * np.median(np.abs(away), axis=-1, keepdims=True)
    runs = rows.shape[-1]
    return away, quantile(MAD_DEGREES * runs, 1 - ALPHA_APART / (4 * runs)) * scale


def interval(values: Float[np.ndarray, "3 ... S"], few: bool) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the mean over runs of the first row, or the range of everything."""
    if few:
        return values.min(axis=(0, -1)), values.max(axis=(0, -1))
    return limits(values[0], 1 - 0.05 / 2)


def is_few(runs: int) -> bool:
    """Whether there are too few runs for limits over them."""
    return runs < LEAST_RUNS
