"""A policy of one's own, and the example of the paper."""

from __future__ import annotations

import numpy as np

from benchmarks.catalogue.expectation import (
    Nothing,
    above,
    exactly,
)
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.knowledge_gradient.good_arms import at
from benchmarks.catalogue.findings.knowledge_gradient.rows import wrong_at
from benchmarks.catalogue.labels import verdict

PLUGIN = Finding(
    "knowledge_gradient/plugin",
    "Variances that are estimated",
    rows=[
        Row(
            f"{phase}: runs wrong at 400 pulls, of 1,000 (known; estimated variances)",
            Nothing(),
            lambda r, p=phase: np.array(
                [wrong_at(r[f"variance={kind}"], p, 400) for kind in ("known", "plugin")]
            ),
        )
        for phase in ("kg", "ikg", "ikg_plain", "ocba", "ttei", "tt_ids")
    ]
    + [
        Row(
            "equal: runs that differ, of 1,000",
            exactly(0),
            lambda r: np.array(
                [
                    abs(
                        wrong_at(r["variance=known"], "equal", 400)
                        - wrong_at(r["variance=plugin"], "equal", 400)
                    )
                ]
            ),
        )
    ],
    text="Estimating variances costs little once every arm has five rewards.",
)


EXAMPLE_2 = Finding(
    "knowledge_gradient/example2",
    "The paper's second example, as it is remembered",
    rows=[
        Row(
            f"{phase}: share of wrong runs at 20,000 pulls",
            above(0.2),
            lambda r, p=phase: np.array([at(r[""], p, 20_000)]),
            "a guess of ours: n Gamma* = .9 leaves an error of a tenth, and not of a fifth",
        )
        for phase in ("equal", "kg", "ikg", "ikg_plain", "tt_ids")
    ]
    + [verdict("ikg.rate.sharp", "does not apply", version="posterior, ikg")],
    text=(
        "Gamma* is 4.4e-5. At 20,000 pulls every policy is still wrong in one run of ten or more, "
        "and no rate can be told below 10^6."
    ),
)
