"""The constant of the direction gap, predicted and measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import Nothing, below, exactly
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.series import GAP
from benchmarks.catalogue.watched import Records, Watched

SHAPES = ("realizable", "prefix_closed", "complete", "long")
RUNS = 8
UNDETERMINED = {"realizable": exactly(5), "prefix_closed": exactly(0)}
"""Runs whose offset is not determined, where our notes count them."""


def _of(records: Records, shape: str) -> Watched:
    return records[f"dataset={shape}"]


def _ratio(record: Watched) -> np.ndarray:
    """(1 - cos) (eta t)^2 over R^2 / 2, of the determined runs at the recorded steps."""
    squared = series.target(record, "offset_kq")
    path = record.config.train.attention.step_size * series.steps(record)
    ratio = 2 * series.values(record, GAP) * path**2 / squared[:, None]
    return ratio[np.isfinite(squared)]


def _from_100(record: Watched) -> np.ndarray:
    """The largest relative error, from a path of 100 ||W*|| on."""
    squared = series.target(record, "offset_kq")
    norm = series.target(record, "norm_kq")[np.isfinite(squared)]
    path = record.config.train.attention.step_size * series.steps(record)
    return np.where(path >= 100 * norm[:, None], np.abs(_ratio(record) - 1), 0.0).max(axis=1)


def _shape(shape: str) -> list[Row]:
    return [
        Row(
            f"{shape}: runs whose offset is not determined, of {RUNS}",
            UNDETERMINED.get(shape, Nothing()),
            lambda r: np.isnan(series.target(_of(r, shape), "offset_kq")).sum(),
        ),
        Row(
            f"{shape}: R^2, predicted",
            Nothing(),
            lambda r: np.array(
                [x for x in series.target(_of(r, shape), "offset_kq") if np.isfinite(x)]
            ),
        ),
        Row(
            f"{shape}: measured over predicted, from 100 ||W*|| on: largest distance from 1",
            below(0.01),
            lambda r: _from_100(_of(r, shape)),
        ),
        Row(
            f"{shape}: measured over predicted at t = 10,000: distance from 1",
            below(0.001),
            lambda r: np.abs(_ratio(_of(r, shape))[:, -1] - 1),
        ),
        verdict("kq.direction.exact", "tight", of=f"dataset={shape}", said=shape),
    ]


def _picture(records: Records) -> Sequence[Chart]:
    curves = [Series(s, series.steps(_of(records, s)), _ratio(_of(records, s))) for s in SHAPES]
    late = [Series(c.label, c.t[c.t >= 30], c.y[:, c.t >= 30]) for c in curves]
    return [Chart("(1 - cos) (eta t)^2 over R^2 / 2", late, plain=True)]


EXACT_CONSTANT = Finding(
    "exact_constant",
    "The constant is known before training too",
    rows=[row for shape in SHAPES for row in _shape(shape)],
    text=(
        "Where the targets determine it, not only the rate of 1 - cos is known before a run is "
        "trained but the number itself: R^2 / (2 (eta t)^2), with R^2 from one convex problem on "
        "the corpus. What is left at a finite horizon is the path that was lost on the way, of "
        "the order of 1/t. Where a tight relation is forced to zero, or the tight relations leave "
        "apart what other relations join, the constant depends on the path, and the claim says "
        "that it does not apply."
    ),
    picture=_picture,
    caption="Runs whose offset is determined: medians and range.",
)
