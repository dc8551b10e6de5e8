"""Random starts, and the width that theory prints."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import (
    between,
    exactly,
)
from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.rows import PLAIN, last, row, share_of_single
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Watched


def _nearest_converges(record: Watched) -> Float[np.ndarray, " R"]:
    distance = record.stage("descent")["distance"].values
    nearest = distance[:, 0].argmin(axis=1)
    return np.take_along_axis(distance[:, -1], nearest[:, None], axis=1)[:, 0] < 0.5


RANDOM = Finding(
    "score_matching/random",
    "Random starts far away",
    rows=[
        row(
            "M = 1: students that converge",
            between(3, 5),
            "init.distance=1.0",
            lambda r: last(r, "count"),
        ),
        row(
            "M = 2: students that converge",
            between(1, 5),
            "init.distance=2.0",
            lambda r: last(r, "count"),
        ),
        row(
            "M = 3: students that converge",
            between(1, 3),
            "init.distance=3.0",
            lambda r: last(r, "count"),
        ),
        *(
            share_of_single(f"init.distance={m}", exactly(1), f"M = {m:g}")
            for m in (5.0, 10.0, 80.0)
        ),
        *(
            row(
                f"M = {m:g}: share of runs in which the nearest at the start converges",
                exactly(1),
                f"init.distance={m}",
                lambda r: _nearest_converges(r).mean(),
            )
            for m in (1.0, 2.0, 3.0, 5.0, 10.0, 80.0)
        ),
        verdict("sm.random.one", "holds", of="init.distance=5.0", version="desk"),
    ],
    text=(
        "64 starts of five students from N(M, 1). From M = 5 on exactly one converges, always "
        "the one that started nearest; the theorem asks for M above 1e9 n^10."
    ),
)


PRINTED = Finding(
    "score_matching/printed",
    "Theorem 3.5 where it is printed to hold",
    rows=[
        verdict("sm.random.one", "holds", version="printed"),
        share_of_single("", between(0.9997, 1, "1 - n^2 M^(-1/3) at least"), "M = 2e12, n = 2"),
        row(
            "runs in which the two students are one double",
            PLAIN,
            "",
            lambda r: np.array([(last(r, "count") == 2).sum()]),
        ),
    ],
    text=(
        "At M = 2e12 doubles are 2.4e-4 apart, and in two of 20,000 runs both students start at"
        " the same one: these stay together. In exact arithmetic they would part."
    ),
)


DIMENSION = Finding(
    "score_matching/dimension",
    "Any dimension",
    rows=[
        *(share_of_single(f"model.dim={d}", exactly(1), f"d = {d}") for d in (1, 2, 3, 10, 50)),
        verdict("sm.random.one", "holds", "does not apply", version="desk"),
        verdict("sm.random.nearest", "tight", "does not apply"),
    ],
    text=(
        "Three students from N(M, I) at M = 8, by importance sampling of their span: one "
        "converges, at any d."
    ),
)
