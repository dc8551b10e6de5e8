"""The boundary between learning and following the clump."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.expectation import (
    below,
    between,
    near,
)
from benchmarks.catalogue.finding import Finding
from benchmarks.catalogue.findings.score_matching.rows import PLAIN, last, row
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.watched import Watched


def _log_k(m: float, eta: float, n: int = 5, steps: int = 4000) -> float:
    """ln prod (1 + 4 eta A^2/n), A falling by the factor 1 - 2 eta/n a step."""
    a = m * (1 - 2 * eta / n) ** np.arange(steps)
    return float(np.log1p(4 * eta * a**2 / n).sum())


AMPLIFY = Finding(
    "score_matching/amplify",
    "How a clump grows",
    rows=[
        verdict("sm.clump.amplify", "tight"),
        *(
            row(
                f"M = {m:g}, eta = {eta:g}: ln K in the end",
                near(_log_k(m, eta), within=1e-3),
                f"init.distance={m}, train.step_size={eta}",
                lambda r: last(r, "log_amplification"),
            )
            for m in (1.0, 2.0)
            for eta in (0.01, 0.05)
        ),
    ],
    text=(
        "ln K is M^2 in the limit of small steps, and less at any step size: prod (1 + 4 eta "
        "A^2/n)."
    ),
)


def _boundary(record: Watched) -> Float[np.ndarray, " R"]:
    """How many cells of the map lie between the end of `all converge` and the line, at most."""
    data, theory = record.stage("map"), record.stage("theory")
    n, spread = record.config.model.students, data["spread"].values
    every = (data["converged"].values[:, -1] == n).sum(axis=2)
    line = np.interp(theory["boundary"].values, spread, np.arange(1, len(spread) + 1))
    inside = (every > 0) & (every < len(spread)) & (data["start_distance"].values >= 3)
    return np.where(inside, np.abs(every - line), 0).max(axis=1)


PHASE = Finding(
    "score_matching/phase",
    "Between all and one",
    rows=[
        verdict("sm.clump.phase", "holds"),
        *(
            row(
                f"n = {n}: cells between the edge of the map and c = c*, M >= 3",
                below(1.5),
                f"model.students={n}",
                _boundary,
            )
            for n in (2, 3, 5)
        ),
        *(
            row(
                f"n = {n}: agreement between M = 4, 5 and 6, mean over patterns",
                between(0.98, 1),
                f"model.students={n}",
                lambda r: last(r, "agreement", "collapse").mean(),
            )
            for n in (2, 3, 5)
        ),
        *(
            row(
                f"n = {n}: median c* of 16 patterns",
                PLAIN,
                f"model.students={n}",
                lambda r: np.median(r.stage("theory")["threshold"].values),
            )
            for n in (2, 3, 5)
        ),
    ],
    text=(
        "What the notes call open. On a map of distance and spread the edge of `all converge` "
        "is the line c = c*, along sixteen decades of sigma_0; c* belongs to the pattern and to"
        " the step size. At M = 3 the clump is too wide for the law where c is large (it starts"
        " wider than .01)."
    ),
)
