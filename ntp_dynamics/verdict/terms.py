"""A claim with the constants of a record filled in.

Claims share hypotheses, laws and constants, and a record is judged and written down by the same
ones: each function of the constants is asked once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.verdict.gate import admit
from ntp_dynamics.verdict.law import Law

if TYPE_CHECKING:
    from ntp_dynamics.verdict.claim import Claim, Precondition

Excluded = tuple[tuple[str, int], ...]


def at(value: Any, constants: Any) -> Any:
    """A field of a claim with the study's constants filled in.

    Runs that do not meet the hypotheses may have constants that are no numbers.
    """
    with np.errstate(all="ignore"):
        return value(constants) if callable(value) else value


class Given:
    """The constants of the runs of a record, and what functions of them returned."""

    def __init__(self, constants: Any, runs: int):
        self.constants, self.runs = constants, runs
        self._found: dict[int, tuple[Any, Any]] = {}

    def at(self, value: Any) -> Any:
        """A field of a claim with the constants filled in."""
        return self._once(value, lambda: at(value, self.constants)) if callable(value) else value

    def admitted(
        self, preconditions: tuple[Precondition, ...]
    ) -> tuple[Bool[np.ndarray, " S"], Excluded]:
        """Which runs meet every hypothesis, and why how many of the others do not."""

        def ask() -> tuple[Bool[np.ndarray, " S"], Excluded]:
            holds = [(p, self._check(p)) for p in preconditions]
            failed = [(p.name, met, self.at(p.failure)) for p, met in holds if not met.all()]
            return admit(failed, self.runs)

        return self._once(preconditions, ask)

    def _check(self, hypothesis: Precondition) -> Bool[np.ndarray, " ..."]:
        def ask() -> Bool[np.ndarray, " ..."]:
            return np.asarray(hypothesis.check(self.constants), dtype=bool)

        return self._once(hypothesis, ask)

    def _once(self, asked: Any, ask: Callable[[], Any]) -> Any:
        """By identity; what is asked is kept, so that no other takes its place."""
        found = self._found.get(id(asked))
        if found is None:
            found = self._found[id(asked)] = asked, ask()
        return found[1]


@dataclass(frozen=True, eq=False)
class Terms:
    """What a claim says of the runs S of a record; its fields are filled in where they are asked
    for, as they may have no meaning where no run meets the hypotheses."""

    claim: Claim
    given: Given
    t: Float[np.ndarray, " T"]
    """Where it was recorded what the claim is about."""

    @cached_property
    def kept(self) -> Bool[np.ndarray, " S"]:
        """The runs that meet the hypotheses."""
        return self.given.admitted(self.claim.preconditions)[0]

    @cached_property
    def any_kept(self) -> bool:
        """Whether there is one."""
        return bool(self.kept.any())

    @property
    def excluded(self) -> Excluded:
        """Why how many of the others do not."""
        return self.given.admitted(self.claim.preconditions)[1]

    @property
    def law(self) -> Law:
        return self.given.at(self.claim.law)

    @property
    def log_constant(self) -> Any:
        return self.given.at(self.claim.constant)

    @property
    def t_min(self) -> Any:
        return self.given.at(self.claim.t_min)

    @cached_property
    def offset(self) -> float:
        """What is added to t.  Raises ValueError where it differs between runs."""
        offset = self.given.at(self.claim.offset)
        if isinstance(offset, (int, float)):
            return float(offset)
        offsets = np.unique(np.asarray(offset, dtype=np.float64))
        known = offsets[np.isfinite(offsets)]
        if known.size != 1:
            name = self.claim.id
            raise ValueError(f"the offset of {name} is not one number for all runs: {offsets}")
        return float(known[0])

    @cached_property
    def kept_law(self) -> Law:
        """The law of the runs that meet the hypotheses.  Raises ValueError as `Law.for_runs`."""
        where = self.t + self.offset if self.offset else self.t
        return self.law.for_runs(where, self.kept)
