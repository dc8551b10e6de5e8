"""Two tokens, three samples: every printed bound of the paper within reach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import about, above, below, between, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.bounds import claim, only, speaks
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.next_token.theory.huang2024 import theorem2_burn_in, theorem2_first_stage
from ntp_dynamics.verdict.terms import at

SAYS_SOMETHING = ("holds", "tight", "faster")


def _log_bound(record: Watched, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Recorded steps, and ln(C f) of a claim of the attention stage there: (1, T)."""
    found, t = claim(name), series.steps(record)
    constant = np.asarray(at(found.constant, record.constants)).reshape(-1, 1)
    return t, np.atleast_2d(constant + at(found.law, record.constants).log_f(t))


def _decades_below(record: Watched, name: str, observable: str) -> np.ndarray:
    """How far an observable stays below its printed bound, in decades, from the burn-in on."""
    t, bound = _log_bound(record, name)
    late = t >= theorem2_burn_in(record.constants)[0]
    return ((bound - series.values(record, observable))[:, late] / series.LOG_10).min(1)


def _delta(record: Watched) -> float:
    """The margin of Corollary 1: Delta = T eta0 / (4 ||W*_ov||^2)."""
    c = record.constants
    return float(c.steps0 * c.eta0 / (4 * c.ov_norm[0] ** 2))


def _margins(record: Watched) -> list[float]:
    """The least and the largest margin that stage 1 leaves."""
    return [
        float(series.last(record, f"margin_{end}", "feed_forward")[0]) for end in ("min", "max")
    ]


def _beside(record: Watched, name: str, observable: str, title: str) -> Chart:
    """A quantity and its bound in decades: they go where powers of ten are no labels."""
    t, bound = _log_bound(record, name)
    late = t >= theorem2_burn_in(record.constants)[0]
    measured = Series("measured", t, series.values(record, observable) / series.LOG_10)
    stated = Series("bound, from its burn-in on", t[late], bound[:, late] / series.LOG_10)
    return Chart(f"log10 of the {title}", [measured, stated], log_x=False, plain=True)


def _picture(records: Records) -> Sequence[Chart]:
    record = only(records)
    return [
        _beside(record, "loss", "log_loss", "loss"),
        _beside(record, "kq.leak", "log_leak", "worst leak"),
    ]


SMALL_VOCABULARY = Finding(
    "small_vocabulary",
    "Two tokens, and every printed bound speaks",
    rows=[
        Row(
            "Corollary 1: stage 1 long enough, 10,000 steps, from T =",
            about(4903, share=0.001),
            lambda r: theorem2_first_stage(only(r).constants),
        ),
        Row(
            "Theorem 1: bound on 1 - cos below 1 before the last step, from t =",
            below(8e6),
            lambda r: speaks(claim("kq.direction"), only(r).constants),
        ),
        Row(
            "Theorem 2: burn-in, from t =",
            about(3.0e6, share=0.05),
            lambda r: theorem2_burn_in(only(r).constants),
        ),
        verdict("ov.direction", *SAYS_SOMETHING),
        verdict("kq.direction", *SAYS_SOMETHING),
        verdict("kq.norm", *SAYS_SOMETHING),
        verdict("kq.leak", *SAYS_SOMETHING),
        verdict("loss", *SAYS_SOMETHING),
        Row(
            "Theorem 2: decades by which the loss is below its bound",
            near(3257, within=1),
            lambda r: _decades_below(only(r), "loss", "log_loss"),
        ),
        Row(
            "Theorem 2: decades by which the leak is below its bound",
            above(0),
            lambda r: _decades_below(only(r), "kq.leak", "log_leak"),
        ),
        Row(
            "largest 1 - cos(W_kq, W*_kq) from step 1 on",
            below(1e-25),
            lambda r: series.values(only(r), series.GAP).max(),
        ),
        Row(
            "margins of stage 1: T eta0 / ||W*_ov||",
            near(10_000, within=0.1),
            lambda r: _margins(only(r)),
        ),
        Row(
            "Corollary 1 as transcribed: margin over Delta = T eta0 / (4 ||W*_ov||^2)",
            between(1, 3, "the corollary"),
            lambda r: np.array(_margins(only(r))) / _delta(only(r)),
            "the margin is exactly T eta0 / ||W*_ov||, 4 ||W*_ov|| times Delta: above 3 Delta for "
            "every |V| >= 2; the corollary as transcribed is contradicted",
        ),
        verdict("ov.margin", *SAYS_SOMETHING, version="lower limit"),
        verdict("ov.margin", "contradicted", version="upper limit"),
    ],
    text=(
        "With two tokens, three samples and 8 million steps, which take seconds, each printed "
        "bound can be held against something. All are kept, Theorem 2's loss by more than three "
        "thousand decades. That is no strong test of Theorem 1: there is one relation, so descent "
        "has one direction to go and 1 - cos is 0 from the first step on. Corollary 1, as we read "
        "it, is the one statement that fails: the margins are 4 ||W*_ov|| Delta, 4/3 of its upper "
        "limit."
    ),
    picture=_picture,
    caption="Theorem 2 at |V| = 2.",
)
