"""Whether the nearest student must lead."""

from __future__ import annotations

from benchmarks.catalogue.expectation import (
    exactly,
)
from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.rows import PLAIN, count
from benchmarks.catalogue.labels import verdict


def _ahead(n: int, m: float) -> str:
    return f"model.students={n}, init.distance={m}"


NECESSITY = Finding(
    "score_matching/necessity",
    "One student ahead",
    rows=[
        *(
            count(_ahead(n, m), exactly(n if m <= 2 else 1), f"n = {n}, M = {m:g}")
            for n in (2, 5)
            for m in (1.0, 2.0, 4.0, 6.0)
        ),
        *(count(_ahead(n, 3.0), PLAIN, f"n = {n}, M = 3") for n in (2, 5)),
        verdict("sm.necessity", "holds", "does not apply"),
    ],
    text=(
        "The threshold that Theorem 3.4 leaves open lies between 2 and 3, for two students and "
        "for five."
    ),
)
