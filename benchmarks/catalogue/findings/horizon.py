"""The straight line of the excess loss."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import LAW, OTHER_DRAW, about, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Decades, Series
from benchmarks.catalogue.spelling import spread
from benchmarks.catalogue.watched import Records, Watched

SHAPES = ("star", "complete", "realizable", "sparse", "chain")
NOTES = {
    "star": {886: -14, 9276: -136, 30_000: -436},
    "realizable": {886: -12, 9276: -109, 30_000: -350},
}
"""log10(L - L_min) at three steps, one corpus each."""
EXCESS = "log_excess_loss"


def _of(records: Records, shape: str) -> Watched:
    return records[f"dataset={shape}"]


def _slope(shape: str) -> Row:
    return Row(
        f"{shape}: slope of log(L - L_min) over prediction, from t = 1,000 on",
        near(1, within=5e-4),
        lambda r: series.loss_slope(_of(r, shape), 1e3),
        "the burn-in is not over at t = 1,000",
    )


def _notes(shape: str, step: int, value: float) -> Row:
    return Row(
        f"{shape}: log10(L - L_min) at t = {step:,}",
        about(value, share=LAW),
        lambda r: series.decades(_of(r, shape), EXCESS, step),
        lambda r: (
            OTHER_DRAW + "; the norms here are " + spread(series.target(_of(r, shape), "norm_kq"))
        ),
    )


def _picture(records: Records) -> Sequence[Decades]:
    curves = [
        Series(s, series.steps(_of(records, s)), series.values(_of(records, s), EXCESS))
        for s in SHAPES
    ]
    return [Decades("excess loss L - L_min", curves, log_x=False)]


LONG_HORIZON = Finding(
    "long_horizon",
    "A straight line over a thousand decades",
    rows=[
        *map(_slope, SHAPES),
        *[_notes(shape, *at) for shape, found in NOTES.items() for at in found.items()],
        verdict("kq.loss.sharp", "tight"),
    ],
    text=(
        "The excess loss is a straight line in t down to 1e-300 and below, where floating-point "
        "numbers themselves end; its slope is -eta / ||W*_kq||, for every shape. Theorem 2 "
        "promises C1 = eta / (4 L_max ||W*_kq||^2), less by the factor 4 L_max ||W*_kq||."
    ),
    picture=_picture,
    caption="Five shapes of corpora, eight runs each.",
)
