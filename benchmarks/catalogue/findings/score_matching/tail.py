"""How a far student comes back."""

from __future__ import annotations

import math

from benchmarks.catalogue.expectation import (
    about,
    near,
)
from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.rows import last, row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series

TAIL = Finding(
    "score_matching/nine_decades",
    "Nine decades of the tail",
    rows=[
        verdict("sm.far.upper", "faster", "holds"),
        verdict("sm.random.lower", "faster", "holds"),
        verdict("sm.far.sharp", "tight"),
        verdict("sm.far.exponent", "tight"),
        *(
            row(
                f"n = {n}: L s (r^2 - 16)/(16 (n - 1)) at s = 1e9",
                about(ratio, share=0.002),
                f"model.students={n}",
                lambda r: last(r, "compensated_far", "flow"),
            )
            for n, ratio in ((2, 1.005), (5, 1.004))
        ),
        row(
            "n = 2: running exponent at s = 1e9",
            near(-1 - 1 / math.log(1e9), within=0.005),
            "model.students=2",
            lambda r: last(r, "running_exponent", "flow"),
        ),
    ],
    text=(
        "The loss falls by a logarithm faster than the proved 1/tau, and slower than any power "
        "1 + eps: an eps below 1/ln s = .048 could not be told from 0 at s = 1e9."
    ),
    picture=lambda records: [
        Chart(
            "L over its law",
            [
                Series(
                    key,
                    r.stage("flow")["time"].values[40:],
                    r.stage("flow")["compensated_far"].values[:, 40:],
                )
                for key, r in records.items()
            ],
            x="path length s",
            plain=True,
        )
    ],
    caption="The loss times s (r^2 - 16)/(16 (n - 1)), two students and five.",
)
