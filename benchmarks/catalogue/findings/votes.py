"""Attention on the one token that votes for the right one of two labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import Nothing, below, between, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.series import GAP
from benchmarks.catalogue.watched import Records, Watched

LEVELS = {"2 levels": "dataset.levels=2", "3 levels": "dataset.levels=3"}
FEW = "dataset.sentences_per_query=4"
"""Of the twelve of the experiment: relations are left out, and others forced to zero."""
JOBS = {**LEVELS, "4 sentences a query": FEW}
"""Overrides by what is said of them."""
SETTLED = 1e4
"""A step at which every burn-in is over."""


def _path(record: Watched) -> np.ndarray:
    return record.config.train.attention.step_size * series.steps(record)


def _off(record: Watched) -> np.ndarray:
    """Distance from 1 of (1 - cos) (eta t)^2 over R^2 / 2, at the recorded steps."""
    squared = series.target(record, "offset_kq")[:, None]
    return np.abs(2 * series.values(record, GAP) * _path(record) ** 2 / squared - 1)


def _at_500(record: Watched) -> np.ndarray:
    off = _off(record)[:, np.searchsorted(_path(record), 500.0)]
    return off[np.isfinite(off)]


def _from_100(record: Watched) -> np.ndarray:
    norm = series.target(record, "norm_kq")[:, None]
    off = np.where(_path(record) >= 100 * norm, _off(record), 0.0).max(axis=1)
    return off[np.isfinite(off)]


def _exponent(record: Watched) -> np.ndarray:
    """Of the last octave."""
    return series.exponent(record, GAP, series.steps(record)[-1] / 2)


def _supremum(record: Watched) -> np.ndarray:
    """Of (1 - cos) t / log^2 t, from t = 30 on."""
    t = series.steps(record)
    late = t >= 30
    return (series.values(record, GAP)[:, late] * t[late] / np.log(t[late]) ** 2).max(axis=1)


def _laws(said: str) -> list[Row]:
    key = JOBS[said]
    return [
        Row(
            f"{said}: relations forced to zero",
            Nothing(),
            lambda r: series.target(r[key], "forced_zero"),
        ),
        Row(
            f"{said}: slope of log(L - L_min) over prediction, from t = 10,000 on",
            near(1, within=1e-5),
            lambda r: series.loss_slope(r[key], SETTLED),
        ),
        Row(
            f"{said}: sup of (1 - cos) t / log^2 t",
            below(1),
            lambda r: _supremum(r[key]),
        ),
        verdict("votes.direction", "faster", of=key, said=said),
        verdict("votes.sparsity", "holds", of=key, said=said),
        verdict("votes.loss.sharp", "tight", of=key, said=said),
    ]


def _constant(said: str) -> list[Row]:
    """Of the runs that determine it."""
    key = JOBS[said]
    return [
        Row(
            f"{said}: measured over R^2 / 2 at eta t = 500: distance from 1",
            below(0.003),
            lambda r: _at_500(r[key]),
        ),
        Row(
            f"{said}: measured over R^2 / 2, from 100 ||W_mm|| on: largest distance from 1",
            below(0.01),
            lambda r: _from_100(r[key]),
        ),
        verdict("votes.direction.exact", "tight", of=key, said=said),
    ]


def _picture(records: Records) -> Sequence[Chart]:
    curves = [
        Series(said, series.steps(records[key]), series.values(records[key], GAP))
        for said, key in JOBS.items()
    ]
    return [Chart("1 - cos(W_kq, W_mm)", curves)]


VOTES = Finding(
    "votes",
    "One right vote, two labels",
    more=[[FEW]],
    rows=[
        *(row for said in JOBS for row in _laws(said)),
        *(row for said in LEVELS for row in _constant(said)),
        *(
            Row(
                f"{said}: exponent of 1 - cos over the last octave",
                near(-2, within=0.002),
                lambda r, key=key: _exponent(r[key]),
            )
            for said, key in LEVELS.items()
        ),
        Row(
            "4 sentences a query: exponent, runs with a relation forced to zero",
            between(-1.95, -1.5),
            lambda r: _exponent(r[FEW])[~series.free(r[FEW])],
        ),
    ],
    text=(
        "What Huang, Liang and Yang need an injective collocation for, the inverse of n, is not "
        "needed where one token of a sentence votes right: the loss is that of a binary "
        "classifier, and direction, loss and constant follow the laws of the injective case to "
        "the letter. The published rate, log^2 t / t, is an upper bound that is off by a full "
        "power of t here too."
    ),
    picture=_picture,
    caption="Medians and range of six corpora each.",
)
