"""What the last windows show of a law's rate."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ntp_dynamics.verdict.clock import Place

NONE = np.empty(0)  # a value a run where there is nothing to say


@dataclass(frozen=True)
class Rate:
    """The comparison over the last windows.

    ``status``: consistent, contradicted, inconclusive, none.  ``runs`` (S,): for each run kept,
    contradicted or undecided; empty where no rate is claimed or the runs are one datum.  ``joint``:
    only the pooled test contradicts.  ``tightness``: tight, faster, slower, unresolved, none.
    ``exponents`` (S,): p of t^-p log^q t with the law's q; the decay rate of an exponential; the
    power of t of linear growth, the final dy/dt of an asymptotic one; nan where a run shows none.
    ``drifts`` (S,): how far the last window moves against the law, in units of what is allowed.
    ``interval``: of the exponents' mean, 95 %.  ``resolvable``: the smallest error of the exponent
    that would show at this horizon.  ``p_contradicted``: nan where no contradiction was looked for.
    ``decides_at`` (S,): the horizon at which a run that is undecided would be decided, nan if none
    is in sight.  ``possible``: the laws (p, q) not excluded.  ``descriptive``: too few runs for
    limits, intervals are ranges over runs and half windows.
    """

    status: str = "none"
    runs: np.ndarray = field(default_factory=lambda: NONE)
    joint: bool = False
    tightness: str = "none"
    exponents: Float[np.ndarray, " S"] = field(default_factory=lambda: NONE)
    drifts: Float[np.ndarray, " S"] = field(default_factory=lambda: NONE)
    interval: tuple[float, float] = (math.nan, math.nan)
    window: tuple[Place, Place] | None = None
    resolvable: float = math.nan
    p_contradicted: float = math.nan
    rated: int = 0
    decides_at: Float[np.ndarray, " S"] = field(default_factory=lambda: NONE)
    descriptive: bool = False
    exact_to_floor: bool = False
    possible: tuple[tuple[float, int], ...] = ()

    @property
    def exponent(self) -> float:
        """The mean over the runs that show one; nan if none does."""
        seen = self.exponents[np.isfinite(self.exponents)]
        return float(seen.mean()) if seen.size else math.nan
