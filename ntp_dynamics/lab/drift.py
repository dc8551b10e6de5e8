"""Drift: how far y moves against its law in each window, law by law.

An upper law is failed by a y that keeps falling behind f, a lower one by a y that keeps falling
below it: the sign of the case turns the second into the first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.lab.gate import Case
from ntp_dynamics.lab.law import Exponential, LinearGrowth, Power
from ntp_dynamics.lab.windows import Slopes, Windows

HALF_LOG = 0.5  # half a power of log t is within the allowance of a power law
RATE_BAND = 0.01  # stated decay rates and slopes are compared to within 1 %
RHO = 0.97  # an exponential keeps at least this share of its decay rate from window to window
NOTHING = 1e-9  # a log that moves less than this over a window does not move


@dataclass(frozen=True)
class Drift:
    """Movement against one side of a law, and what is ``allowed`` of it; where one number compares
    the later window with the earlier, W = 1."""

    moved: Slopes
    allowed: Float[np.ndarray, "P W S"]

    @property
    def last(self) -> Float[np.ndarray, "3 S"]:
        """The last window and its halves in units of what is allowed there: above 1 counts against
        the law, below -1 is room to spare."""
        return self.moved.last / self.allowed[0, 0]

    def of(self, runs: Bool[np.ndarray, " S"]) -> Drift:
        """The drift of some runs."""
        return Drift(self.moved.map(lambda x: x[..., runs]), self.allowed[..., runs])


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
    log_y, log_f = (np.where(case.visible, curve, 0.0) for curve in (case.log_y, case.log_f))
    slopes = windows.log_slopes(log_y - log_f)
    allowed = HALF_LOG / np.log(np.maximum(windows.middle, 2.0))
    signs = [case.sign]
    if isinstance(law, LinearGrowth):
        signs = [sign for sign in (+1, -1) if law.claims(sign)]
    sides = [Drift(slopes.map(lambda b, sign=sign: sign * b), allowed) for sign in signs]
    if isinstance(law, Power):
        return sides, law.p - slopes.last
    if isinstance(law, LinearGrowth):
        return sides, 1.0 + slopes.last
    return sides, -windows.log_slopes(log_y).last


def _decay(
    case: Case, windows: Windows, law: Exponential
) -> tuple[list[Drift], Float[np.ndarray, "3 S"]]:
    """Step 4: decay rates of ln y.

    With a stated rate c the drift is 1 - c2/c; without one 1 - rho, rho = c2/c1, the later rate
    over the earlier.
    """
    rates = windows.slopes(case.t, np.where(case.visible, case.log_y, 0.0)).map(np.negative)
    if law.rate is not None:
        stated = law.rate
        moved = rates.map(lambda c: case.sign * (1 - c / stated))
        return [Drift(moved, np.full_like(moved.pairs, RATE_BAND))], rates.last
    real = rates.map(lambda c: np.where(np.abs(c) * windows.end < NOTHING, 0.0, c))
    earlier = real.pairs[:, 1]
    kept = Slopes(
        _share(real.pairs[:, 0], earlier, case.sign)[:, None],
        _share(real.halves, earlier[0], case.sign),
    )
    moved = kept.map(lambda share: 1 - share)
    return [Drift(moved, np.full_like(moved.pairs, 1 - RHO))], rates.last


def _share(later: np.ndarray, earlier: np.ndarray, sign: int) -> np.ndarray:
    """rho for an upper law, 1/rho for a lower one, within [0, 2].

    Where a rate is not positive: y that does not decay keeps nothing of an upper law and everything
    of a lower one; decay out of a plateau the reverse.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = np.where(earlier > 0, later / earlier, np.where(later > 0, np.inf, 0.0))
        return np.clip(rho if sign > 0 else 1 / np.maximum(rho, 0.0), 0.0, 2.0)


def _final_slope(
    case: Case, windows: Windows, law: LinearGrowth
) -> tuple[list[Drift], Float[np.ndarray, "3 S"]]:
    """dy/dt against the two stated numbers; y in units of its largest value, which may be huge."""
    unit = np.max(case.log_y, axis=1, where=case.visible, initial=-np.inf)
    y = np.exp(np.where(case.visible, case.log_y - unit[:, None], -np.inf))
    slopes = windows.slopes(case.t, y)
    sides = []
    for sign in (+1, -1):
        limit = law.limit(sign)
        if limit is not None and law.claims(sign):
            scale = np.exp(unit - np.log(limit))
            moved = slopes.map(lambda b, sign=sign, scale=scale: sign * (b * scale - 1))
            sides.append(Drift(moved, np.full_like(moved.pairs, RATE_BAND)))
    return sides, slopes.last * np.exp(unit)
