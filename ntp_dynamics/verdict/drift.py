"""Drift: how far y moves against its law in each window, law by law.

An upper law is failed by a y that keeps falling behind f, a lower one by a y that keeps falling
below it: the sign of the case turns the second into the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.gate import Case
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Power
from ntp_dynamics.verdict.windows import Slopes, Windows

HALF_LOG = 0.5  # half a power of log t is within the allowance of a power law
RATE_BAND = 0.01  # stated decay rates and slopes are compared to within 1 %
RHO = 0.97  # an exponential keeps at least this share of its decay rate from window to window
NOTHING = 1e-9  # a log that moves less than this over a window does not move


@dataclass(frozen=True)
class Drift:
    """Movement against one side of a law, and what is ``allowed`` of it; where one number compares
    the later window with the earlier, W = 1.  ``decay_rate``: that of the last window, where
    ``moved`` is the ratio of two rates and noise over noise may look like anything.  ``noise``:
    what noise alone makes of the later windows (`Windows.jitter`), if a drift may come to an end.
    """

    moved: Slopes
    allowed: Float[np.ndarray, "P W S"]
    decay_rate: Float[np.ndarray, " S"] | None = None
    noise: Float[np.ndarray, "P S"] | None = None

    @cached_property
    def last(self) -> Float[np.ndarray, "3 S"]:
        """The last window and its halves in units of what is allowed there: above 1 counts against
        the law, below -1 is room to spare."""
        return self.moved.last / self.allowed[0, 0]

    def of(self, runs: Bool[np.ndarray, " S"]) -> Drift:
        """The drift of some runs."""
        return self.map(lambda x: x[..., runs])

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> Drift:
        """``change`` acts on the run axis, the last one."""
        decay_rate = None if self.decay_rate is None else change(self.decay_rate)
        noise = None if self.noise is None else change(self.noise)
        return Drift(self.moved.map(change), change(self.allowed), decay_rate, noise)


def drifts(case: Case, windows: Windows) -> tuple[list[Drift], Float[np.ndarray, "3 S"]]:
    """The drift of each side the law claims, and its exponent in the last window and its halves."""
    if isinstance(case.law, Exponential):
        return _decay(case, windows, case.law)
    if isinstance(case.law, LinearGrowth) and case.law.asymptotic:
        return _final_slope(case, windows, case.law)
    return _growth(case, windows)


def _growth(case: Case, windows: Windows) -> tuple[list[Drift], Float[np.ndarray, "3 S"]]:
    """Step 2: slope of ln(y/f) on ln t against half a log power, kappa / ln(middle of window)."""
    law = case.law
    log_f = np.where(case.visible, case.log_f, 0.0)
    slopes = windows.log_slopes(case.shown - log_f, case.rounding)
    allowed = HALF_LOG / np.log(np.maximum(windows.middle, 2.0))
    signs = [case.sign]
    if isinstance(law, LinearGrowth):
        signs = [sign for sign in (+1, -1) if law.claims(sign)]
    noise = windows.jitter(case.shown - log_f)
    sides = [Drift(slopes.affine(0.0, sign), allowed, noise=noise) for sign in signs]
    if isinstance(law, Power):
        return sides, law.p - slopes.last
    if isinstance(law, LinearGrowth):
        return sides, 1.0 + slopes.last
    return sides, -windows.last_log_slopes(case.shown)


def _decay(
    case: Case, windows: Windows, law: Exponential
) -> tuple[list[Drift], Float[np.ndarray, "3 S"]]:
    """Step 4: decay rates of ln y.

    With a stated rate c the drift is 1 - c2/c; without one 1 - rho, rho = c2/c1, the later rate
    over the earlier.
    """
    rates = windows.slopes(case.shown, case.rounding).affine(0.0, -1.0)
    if law.rate is not None:
        moved = rates.affine(case.sign, -case.sign / law.rate)
        return [Drift(moved, np.full_like(moved.pairs, RATE_BAND))], rates.last
    still = np.abs(rates.pairs) * windows.upper_edge < NOTHING
    later, earlier = np.moveaxis(np.where(still, 0.0, rates.pairs), 1, 0)
    halves = np.where(still[:, 0, None], 0.0, rates.halves[:, 0])
    kept = Slopes(
        _share(later, earlier, case.sign)[:, None],
        _share(halves, earlier[:, None], case.sign)[:, None],
        _share_error(np.where(still, 0.0, rates.error), later, earlier)[:, None],
    )
    moved = kept.affine(1.0, -1.0)
    drift = Drift(moved, np.full_like(moved.pairs, 1 - RHO), case.sign * rates.last[0])
    return [drift], rates.last


def _share(later: np.ndarray, earlier: np.ndarray, sign: int) -> np.ndarray:
    """rho for an upper law, 1/rho for a lower one, within [0, 2].

    Where a rate is not positive: y that does not decay keeps nothing of an upper law and everything
    of a lower one; decay out of a plateau the reverse.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.where(earlier > 0, later / earlier, np.where(later > 0, np.inf, 0.0))
        return np.clip(rho if sign > 0 else 1 / np.maximum(rho, 0.0), 0.0, 2.0)


def _share_error(
    error: Float[np.ndarray, "P W S"], later: np.ndarray, earlier: np.ndarray
) -> Float[np.ndarray, "P S"]:
    """Of the ratio of two rates with these errors; infinite where the earlier rate is noise."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(np.abs(later / earlier), 0.0, 2.0)
        found = np.hypot(error[:, 0], share * error[:, 1]) / np.abs(earlier)
    exact = (error == 0).all(axis=1)
    return np.where(exact, 0.0, np.where(np.isfinite(found), found, np.inf))


def _final_slope(
    case: Case, windows: Windows, law: LinearGrowth
) -> tuple[list[Drift], Float[np.ndarray, "3 S"]]:
    """dy/dt against the two stated numbers; y in units of its largest value, which may be huge."""
    unit = np.max(case.log_y, axis=1, where=case.visible, initial=-np.inf)
    y = np.exp(np.where(case.visible, case.log_y - unit[:, None], -np.inf))
    slopes = windows.slopes(y, case.rounding)
    sides = []
    for sign in (+1, -1):
        limit = law.limit(sign)
        if limit is not None and law.claims(sign):
            moved = slopes.affine(-sign, sign * np.exp(unit - np.log(limit)))
            sides.append(Drift(moved, np.full_like(moved.pairs, RATE_BAND)))
    return sides, slopes.last * np.exp(unit)
