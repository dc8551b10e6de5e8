"""What runs show of a claim that does not cover them, in numbers.

It is never a verdict: it has words of its own (`label.Seen`), stands in fields and columns of its
own, and nothing counts it.  `verdict.beyond` makes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ntp_dynamics.verdict.clock import Place


@dataclass(frozen=True)
class Observed:
    """Logs are natural, nan = not measured, None = no such place.

    word            kept | not kept | undecided: bound and rate in one word (`label.Seen`)
    runs            how many runs that the claim does not cover were measured
    bound           kept | says nothing (it exceeds every possible value) | broken | none;
                    undecided: an equality in the limit that is not met, nor broken
    broken          how many runs break it, at recorded places from ``broken_from`` to ``broken_to``
    rate            kept | not kept | undecided | none
    failing         how many runs do not keep the rate, each by itself
    law, exponent, interval, window: of what the rate was measured, as in a verdict
    """

    word: str
    runs: int
    bound: str = "none"
    broken: int = 0
    broken_from: Place | None = None
    broken_to: Place | None = None
    rate: str = "none"
    failing: int = 0
    law: str = ""
    exponent: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    window: tuple[Place, Place] | None = None
