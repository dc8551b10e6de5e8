"""Claims held against a shadow: the same runs once more by other means, rounding and all.

Where its numbers are rounding, so is what is said of them.  A shadow is therefore judged twice: as
it stands, which is what one would conclude who has nothing else, and up to where the detector of
rounding vouches for it.  Neither is a verdict on the claim, and nothing counts them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.observe.holding import hold
from ntp_dynamics.observe.quantity import shadow_of
from ntp_dynamics.observe.readings import Readings
from ntp_dynamics.study import SHADOW
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.clock import Place, said
from ntp_dynamics.verdict.terms import Given, Terms
from ntp_dynamics.verdict.verdict import Verdict

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Shadowed:
    """What the shadow of a phase shows of a claim.

    ``engine``: what moved it; ``stands``: the verdict on its numbers as they stand; ``sound``: up
    to where the detector vouches for them.  ``rounding``: how many of the runs it stops vouching
    for, and ``since`` the first place where it does; 0 and None where it never does.
    """

    engine: str
    stands: Verdict
    sound: Verdict
    rounding: int
    since: Place | None

    @property
    def summary(self) -> str:
        """In words, for tables."""
        v = self.stands
        if self.since is None:
            return f"not of rounding; {v.summary}"
        where = said(self.since, v.clock, v.unit)
        mark = f"of rounding from {where} on in {self.rounding} of {len(v.judged)} runs"
        return f"{mark} (up to there: {self.sound.label}); {v.summary}"

    def to_json(self) -> dict[str, Any]:
        """Label, rate, words and outcomes of the runs, as it stands; the label up to where it is
        sound."""
        exponent = self.stands.exponent
        return {
            "engine": self.engine,
            "label": str(self.stands.label),
            "rate": self.stands.rate,
            "exponent": exponent if math.isfinite(exponent) else None,
            "summary": self.summary,
            "outcomes": list(self.stands.outcomes),
            "sound": str(self.sound.label),
            "rounding": self.rounding,
            "since": self.since,
        }


def judge_shadows(
    tree: xarray.DataTree, given: Given, covered: Sequence[Terms], residual: str | None
) -> Mapping[tuple[str, str], Shadowed]:
    """Of the claims that cover some run and whose phase has a shadow that measured the same; by
    `key_of`."""
    stages = {stage: shadow_of(tree, stage) for stage in {str(x.claim.stage) for x in covered}}
    asked = [x.claim for x in covered if _repeated(x.claim, stages[str(x.claim.stage)])]
    if not asked:
        return {}
    moved = [replace(claim, stage=f"{SHADOW}{claim.stage}") for claim in asked]
    raw, guarded = Readings(tree), Readings(tree, residual)
    stands = hold(moved, given, raw, beyond=False)
    sound = hold(moved, given, guarded, beyond=False)
    return {
        key_of(claim): Shadowed(
            str(stages[str(claim.stage)].attrs.get("engine", "shadow")),
            as_it_stands,
            vouched,
            *_rounding(terms, guarded),
        )
        for claim, (_, as_it_stands), (terms, vouched) in zip(asked, stands, sound, strict=True)
    }


def key_of(claim: Claim) -> tuple[str, str]:
    """How claims and their versions are told apart."""
    return claim.id, claim.version


def _repeated(claim: Claim, shadow: Any) -> bool:
    return shadow is not None and claim.observable in shadow


def _rounding(terms: Terms, readings: Readings) -> tuple[int, Place | None]:
    """How many covered runs the detector stops vouching for, and from where on the first."""
    series = readings.series(terms.claim, terms.given.constants, terms.law.reads_logs)
    unsound = ~series.sound[terms.kept]
    if not unsound.any():
        return 0, None
    since = float(series.t[np.argmax(unsound.any(axis=0))])
    return int(unsound.any(axis=1).sum()), round(since) if series.grid.whole else since
