"""Expectations from batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.catalogue.expectation import (
    below,
    exactly,
    near,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.score_matching.rows import PLAIN, count, last, row
from benchmarks.catalogue.watched import Records


def _estimates(key: str, name: str) -> Callable[[Records], object]:
    return lambda records: np.median(last(records[key], name, "batches"), axis=0)


BATCH = "expectation.batch=2000"


BLINDNESS = Finding(
    "score_matching/blindness",
    "Where batches go blind",
    rows=[
        Row(
            "importance, B = 2,000: estimate over the loss, r = 4 to 12",
            near(1, within=0.02),
            _estimates(BATCH, "importance"),
        ),
        row(
            "importance, B = 2,000: spread of one batch at r = 12",
            below(0.1),
            BATCH,
            lambda r: last(r, "importance_sd", "batches")[:, -1],
        ),
        row(
            "plain, B = 2,000: estimate over the loss at r = 4",
            near(1, within=0.05),
            BATCH,
            lambda r: np.median(last(r, "plain", "batches")[:, 0]),
        ),
        row(
            "plain, B = 2,000: estimate over the loss at r = 12",
            below(1e-3),
            BATCH,
            lambda r: np.median(last(r, "plain", "batches")[:, -1]),
        ),
        row(
            "plain, B = 20,000: estimate over the loss at r = 12",
            below(1e-2),
            "expectation.batch=20000",
            lambda r: np.median(last(r, "plain", "batches")[:, -1]),
        ),
        row(
            "plain, B = 2,000: spread of one batch at r = 6",
            PLAIN,
            BATCH,
            lambda r: last(r, "plain_sd", "batches")[:, 1],
        ),
    ],
    text=(
        "Fifty batches a run. A plain batch is right while the loss is above 1/B, and sees "
        "nothing below."
    ),
)


def _way(kind: str, m: float) -> str:
    return f"expectation.kind={kind}, init.distance={m}"


SAMPLING = Finding(
    "score_matching/sampling",
    "Quadrature, importance, plain batches",
    rows=[
        *(
            count(_way(kind, m), exactly(3 if m < 5 else 1), f"{kind}, M = {m:g}")
            for kind in ("quadrature", "importance", "monte_carlo")
            for m in (2.0, 6.0)
        ),
        row(
            "plain, M = 6: loss of the last batch over the loss",
            PLAIN,
            _way("monte_carlo", 6.0),
            lambda r: np.exp(last(r, "log_batch_loss") - last(r, "log_loss")),
        ),
        row(
            "importance, M = 6: loss of the last batch over the loss",
            near(1, within=0.3),
            _way("importance", 6.0),
            lambda r: np.exp(last(r, "log_batch_loss") - last(r, "log_loss")),
        ),
    ],
    text=(
        "Three students, batches of 1,000: as many converge, whatever the way; only the losses "
        "differ."
    ),
)
