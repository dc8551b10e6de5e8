"""Gaussian unit embeddings of |V| = 20 tokens in 40 to 3 dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import Nothing, above, below, exactly
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.series import GAP
from benchmarks.catalogue.watched import Records, Watched

DIMENSIONS = (40, 20, 10, 6, 5, 4, 3)
RUNS = 8
PURE = (40, 20, 10)
"""Dimensions in which attention on the optimal token alone is the best in some runs."""
MIXED = (10, 6, 5, 4)
"""Dimensions in which it is not in some feasible runs."""
OTHER_EMBEDDINGS = "the notes have one draw of embeddings; here eight, with eight corpora"


def _of(records: Records, dim: int) -> Watched:
    return records[f"embedding.dim={dim}"]


def _feasible(record: Watched, name: str = "norm_kq") -> np.ndarray:
    return np.isfinite(series.target(record, name))


def _ends(record: Watched, pure: bool) -> np.ndarray:
    """1 - cos of the feasible runs whose attention is pure, or is not."""
    chosen = _feasible(record) & (record.pure == pure)
    return series.last(record, GAP)[chosen]


def _dimension(dim: int) -> list[Row]:
    expected = exactly(RUNS) if dim > 5 else exactly(0) if dim < 5 else above(1)
    rows = [
        Row(
            f"d = {dim}: runs with a solution of problem (3), of {RUNS}",
            expected,
            lambda r: _feasible(_of(r, dim)).sum(),
            OTHER_EMBEDDINGS,
        ),
        Row(
            f"d = {dim}: runs with a solution of problem (2), of {RUNS}",
            exactly(RUNS),
            lambda r: _feasible(_of(r, dim), "norm_ov").sum(),
            OTHER_EMBEDDINGS,
        ),
        Row(f"d = {dim}: ||W*_kq||", Nothing(), lambda r: series.target(_of(r, dim), "norm_kq")),
    ]
    if dim in PURE:
        rows.append(
            Row(
                f"d = {dim}: 1 - cos at path 1,000, runs with pure attention",
                below(1e-2),
                lambda r: _ends(_of(r, dim), pure=True),
            )
        )
    if dim == min(PURE):
        rows.append(
            Row(
                f"d = {dim}: 1 - cos at path 1,000, every run",
                below(1e-2),
                lambda r: series.last(_of(r, dim), GAP),
                "where attention on the optimal token alone is not the best, some runs stall",
            )
        )
    if dim in MIXED:
        rows.append(
            Row(
                f"d = {dim}: 1 - cos at path 1,000, feasible runs without",
                Nothing(),
                lambda r: _ends(_of(r, dim), pure=False),
            )
        )
    ratio = f"d = {dim}: ||W|| / (eta t) at path 1,000"
    rows.append(Row(ratio, Nothing(), lambda r: series.last(_of(r, dim), "norm_ratio")))
    return rows


def _picture(records: Records) -> Sequence[Chart]:
    feasible = [
        (dim, _of(records, dim)) for dim in DIMENSIONS if _feasible(_of(records, dim)).any()
    ]
    curves = [
        Series(f"d = {dim}", series.steps(r), series.values(r, GAP)[_feasible(r)])
        for dim, r in feasible
    ]
    return [Chart("1 - cos(W_kq, W*_kq)", curves)]


LOW_DIMENSION = Finding(
    "low_dimension",
    "Fewer dimensions than tokens",
    rows=[row for dim in DIMENSIONS for row in _dimension(dim)],
    text=(
        "Fewer dimensions than tokens leave both problems feasible for a while, with a growing "
        "||W*_kq||; then problem (3) fails before problem (2). Convergence to W*_kq asks for one "
        "thing more, which orthonormal embeddings give for free: that attention on the optimal "
        "token alone is best. With unequal margins a mixture can be better, and then the norm "
        "stops growing sooner or later. A sign test on the frozen logits tells, before training, "
        "in which runs attention is pure: all of those converge here. It does not tell when the "
        "others stall; some have not within this path."
    ),
    picture=_picture,
    caption="Feasible runs only: median and range.",
)
