"""How often something happens in a run: exact binomial limits at every place.

Of n runs that were asked it happened in x.  Contradicted: P(X <= x) at the lower side, or
P(X >= x) at the upper, is so small that of all places together less than one true law in a thousand
looks like it.  Consistent with a range: the 95 % limits of Clopper and Pearson lie in it, one-sided
where one side is claimed.  Consistent with one probability: the counts are no surprise at 1 %, and
the limits resolve it, to a fifth of it or .05.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import bdtr, bdtrc, betaincinv

from ntp_dynamics.verdict.found import ALPHA, Found
from ntp_dynamics.verdict.gate import Case
from ntp_dynamics.verdict.sample import Frequency

SURPRISE = 0.01
RESOLVED, SHARE = 0.05, 0.2
"""Half of the 95 % limits of a probability that is called equal: at most the larger of both."""


def hold_frequency(case: Case) -> Found:
    """The counts against a law, where they were to count."""
    law = case.law
    assert isinstance(law, Frequency)
    asked = case.counted & ~np.isnan(case.log_y)
    there = asked.any(axis=0)
    if not there.any():
        return Found(reason="no run was asked")
    t, n = case.t[there], asked.sum(axis=0)[there]
    x = (asked & (case.log_y > 0.5)).sum(axis=0)[there]
    low, high = (np.broadcast_to(side, case.log_y.shape)[0][there] for side in law.sides(case.t))
    below, above = (low > 0).any(), (high < 1).any()
    tails = np.minimum(at_most(x, n, low), at_least(x, n, high)) * (1 + (below and above))
    p = min(1.0, t.size * float(tails.min()))
    one_sided = not (below and above)
    least, most = limits(x, n, 0.9 if one_sided else 0.95)
    equal = low == high
    resolved = (most - least) / 2 <= np.maximum(RESOLVED, SHARE * low)
    inside = ((least >= low) | (not below)) & ((most <= high) | (not above))
    status = "inconclusive"
    if p < ALPHA:
        status = "contradicted"
    elif np.where(equal, resolved & (p >= SURPRISE), inside).all():
        status = "consistent"
    worst = int(np.argmin(tails))
    least, most = limits(x, n, 0.95)
    return Found(
        status,
        step=float(t[worst]),
        estimate=float(x[worst] / n[worst]),
        interval=(float(least[worst]), float(most[worst])),
        p=p,
        asked=int(n[worst]),
        two_sided=bool(equal.all()),
    )


def at_most(
    x: Int[np.ndarray, " T"], n: Int[np.ndarray, " T"], p: Float[np.ndarray, " T"]
) -> Float[np.ndarray, " T"]:
    """P(X <= x) of a binomial count."""
    return np.where(x >= n, 1.0, np.where(p >= 1, 0.0, bdtr(x, n, np.clip(p, 0.0, 1.0))))


def at_least(
    x: Int[np.ndarray, " T"], n: Int[np.ndarray, " T"], p: Float[np.ndarray, " T"]
) -> Float[np.ndarray, " T"]:
    """P(X >= x)."""
    tail = bdtrc(np.maximum(x - 1, 0), n, np.clip(p, 0.0, 1.0))
    return np.where(x <= 0, 1.0, np.where(p >= 1, 1.0, tail))


def limits(
    x: Int[np.ndarray, " T"], n: Int[np.ndarray, " T"], level: float
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, " T"]]:
    """Two-sided limits of a probability (Clopper and Pearson 1934)."""
    tail = (1 - level) / 2
    least = np.where(x == 0, 0.0, betaincinv(np.maximum(x, 1), n - x + 1, tail))
    most = np.where(x == n, 1.0, betaincinv(x + 1, np.maximum(n - x, 1), 1 - tail))
    return least, most
