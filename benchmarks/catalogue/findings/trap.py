"""A rare sentence against two frequent ones, on a chain of four tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import GRID, PRINTED, about, one_of
from benchmarks.catalogue.finding import Correction, Finding, Row
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.watched import Records, Watched

NOTES = {10: (131, -1.5), 100: (330, -6.9), 1000: (1252, -33), 3000: (2269, -62)}
"""Step at which the rare sentence passes a margin of 1, and its lowest margin."""
RATIOS = (1, *NOTES)
BY_GD = {
    r: (f"dataset.path=${{corpus:trap_{r}}}", "optimizer=gd", "train.attention.step_size=0.5")
    for r in RATIOS
}


def _ngd(records: Records, ratio: int) -> Watched:
    return records[f"dataset.path=${{corpus:trap_{ratio}}}"]


def _gd(records: Records, ratio: int) -> Watched:
    return records[", ".join(BY_GD[ratio])]


def recovery(record: Watched) -> float:
    """The first recorded step after the fall at which every relation holds by 1; nan if none."""
    t, margin = series.steps(record), series.values(record, "score_margin")[0]
    late = (margin > 1) & (t > 5)
    return float(t[late.argmax()]) if late.any() else float("nan")


def _plain(ratio: int) -> Row:
    return Row(
        f"ratio {ratio:,}: gd within 40,000 steps",
        one_of("never" if ratio >= 100 else "recovers"),
        lambda r: ("never" if np.isnan(recovery(_gd(r, ratio))) else "recovers",),
    )


def _normalised(ratio: int) -> list[Row]:
    step, depth = NOTES[ratio]
    return [
        Row(
            f"ratio {ratio:,}: ngd, lowest margin of the rare one",
            about(depth, share=PRINTED),
            lambda r: series.values(_ngd(r, ratio), "score_margin").min(),
        ),
        Row(
            f"ratio {ratio:,}: ngd, step at which its margin passes 1",
            about(step, share=GRID),
            lambda r: recovery(_ngd(r, ratio)),
        ),
    ]


def _picture(records: Records) -> Sequence[Chart]:
    def curve(record: Watched, name: str) -> Series:
        t = series.steps(record)
        return Series(name, t[t <= 5000], series.values(record, "score_margin")[:, t <= 5000])

    return [
        Chart(
            f"margin of the worst relation under {name}",
            [curve(of(records, ratio), f"ratio {ratio:,}") for ratio in RATIOS],
            plain=True,
            log_x=False,
        )
        for name, of in (("ngd", _ngd), ("gd", _gd))
    ]


TRAP = Finding(
    "trap",
    "A rare sentence among frequent ones",
    rows=[
        _plain(1),
        *[row for ratio in NOTES for row in (*_normalised(ratio), _plain(ratio))],
    ],
    text=(
        "The frequent sentences first push the tokens of the rare one the wrong way, the deeper "
        "the rarer it is. On this chain normalised descent comes back, after a time that grows "
        "like the square root of the ratio, because its steps do not shrink with the loss of the "
        "frequent sentences. Plain descent waits for an exponentially small gradient. This chain "
        "is a boundary case, not the rule: the max-margin solution of the frequent sentences "
        "alone gives the rare one a margin of r = -1 just. Where r < -1 normalised descent need "
        "not come back (`trap_regimes`)."
    ),
    picture=_picture,
    caption="The chain e > a > b > c with a rare (a, b).",
    corrections=[
        Correction(
            "normalised descent always comes back",
            "if r > -1; late if r = -1, as here: steps 136, 341, 1,259, 2,326 at ratios 10 to "
            "3,000; not at all from some ratio on if r < -1",
        )
    ],
    more=list(BY_GD.values()),
)
