"""Students that start close together, far from the truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ntp_dynamics.studies.score_matching.claims.ball import AWAKE
from ntp_dynamics.studies.score_matching.claims.stated import (
    AVERAGED,
    DERIVED,
    DESCENT,
    EQUAL,
    EXACT,
    PAPER,
    SEVERAL,
    Problem,
    ended,
    late,
    number,
    start,
    stated,
)
from ntp_dynamics.studies.score_matching.config import PhaseName, Start
from ntp_dynamics.studies.score_matching.theory import clump, printed
from ntp_dynamics.verdict.claim import Precondition
from ntp_dynamics.verdict.law import Law


def _tiny(p: Problem) -> Any:
    model = p.config.model
    allowed = printed.log_small(model.students, model.dim, p.config.init.distance)
    return p.start.log_largest <= allowed


EXPONENTIALLY = Precondition(
    "|delta| <= exp(-106 n d M^3)/(108 n d)", _tiny, "the deviations are too large"
)
CLUMP_START = start(Start.clump)


def _small_from(p: Problem) -> float:
    config = p.config
    return printed.small_from(config.model.students, config.init.distance, config.train.step_size)


def _log_largest(p: Problem) -> Any:
    """ln of c times the largest entry of the pattern: of the largest deviation of all."""
    init, model = p.config.init, p.config.model
    log_k = clump.log_amplification(init.distance, p.config.train.step_size, model.students)[0]
    return log_k + p.start.log_largest


LINEAR = Precondition(
    "delta < .005 all along",
    lambda p: _log_largest(p) < math.log(0.005),
    "the deviations grow beyond .005 on the way",
)


def _amplified(p: Problem) -> Law:
    """ln K, within 1e-3 and what the decay 8 l s/n of a small ball takes."""
    init, model, eta = p.config.init, p.config.model, p.config.train.step_size
    limit = math.exp(2 * min(float(_log_largest(p).max()), math.log(0.005)))

    def curve(t: np.ndarray) -> np.ndarray:
        return clump.log_amplification(init.distance, eta, model.students, t)

    def allowed(t: np.ndarray) -> np.ndarray:
        return 1e-3 + 8 * limit * eta * t / model.students

    return Law.value(curve, absolute=allowed)


LASTING = Precondition(
    "s >= 1000",
    lambda p: p.config.averaged.steps * p.config.averaged.step_size >= 1000,
    "the averaged descent ends before s = 1000",
)


def _dense(p: Problem) -> bool:
    """Levels of equal share, .5 apart at most, from 0 on to where the clump overlaps the data."""
    t, shares = np.sort(p.config.noise.t), p.levels[1]
    near = math.exp(-t[-1]) * p.config.init.distance <= 0.85
    return bool(np.ptp(shares) < 1e-9 and t[0] == 0 and np.diff(t).max(initial=0) <= 0.5 and near)


DENSE = Precondition(
    "levels <= .5 apart", _dense, "levels are no equal shares from 0 to e^-t M <= .85, .5 apart"
)
WITHIN = Precondition(
    "M <= 6, n <= 5",
    lambda p: p.config.init.distance <= 6 and p.config.model.students <= 5,
    "the clump is beyond 6 or has more than five students: not all converge, as measured",
)
LOST = Precondition(
    "t = 0 alone loses n - 1",
    lambda p: ended(p, DESCENT).count == 1,
    "the plain descent of the same start did not leave exactly one",
)


def _widest(p: Problem) -> float:
    """The largest root mean square deviation that the compared clumps start with."""
    n, part = p.config.model.students, p.config.collapse
    eta, nearest = p.config.map.step_size, min(part.distances)
    return max(part.amplified) * math.exp(-clump.log_amplification(nearest, eta, n)[0])


APART = Precondition(
    "M >= 3", lambda p: min(p.config.collapse.distances) >= 3, "a clump is nearer than 3"
)
TIGHT = Precondition(
    "sigma_0 <= .01", lambda p: _widest(p) <= 0.01, "a clump starts wider than .01"
)
COMPARED = Precondition(
    "two distances", lambda p: len(p.config.collapse.distances) > 1, "there is one distance"
)
IN_TIME = Precondition(
    "s >= 100", lambda p: p.config.map.path_length >= 100, "too short to tell who converges"
)
AHEAD = Precondition(
    "M >= 4", lambda p: p.config.init.distance >= 4, "M is below 4 (the threshold is near 2.5)"
)


def _last(p: Problem) -> float:
    return max(1.0, 0.9 * p.config.map.path_length / p.config.map.step_size)


def _since(p: Problem) -> Any:
    return ended(p, DESCENT).settled


NECESSITY = start(Start.necessity), AHEAD, EQUAL, EXACT, SEVERAL

CLUMP = [
    stated(
        "sm.small.all",
        "all students converge from exponentially small deviations",
        PAPER.format("Thm 3.2"),
        DESCENT,
        "count",
        number(lambda p: p.config.model.students),
        CLUMP_START,
        EXACT,
        EQUAL,
        EXPONENTIALLY,
        t_min=late(DESCENT),
    ),
    stated(
        "sm.small.rate",
        "then L = O(1/sqrt(tau)) from tau = n log(6 n M)/(2 eta) on",
        PAPER.format("Thm 3.2"),
        DESCENT,
        "log_loss",
        Law.power(0.5),
        CLUMP_START,
        EXACT,
        EQUAL,
        EXPONENTIALLY,
        AWAKE,
        t_min=_small_from,
    ),
    stated(
        "sm.necessity",
        "one student exp(-M/100) ahead of all others: it converges, and no other",
        PAPER.format("Thm 3.4; M >= 4 is measured"),
        DESCENT,
        "count",
        number(lambda p: 1),
        *NECESSITY,
        t_min=late(DESCENT),
    ),
    stated(
        "sm.necessity",
        "the others move away for ever",
        PAPER.format("Thm 3.4; M >= 4 is measured"),
        DESCENT,
        "far_min",
        Law.monotone(+1),
        *NECESSITY,
        version="others",
        t_min=_since,
    ),
    stated(
        "sm.clump.amplify",
        "deviations along the axis grow by K = prod (1 + 4 eta A^2/n) while they are small",
        DERIVED,
        DESCENT,
        "log_amplification",
        _amplified,
        CLUMP_START,
        EXACT,
        EQUAL,
        SEVERAL,
        LINEAR,
        tight=True,
    ),
    stated(
        "sm.clump.phase",
        "how many converge depends on c = sigma_0 K, eta and the pattern only: in 98 % of cells",
        DERIVED,
        PhaseName.collapse,
        "agreement",
        Law.envelope(math.log(0.98)),
        EQUAL,
        SEVERAL,
        APART,
        TIGHT,
        COMPARED,
        IN_TIME,
        side="lower",
        constant=0.0,
        about="ensemble",
        t_min=_last,
    ),
    stated(
        "sm.average",
        "averaged over noise levels all students converge where t = 0 alone loses n - 1",
        DERIVED,
        AVERAGED,
        "count",
        number(lambda p: p.config.model.students),
        EXACT,
        EQUAL,
        SEVERAL,
        CLUMP_START,
        DENSE,
        WITHIN,
        LOST,
        LASTING,
        version="count",
        t_min=late(AVERAGED),
    ),
    stated(
        "sm.average",
        "and the loss falls like tau^-2",
        DERIVED,
        AVERAGED,
        "log_loss",
        Law.power(2),
        EXACT,
        EQUAL,
        SEVERAL,
        CLUMP_START,
        DENSE,
        WITHIN,
        LOST,
        LASTING,
        version="rate",
    ),
]
