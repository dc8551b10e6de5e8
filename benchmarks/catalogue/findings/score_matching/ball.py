"""Starts in a ball, and small ones."""

from __future__ import annotations

from benchmarks.catalogue.expectation import (
    near,
)
from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.rows import last, row
from benchmarks.catalogue.labels import verdict


def _ball(n: int, d: int) -> str:
    return f"model.students={n}, model.dim={d}"


BALL = Finding(
    "score_matching/ball",
    "A small ball",
    rows=[
        verdict("sm.ball.loss", "faster"),
        verdict("sm.ball.all", "holds"),
        verdict("sm.ball.sharp", "tight"),
        *(
            row(
                f"n = {n}, d = {d}: L over its law in the end",
                near(1, within=0.005),
                _ball(n, d),
                lambda r: last(r, "compensated_ball"),
            )
            for n in (3, 5)
            for d in (1, 3)
        ),
    ],
    text=(
        "The proved rate is s^-1/2. What happens is the law of a small ball: every eigenvalue "
        "of the covariance of the students falls to l/(1 + 8 l s/n), and the loss like s^-2 "
        "once s >> n/(8 l). The same holds for the averaged loss with c_4, the mean of e^-4t."
    ),
)


SMALL = Finding(
    "score_matching/small",
    "Exponentially small deviations",
    rows=[
        verdict("sm.small.all", "holds"),
        verdict("sm.small.rate", "faster"),
        verdict("sm.ball.sharp", "tight", version="descent"),
        row(
            "running exponent in the end",
            near(-1.95, within=0.05),
            "",
            lambda r: last(r, "running_exponent"),
        ),
    ],
    text=(
        "Theorem 3.2 asks for deviations of exp(-106 n d M^3)/(108 n d), 4.5e-3 for two "
        "students at M = .05. It holds with room to spare: what it takes is c < c*."
    ),
)
