"""Late clients, and how many copies stay stable."""

from __future__ import annotations

from benchmarks.catalogue.expectation import about
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.federated.rows import excess, late
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Watched

STALENESS = Finding(
    "federated/staleness",
    "Late clients",
    rows=[
        *(
            verdict("fz.moments.async", "tight", of=f"staleness={lag}", said=f"staleness {lag}")
            for lag in (1, 5, 20)
        ),
        verdict("fz.moments", "tight", of="staleness=0"),
        verdict("fz.delay", "tight"),
        Row(
            "excess of the second half, lags up to 20 over none",
            about(1, share=0.2),
            lambda r: late(r["staleness=20"]) / late(r["staleness=0"]),
            "delay adds to the variance of a floor: a share of eta H l times the mean lag, that is "
            ".045 times 10; the exact recursion says the same",
        ),
    ],
    text=(
        "The moments of all lags predict late clients as well. At this small step lags of up to 20 "
        "rounds quicken the start, since old and larger steps are still taken, and raise the floor "
        "by a half."
    ),
    picture=excess,
    caption="Lags up to 0, 1, 5 and 20 rounds, 128 runs each.",
)


STABILITY = Finding(
    "federated/stability",
    "How much one sample matters",
    rows=[
        verdict("fz.stability.exact", "tight"),
        verdict("fz.stability.path", "holds"),
        verdict("fz.stability.convex", "holds", "faster"),
        verdict("fz.stability.nonconvex", "holds", "vacuous"),
        verdict("fz.stability.scale", "tight", "holds"),
        verdict("fz.gap", "holds", "faster"),
        Row(
            "n N |w - w'| at the end, ten clients over two, n = 20, logistic",
            about(1, share=0.2),
            lambda r: _scaled(r["copies.clients=10"]) / _scaled(r["copies.clients=2"]),
        ),
    ],
    text=(
        "Copies drift apart like 1/(n N), in n and in N. The bound for any loss is of no use "
        "after twenty rounds, that for convex losses a factor 10 to 34 above, since data pull "
        "copies together again."
    ),
)


def _scaled(record: Watched) -> float:
    return float(record.stage("logistic_copies")["scaled_distance"].values[:, -1, 0].mean())
