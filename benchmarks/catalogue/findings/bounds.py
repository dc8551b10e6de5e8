"""The steps at which the printed bounds begin to speak."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks.catalogue.expectation import OTHER_DRAW, PREFACTOR, PRINTED, about, order
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.huang2024 import (
    CLAIMS,
    theorem2_burn_in,
    theorem2_first_stage,
)
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.terms import at


def only(records: Records) -> Watched:
    """The record of an experiment of one job."""
    (record,) = records.values()
    return record


def claim(name: str, version: str | None = None) -> Claim:
    """A claim of the paper by its id and version; the first one without a version."""
    return next(c for c in CLAIMS if c.id == name and version in (None, c.version))


def speaks(of: Claim, c: Constants) -> np.ndarray:
    """The first step from which C f(t) < 1, each run by itself."""
    law, constant = at(of.law, c), at(of.constant, c)
    return _first(lambda t: law.log_f(t) + np.asarray(constant)[:, None] < 0)


def _first(says: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """The last step, on a grid of 1,000 a decade, before which a condition fails, a value a run."""
    t = np.logspace(0.5, 40, 39_501)
    silent = ~says(t)
    return t[silent.shape[1] - 1 - silent[:, ::-1].argmax(1)]


def _first_stage(c: Constants) -> float:
    """Smallest T that satisfies the condition of Corollary 1 (T stands on both sides)."""
    t = 1e6
    for _ in range(50):
        per_log = theorem2_first_stage(c)[0] / math.log(c.steps0)
        t = per_log * math.log(t)
    return t


def _proposition_1(version: str, notes: float) -> Row:
    return Row(
        f"Proposition 1 ({version}): bound on 1 - cos below 1 from t =",
        about(notes, share=PRINTED),
        lambda r: speaks(claim("ov.direction", version), only(r).constants),
    )


BOUNDS = Finding(
    "bounds",
    "When the printed bounds begin to speak",
    rows=[
        _proposition_1("text", 4.5e5),
        _proposition_1("appendix", 1.2e6),
        Row(
            "Theorem 1: bound on 1 - cos below 1 from t =",
            order(3.3e12, factor=PREFACTOR),
            lambda r: speaks(claim("kq.direction"), only(r).constants),
            OTHER_DRAW,
        ),
        Row(
            "Theorem 2: burn-in, from t =",
            order(1.8e15, factor=PREFACTOR),
            lambda r: theorem2_burn_in(only(r).constants),
            OTHER_DRAW,
        ),
        Row(
            "Corollary 1: stage 1 long enough from T =",
            about(1.1e9, share=PRINTED),
            lambda r: _first_stage(only(r).constants),
            "the fixed point of T = 4.98e7 log T is 1.03e9; the notes print 1.1e9",
        ),
        verdict("ov.direction", "vacuous"),
        verdict("kq.direction", "vacuous"),
        verdict("kq.leak", "inconclusive"),
        verdict("loss", "does not apply"),
    ],
    text=(
        "At the 900 + 900 steps of the paper's experiment no printed bound says anything: the one "
        "of Proposition 1 needs five hundred times as many steps, that of Theorem 1 billions of "
        "times. The verdict is therefore vacuous, which is not the same as holds. With two tokens "
        "instead of twenty all of them speak: `small_vocabulary`."
    ),
)
