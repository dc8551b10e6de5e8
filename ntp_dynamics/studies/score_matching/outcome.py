"""How the phases of a record ended: hypotheses of theorems are about that, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ntp_dynamics.studies.score_matching.problem import Outcome
from ntp_dynamics.studies.score_matching.theory import far

if TYPE_CHECKING:
    import xarray

ASKED = ("count", "far_min", "log_loss")


def outcomes(tree: xarray.DataTree, runs: int) -> Mapping[str, Outcome]:
    """Of every phase that was recorded; nan where an observable was not."""
    blank = np.full((runs, 1), np.nan)
    found = {}
    for name, group in tree.children.items():
        if name == "theory":
            continue
        there = group.variables
        count, away, log_loss = (there[x].values if x in there else blank for x in ASKED)
        clock = there[str(there["count"].dims[1])].values if "count" in there else np.ones(1)
        found[str(name)] = Outcome(
            count[:, -1],
            away[:, -1],
            far.plateau(log_loss[:, 0], away[:, 0]),
            _settled(count, clock),
        )
    return found


def _settled(count: np.ndarray, clock: Any) -> np.ndarray:
    """The first place on the clock from which the count stays what it is in the end."""
    differs = count != count[:, -1:]
    last = np.where(differs.any(axis=1), count.shape[1] - np.argmax(differs[:, ::-1], axis=1), 0)
    return np.asarray(clock, dtype=float)[np.minimum(last, count.shape[1] - 1)]
