"""Heavy tails, smoothing and rounding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import below, between, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.federated.rows import excess, late
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Records

HEAVY_TAILS = Finding(
    "federated/heavy_tails",
    "Heavy tails cost what their second moment says",
    rows=[
        verdict("fz.subweibull", "tight"),
        *(
            verdict("fz.floor", "tight", of=f"noise.theta={t}", said=f"theta {t}")
            for t in ("0.5", "1.0", "1.5")
        ),
        verdict("fz.floor", "tight", "inconclusive", of="noise.theta=2.0", said="theta 2.0"),
    ],
    text=(
        "Noise enters through its second moment alone, Gamma(2 theta + 1), and what runs do "
        "agrees up to theta = 2, where the notes expected too few draws: a round averages a "
        "hundred of them."
    ),
)


SMOOTHING = Finding(
    "federated/smoothing",
    "Smoothing adds mu^2 to the floor",
    rows=[
        verdict("fz.smoothing", "tight"),
        verdict("fz.floor", "tight"),
        Row(
            "floor of mu = .001 over that of mu = 1e-9, same streams",
            near(1, within=1e-4),
            lambda r: late(r["smoothing=0.001"]) / late(r["smoothing=1e-09"]),
        ),
    ],
    text=(
        "On quadratics estimates are unbiased at every mu, and differences computed as such are "
        "exact at 1e-9: the same streams give the same curve."
    ),
    picture=excess,
    caption="Four smoothings, 256 runs each.",
)


def _changes(records: Records, mu: str) -> Float[np.ndarray, " R"]:
    """Of the cosine of estimate and gradient, by naive differences."""
    stable, naive = (
        records[f"difference={name}, smoothing={mu}"].stage("estimator")["estimator_cosine"].values
        for name in ("stable", "naive")
    )
    return np.abs(naive[:, -1] - stable[:, -1])


ROUNDING = Finding(
    "federated/rounding",
    "What the difference of two losses loses",
    rows=[
        *(
            verdict(
                "fz.kappa",
                "tight",
                of=f"difference=stable, smoothing={mu}",
                said=f"stable, mu = {mu}",
            )
            for mu in ("0.001", "1e-09", "1e-14")
        ),
        Row(
            "change of the mean cosine of estimate and gradient by naive differences, mu = 1e-9",
            below(1e-6),
            lambda r: _changes(r, "1e-09"),
        ),
        Row(
            "the same, largest of the runs, mu = 1e-14",
            between(1e-4, 0.2, "a few per cent of an estimate"),
            lambda r: _changes(r, "1e-14").max(),
        ),
    ],
    text=(
        "A naive difference at mu = 1e-14 rounds its estimates to a few per cent; a stable one "
        "costs the same and rounds nothing, at any mu."
    ),
)
