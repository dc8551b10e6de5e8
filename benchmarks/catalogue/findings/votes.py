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

LEVELS = (2, 3)
SETTLED = 1e4
"""A step at which every burn-in is over."""


def _of(records: Records, levels: int) -> Watched:
    return records[f"dataset.levels={levels}"]


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
    return (series.values(record, GAP) * t / np.log(t) ** 2)[:, t >= 30].max(axis=1)


def _levels(levels: int) -> list[Row]:
    said = f"{levels} levels"
    exact = ["tight"] if levels == 2 else ["tight", "does not apply"]
    return [
        Row(
            f"{said}: relations forced to zero",
            Nothing(),
            lambda r: series.target(_of(r, levels), "forced_zero"),
        ),
        Row(
            f"{said}: slope of log(L - L_min) over prediction, from t = 10,000 on",
            near(1, within=1e-5),
            lambda r: series.loss_slope(_of(r, levels), SETTLED),
        ),
        Row(
            f"{said}: sup of (1 - cos) t / log^2 t",
            below(1),
            lambda r: _supremum(_of(r, levels)),
        ),
        verdict("votes.direction", "faster", of=f"dataset.levels={levels}", said=said),
        verdict("votes.sparsity", "holds", of=f"dataset.levels={levels}", said=said),
        verdict("votes.loss.sharp", "tight", of=f"dataset.levels={levels}", said=said),
        verdict("votes.direction.exact", *exact, of=f"dataset.levels={levels}", said=said),
    ]


def _picture(records: Records) -> Sequence[Chart]:
    curves = [
        Series(f"{n} levels", series.steps(_of(records, n)), series.values(_of(records, n), GAP))
        for n in LEVELS
    ]
    return [Chart("1 - cos(W_kq, W_mm)", curves)]


VOTES = Finding(
    "votes",
    "One right vote, two labels",
    rows=[
        *_levels(2),
        Row(
            "2 levels: exponent of 1 - cos over the last octave",
            near(-2, within=0.002),
            lambda r: _exponent(_of(r, 2)),
        ),
        Row(
            "2 levels: measured over R^2 / 2 at eta t = 500: distance from 1",
            below(0.003),
            lambda r: _at_500(_of(r, 2)),
        ),
        Row(
            "2 levels: measured over R^2 / 2, from 100 ||W_mm|| on: largest distance from 1",
            below(0.01),
            lambda r: _from_100(_of(r, 2)),
        ),
        *_levels(3),
        Row(
            "3 levels: exponent over the last octave, runs with a relation forced to zero",
            between(-1.95, -1.5),
            lambda r: _exponent(_of(r, 3))[~series.free(_of(r, 3))],
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
