"""A claim of this study: an observable of a phase against curves that a job's problem knows.

Laws and hypotheses are functions of the job (`problem.AttractorProblem`, or `PlaneProblem`).  Where
no theory speaks (below the threshold, beyond a hypothesis on one entry) a curve along an axis is
nan, and the claim says nothing of that place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.attractor.config import Claims
from ntp_dynamics.studies.attractor.kernel import PERIOD
from ntp_dynamics.studies.attractor.theory import bump
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

SOURCE = "Zhang, Wu, Wu, NeurIPS 2022, {}"
READ_BY_OTHERS = "derived ({} by a re-implementation)"
Curve = Float[np.ndarray, " axis"] | float
OfJob = Callable[[Any], Curve]
ITERATED = ("spectrum", "pinning", "torus_spectrum")
"""Phases whose steps are iterations."""


GAUSSIAN = Precondition("gaussian", lambda p: p.config.claims is Claims.gaussian, "claims=numeric")
NARROW = Precondition("a <= 50", lambda p: p.config.network.a <= 50, "the bump wraps the ring")
FREE = Precondition("a <= 40", lambda p: p.config.network.a <= 40, "the bump feels the ring")
HOLDS = Precondition("w > w_c", lambda p: p.config.network.w_over_wc > 1, "no bump exists")


def fine(part: str, least: float) -> Precondition:
    """A grid of so many neurons a width."""

    def check(p: Any) -> bool:
        return p.config.network.a * getattr(p.config, part).neurons / PERIOD >= least

    return Precondition(f"a/dx >= {least:g}", check, "the grid is too coarse")


def relaxed(part: str, digits: int) -> Precondition:
    """So many iterations that the slowest mode, that of height, is gone to these digits."""

    def check(p: Any) -> bool:
        shrinks = bump.root(max(p.config.network.w_over_wc, 1.0)) / 2
        return getattr(p.config, part).iterations * shrinks >= digits * math.log(10)

    return Precondition("relaxed", check, "too few iterations for the bump to settle")


def _critical_time(p: Any) -> bool:
    ratios = np.array(p.config.critical.ratios)
    slowness = np.sqrt(np.abs(1 - ratios[np.abs(ratios - 1) >= 0.01] ** -2.0))
    return bool(p.config.critical.duration >= (10 / slowness).max(initial=0.0))


LONG = Precondition("T >= 10/sqrt|1 - (w_c/w)^2|", _critical_time, "too short to tell")


def stated(
    identity: str,
    statement: str,
    source: str,
    stage: str,
    observable: str,
    law: Callable[[Any], Law],
    *hypotheses: Precondition,
    version: str = "ring",
    **more: Any,
) -> Claim:
    """A claim, derived unless ``more`` says otherwise, about a phase if the job has it."""

    def guarded(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda p: stage not in p.recorded or check(p)  # the first one says what is missing

    there = Precondition(
        f"phase {stage}", lambda p: stage in p.recorded, f"the job has no phase {stage}"
    )
    supposed = [Precondition(h.name, guarded(h.check), h.failure) for h in hypotheses]
    clock = "iteration" if stage in ITERATED else "time"
    timing = {"clock": clock, "unit": "tau" if clock == "time" else "", "kind": "derived"}
    return Claim(
        identity,
        statement,
        source,
        version,
        str(stage),
        observable,
        law,
        preconditions=(there, *supposed),
        **{**timing, **more},
    )


def along(
    axis: str,
    identity: str,
    statement: str,
    source: str,
    stage: str,
    observable: str,
    curve: OfJob,
    within: OfJob,
    *hypotheses: Precondition,
    **more: Any,
) -> Claim:
    """A claim about every place of an axis but those where ``curve`` is nan: the observable is the
    curve, up to ``within`` at most."""

    def places(p: Any) -> Bool[np.ndarray, " axis"]:
        return ~np.isnan(np.atleast_1d(curve(p)))

    def law(p: Any) -> Law:
        kept, value = places(p), np.atleast_1d(curve(p))
        allowed = np.broadcast_to(within(p), value.shape)
        return Law.value(value[kept], absolute=allowed[kept])

    somewhere = Precondition("somewhere", lambda p: places(p).any(), f"no {axis} is judged")
    return stated(
        identity,
        statement,
        source,
        stage,
        observable,
        law,
        *hypotheses,
        somewhere,
        clock=axis,
        unit="",
        timeless=True,
        tight=True,
        places=places,
        **more,
    )


def mean(
    identity: str,
    statement: str,
    source: str,
    stage: str,
    observable: str,
    curve: OfJob,
    *hypotheses: Precondition,
    **more: Any,
) -> Claim:
    """A claim about an expectation over runs, constant in time."""

    def law(p: Any) -> Law:
        return Law.mean_equals(float(np.log(curve(p))))

    given = {"about": "ensemble", "tight": True, **more}
    return stated(identity, statement, source, stage, observable, law, *hypotheses, **given)
