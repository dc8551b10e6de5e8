"""English at three vocabulary sizes: its part under Assumption 1, the sharp laws and the proofs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import Expectation, Nothing, below, one_of
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import labels, proved_from, verdict
from benchmarks.catalogue.plots import Chart, Decades, Series
from benchmarks.catalogue.series import GAP
from benchmarks.catalogue.watched import Records, Watched

SIZES = (50, 100, 200)
SHARP = ("kq.norm.sharp", "kq.loss.sharp", "kq.direction.sharp")
BY = 100.0
"""Path, in units of ||W*_kq||, before which norm and loss are expected to be proved."""


def _key(size: int) -> str:
    return f"dataset.path=${{corpus:english_{size}}}"


def _of(records: Records, size: int) -> Watched:
    return records[_key(size)]


def _path(record: Watched) -> float:
    """Path in units of ||W*_kq|| from which on norm and loss are proved; nan if never."""
    (step,) = proved_from(record, "kq.loss.sharp")
    return step * record.config.train.attention.step_size / series.target(record, "norm_kq")[0]


def _constant(record: Watched) -> tuple[str, ...]:
    """What the claim of the constant says beside whether R^2 is determined."""
    known = np.isfinite(series.target(record, "offset_kq")).all()
    found = labels(record, "kq.direction.exact")
    return tuple(f"{'determined' if known else 'not determined'}: {label}" for label in found)


def _size(size: int) -> list[Row]:
    def row(quantity: str, expected: Expectation, measure: Callable[[Watched], Any]) -> Row:
        return Row(f"{size} words: {quantity}", expected, lambda r: measure(_of(r, size)))

    return [
        row("sentences", Nothing(), lambda r: r.corpora[0].size),
        row("||W*_kq||", Nothing(), lambda r: series.target(r, "norm_kq")),
        row("relations forced to zero", Nothing(), lambda r: series.target(r, "forced_zero")),
        *[verdict(claim, "tight", of=_key(size), said=f"{size} words") for claim in SHARP],
        row("norm and loss proved from a path over ||W*_kq|| on", below(BY), _path),
        row(
            "R^2 of the constant, and verdict of kq.direction.exact",
            one_of("determined: tight", "not determined: does not apply"),
            _constant,
        ),
    ]


def _picture(records: Records) -> Sequence[Chart]:
    def curve(size: int, name: str) -> Series:
        record = _of(records, size)
        path = series.steps(record) * record.config.train.attention.step_size
        over = path / series.target(record, "norm_kq")[0]
        return Series(f"{size} words", over, series.values(record, name))

    def proved(name: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
        at = [(_path(_of(records, size)), curve(size, name)) for size in SIZES]
        x = np.array([path for path, _ in at])
        y = np.array([c.y[0, np.abs(c.t - path).argmin()] for path, c in at if path == path])
        return [("proved from here on", x[np.isfinite(x)], y)]

    x = "path over ||W*_kq||"
    losses = [curve(size, "log_excess_loss") for size in SIZES]
    early = [Series(c.label, c.t[c.t <= BY], c.y[:, c.t <= BY]) for c in losses]
    gaps = [curve(size, GAP) for size in SIZES]
    return [
        Decades("L - L_min", early, x=x, log_x=False, points=proved("log_excess_loss")),
        Chart("1 - cos(W_kq, W*_kq)", gaps, x=x, points=proved(GAP)),
    ]


ENGLISH = Finding(
    "english",
    "A page of Genesis",
    rows=[row for size in SIZES for row in _size(size)],
    text="",
    picture=_picture,
    caption="Three parts of one text; circles: norm and loss are proved from here on.",
)
