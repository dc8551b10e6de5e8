"""What a budget of queries buys, and the baselines."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import about, between, order
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.federated.rows import excess, late
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Records, Watched


def ratios(record: Watched) -> Float[np.ndarray, " H-1"]:
    own = record.stage("limit")["ms_limit_own"].values[0, -1]
    return own[1:] / own[:-1]


def _best(records: Records, b2: int, h: int, m: int) -> float:
    data = records[""].stage("budget")
    mine = (
        (data["num_directions"].values == b2)
        & (data["local_steps"].values == h)
        & (data["participants"].values == m)
    )
    return float(data["best_excess"].values[0, -1, mine][0])


QUERY_BUDGET = Finding(
    "federated/query_budget",
    "How 1e5 queries are best spent",
    rows=[
        *(
            Row(
                f"least excess of b2 = {b2} over that of b2 = 4, H = 1, M = 10",
                about(ratio, share=0.1),
                lambda r, b2=b2: _best(r, b2, 1, 10) / _best(r, 4, 1, 10),
            )
            for b2, ratio in ((1, 1.215), (2, 1.025), (9, 1.215), (20, 1.77))
        ),
        Row(
            "H = 20 over H = 1, b2 = 4, M = 10",
            about(1, share=0.1),
            lambda r: _best(r, 4, 20, 10) / _best(r, 4, 1, 10),
        ),
        Row(
            "M = 1 over M = 10, b2 = 4, H = 1",
            order(3, factor=1.5),
            lambda r: _best(r, 4, 1, 1) / _best(r, 4, 1, 10),
            "these clients share w_true, so that their gradients at the minimum are nearly equal "
            "and the sampling of clients adds little",
        ),
    ],
    text=(
        "Two to four directions are best: fewer make every estimate noisy, more buy fewer "
        "rounds. Local steps gain nothing at equal queries; they save rounds."
    ),
)


BASELINES = Finding(
    "federated/baselines",
    "What true gradients save",
    rows=[
        verdict("fz.moments", "tight"),
        verdict("fz.rate", "tight"),
        Row(
            "excess at the end, estimates over true gradients",
            between(2, 5, "about kappa^2 = 3.25"),
            lambda r: late(r["method=fedzo"]) / late(r["method=fedavg"]),
        ),
        Row(
            "the same, infinitely many directions over true gradients",
            about(1, share=0.1),
            lambda r: late(r["method=smoothed"]) / late(r["method=fedavg"]),
        ),
    ],
    text=(
        "Without estimates the constant of the 1/t law is smaller by about kappa^2; the mean "
        "over all directions is as good as the gradient."
    ),
    picture=excess,
    caption="Three methods on the quadratic task, 256 runs each.",
)
