"""What estimates and clients cost."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue.expectation import about, between, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.federated.budget import ratios
from benchmarks.catalogue.findings.federated.rows import excess, late, over_kappa
from benchmarks.catalogue.labels import verdict

KAPPA = Finding(
    "federated/kappa",
    "An estimate is kappa times as large as its gradient",
    rows=[
        verdict("fz.kappa", "tight"),
        Row(
            "mean of |ghat|^2/|g_B|^2 over 1 + (d-1)/b2, every b2, sphere",
            near(1, within=0.05),
            lambda r: over_kappa(r["directions=sphere"]),
        ),
        Row(
            "the same over 1 + (d+1)/b2, Gaussian directions",
            near(1, within=0.05),
            lambda r: over_kappa(r["directions=gaussian"]),
        ),
    ],
    text=(
        "Second moments of the two-point estimator are those of the formula, for the sphere and "
        "for Gaussian directions, which cost two more in d."
    ),
)


PARTICIPATION = Finding(
    "federated/participation",
    "Fewer participants, a higher floor",
    rows=[
        verdict("fz.moments", "tight"),
        verdict("fz.floor", "tight"),
        Row(
            "floor of one participant over that of ten",
            about(10, share=0.2),
            lambda r: late(r["participants=1"]) / late(r["participants=10"]),
        ),
    ],
    text=(
        "The floor falls like 1/M, as the noise of estimates is independent between "
        "participants; what unlike clients add comes on top, and is small where they share "
        "w_true."
    ),
    picture=excess,
    caption="Four numbers of participants, 128 runs each.",
)


HETEROGENEITY = Finding(
    "federated/heterogeneity",
    "Unlike clients, and how many local steps they take",
    rows=[
        verdict("fz.moments", "tight", "does not apply"),
        verdict("fz.rate", "tight", "inconclusive", version="quadratic"),
        Row(
            "excess of the second half, H = 5 over H = 1 at equal rounds, het = 0",
            about(0.2, share=0.25),
            lambda r: late(r["het=0.0, local_steps=5"]) / late(r["het=0.0, local_steps=1"]),
        ),
    ],
    text=(
        "The recursion holds with every client's own Hessian. Where it does not apply the first "
        "steps are above half the mean-square limit (unlike clients, one local step, a small "
        "l_min)."
    ),
)


LIMIT = Finding(
    "federated/limit",
    "How large a step may be",
    rows=[
        verdict("fz.limit", "tight"),
        verdict("fz.delay", "tight"),
        Row(
            "largest ratio of the limit of these clients to that of fewer local steps",
            between(0.3, 1, "falling with H"),
            lambda r: np.max(ratios(r[""])),
        ),
        Row(
            "limit of these clients times H: 20 local steps over 1",
            between(1, 20, "falls more slowly than 1/H"),
            lambda r: (
                20
                * r[""].stage("limit")["ms_limit_own"].values[0, -1][[-1]]
                / r[""].stage("limit")["ms_limit_own"].values[0, -1][[0]]
            ),
        ),
    ],
    text=(
        "The closed form of one local step and equal clients is where the spectral radius of "
        "the exact map passes one, to twelve digits; with unlike clients and more local steps "
        "the radius itself says."
    ),
)
