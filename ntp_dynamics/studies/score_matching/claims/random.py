"""Students that start at random, far from the truth: exactly one converges."""

from __future__ import annotations

from ntp_dynamics.studies.score_matching.claims.stated import (
    DERIVED,
    DESCENT,
    EQUAL,
    PAPER,
    SEVERAL,
    Problem,
    late,
    start,
    stated,
)
from ntp_dynamics.studies.score_matching.config import Start, Way
from ntp_dynamics.studies.score_matching.theory import printed
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.law import Law

GAUSSIAN = start(Start.gaussian)
UNIT = Precondition("sd = 1", lambda p: p.config.init.sd == 1, "the start is not N(mu, I)")
UNBLIND = Precondition(
    "unblind",
    lambda p: p.config.expectation.kind is not Way.monte_carlo,
    "plain batches do not see far students",
)


def _as_printed(p: Problem) -> bool:
    model = p.config.model
    return p.config.init.distance > printed.random_distance(model.students, model.dim)


def _probability(p: Problem) -> Law:
    return Law.frequency(
        low=printed.random_probability(p.config.model.students, p.config.init.distance)
    )


PRINTED = Precondition("M > 1e9 sqrt(d) n^10", _as_printed, "M is not above 1e9 sqrt(d) n^10")
FAR = Precondition("M >= 5", lambda p: p.config.init.distance >= 5, "M is below 5")
LOW = Precondition("d <= 3", lambda p: p.config.model.dim <= 3, "d is above 3")

RANDOM = [
    stated(
        "sm.random.one",
        "exactly one student converges with probability 1 - n^2 M^(-1/3) at least",
        PAPER.format("Thm 3.5"),
        DESCENT,
        "single",
        _probability,
        GAUSSIAN,
        UNIT,
        EQUAL,
        UNBLIND,
        SEVERAL,
        PRINTED,
        version="printed",
        about="ensemble",
        t_min=late(DESCENT),
    ),
    stated(
        "sm.random.one",
        "exactly one student converges with probability .9 at least once M >= 5",
        DERIVED,
        DESCENT,
        "single",
        Law.frequency(low=0.9),
        GAUSSIAN,
        UNIT,
        EQUAL,
        UNBLIND,
        SEVERAL,
        FAR,
        LOW,
        version="desk",
        about="ensemble",
        t_min=late(DESCENT),
    ),
    stated(
        "sm.random.nearest",
        "the survivor is the student that started nearest to the truth",
        DERIVED,
        DESCENT,
        "survivor_rank",
        Law.value(0.0, absolute=0.1),
        GAUSSIAN,
        UNIT,
        EQUAL,
        UNBLIND,
        SEVERAL,
        FAR,
        LOW,
        t_min=late(DESCENT),
        tight=True,
    ),
]
