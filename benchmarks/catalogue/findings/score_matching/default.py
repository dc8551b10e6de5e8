"""The default job, and the setting of the paper."""

from __future__ import annotations

from benchmarks.catalogue.expectation import (
    about,
    between,
    exactly,
    near,
)
from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.rows import count, last, loss, row
from benchmarks.catalogue.labels import verdict

DEFAULT = Finding(
    "score_matching",
    "One survives at t = 0, all with noise",
    rows=[
        count("", exactly(1), "t = 0 alone"),
        count("", exactly(5), "averaged over five levels", "averaged"),
        verdict("sm.average", "holds", version="count"),
        verdict("sm.far.sharp", "tight"),
        verdict("sm.far.exponent", "tight"),
        verdict("sm.far.upper", "faster", "holds"),
        verdict("sm.random.lower", "faster", "holds"),
        verdict("sm.stationary", "tight"),
        verdict("sm.clump.phase", "holds"),
        row(
            "c* of the eight patterns",
            between(10, 27, "10 to 27 by the pattern"),
            "",
            lambda r: r.stage("theory")["threshold"].values,
        ),
    ],
    text=(
        "Five students of a clump at distance 6: the loss at t = 0 keeps one and pushes four "
        "away, for ever and ever more slowly. The loss averaged over five noise levels, from "
        "the same start, pulls all of them in, one after another."
    ),
)


PAPER = Finding(
    "score_matching/paper",
    "The setting of the paper",
    rows=[
        count("init.distance=3.0", exactly(5), "M = 3"),
        count("init.distance=4.0", exactly(5), "M = 4"),
        count("init.distance=4.5", between(2, 5), "M = 4.5"),
        count(
            "init.distance=5.0",
            exactly(1),
            "M = 5",
            why="one pattern of eight has c below the value from which one is left",
        ),
        count("init.distance=6.0", exactly(1), "M = 6"),
        count("init.distance=7.0", exactly(1), "M = 7"),
        row("M = 4: loss in the end", about(1e-5, share=0.1), "init.distance=4.0", loss),
        row(
            "M = 4: running exponent in the end",
            near(-2.05, within=0.05),
            "init.distance=4.0",
            lambda r: last(r, "running_exponent"),
            "the notes have one pattern",
        ),
        row(
            "M = 6: distance of the far students",
            near(7.45, within=0.05),
            "init.distance=6.0",
            lambda r: last(r, "far_min"),
        ),
        row(
            "M = 7: distance of the far students",
            near(7.54, within=0.05),
            "init.distance=7.0",
            lambda r: last(r, "far_min"),
        ),
    ],
    text=(
        "20,000 steps of .01, exact expectations in place of batches of 20,000. Between M = 4 "
        "and M = 5 the amplified spread passes c*, and the answer turns from all to one. The "
        "horizon is too short for any law of the tail: s is 200."
    ),
)
