"""Claims held against what was recorded of them, and what runs show that no claim covers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ntp_dynamics.verdict.beyond import unjudged
from ntp_dynamics.verdict.judge import judge_all, observe_all
from ntp_dynamics.verdict.observed import Observed
from ntp_dynamics.verdict.question import Question, inapplicable
from ntp_dynamics.verdict.series import Series
from ntp_dynamics.verdict.terms import Terms
from ntp_dynamics.verdict.verdict import Verdict

NOT_MEASURABLE = (ValueError, TypeError, ArithmeticError, IndexError)
"""What filling in a law may raise whose constants are no numbers outside the hypotheses."""
Shown = tuple[Observed, str] | None
"""What is observed beyond the hypotheses, in numbers and in words."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A claim, and the series that it is about; the other fields are those of `Claim.judge`."""

    terms: Terms
    series: Callable[[], Series]
    log_floor: Any = None
    schedule: Any = None
    beyond: bool = True

    def question(self, covered: bool = True) -> Question:
        """Of the runs that the claim covers, or of the others.

        Laws, constants and starts are filled in here.  Raises what they raise.
        """
        terms, claim, series = self.terms, self.terms.claim, self.series()
        kept, excluded = terms.kept, terms.excluded
        if not covered:
            kept, excluded = ~kept, (("covered", int(kept.sum())),) * bool(kept.any())
        return Question(
            series,
            terms.law,
            kept,
            excluded,
            log_constant=terms.log_constant,
            log_ceiling=claim.log_ceiling,
            side=claim.side,
            t_min=terms.t_min,
            log_floor=self.log_floor,
            schedule=self.schedule,
            about=claim.about,
            clock=claim.clock,
            unit=claim.unit,
            timeless=claim.timeless,
            offset=terms.offset,
            kept_law=terms.kept_law if covered else None,
            tight=claim.tight,
            evaluated=claim.evaluated,
            transient=claim.transient,
        )


def judge_asked(asked: Sequence[Asked]) -> list[Verdict]:
    """The verdict on each claim, and in it what is observed beyond its hypotheses."""
    covered = [a.question() for a in asked if a.terms.any_kept]
    verdicts = iter(judge_all(covered))
    found = [next(verdicts) if a.terms.any_kept else _inapplicable(a) for a in asked]
    outside = [a for a in asked if a.beyond and not a.terms.kept.all()]
    observed = zip(outside, _beyond(outside), strict=True)
    seen = {id(a): _told(a, shown) for a, shown in observed}
    return [
        verdict if (told := seen.get(id(a))) is None else _with(verdict, *told)
        for a, verdict in zip(asked, found, strict=True)
    ]


def _told(asked: Asked, shown: Shown) -> Shown:
    """What was observed; of a limit without a rate, no more than is told of one."""
    return unjudged(shown[0]) if shown is not None and asked.terms.claim.unrated else shown


def _with(verdict: Verdict, seen: Observed, words: str) -> Verdict:
    return replace(verdict, observed=seen, beyond=words)


def _inapplicable(asked: Asked) -> Verdict:
    terms = asked.terms
    return inapplicable(terms.given.runs, terms.excluded, terms.claim.about, terms.claim.evaluated)


def _beyond(asked: Sequence[Asked]) -> list[Shown]:
    """What the runs show that a claim does not cover; nothing where its law cannot be filled in, or
    not be judged."""
    with np.errstate(all="ignore"):
        questions: list[Question | None] = []
        for a in asked:
            questions.append(None)
            with suppress(*NOT_MEASURABLE):
                questions[-1] = a.question(covered=False)
        some = [q for q in questions if q is not None]
        try:
            found = iter(observe_all(some))
        except NOT_MEASURABLE:  # of one of them: each by itself
            found = map(_observed, some)
        return [None if q is None else next(found) for q in questions]


def _observed(question: Question) -> Shown:
    with suppress(*NOT_MEASURABLE):
        return observe_all([question])[0]
    return None
