"""What several findings measure and draw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.plots import Chart, Decades, Series
from benchmarks.catalogue.watched import Records, Watched


def late(record: Watched, name: str = "log_excess", stage: str = "quadratic") -> float:
    """The mean over runs and over the second half of the rounds, in rounds recorded."""
    data = record.stage(stage)
    late = data["round"].values >= data["round"].values[-1] / 2
    return float(np.exp(data[name].values[:, late]).mean())


def over_kappa(record: Watched) -> Float[np.ndarray, " b2"]:
    data = record.stage("estimator")
    b2, d = data["b2"].values, record.config.dim
    sign = 1 if record.config.directions == "gaussian" else -1
    return data["ratio_by_directions"].values[:, -1].mean(axis=0) / (1 + (d + sign) / b2)


def excess(records: Records, stage: str = "quadratic") -> Sequence[Chart]:
    series = [
        Series(key, r.stage(stage)["round"].values[1:], r.stage(stage)["log_excess"].values[:, 1:])
        for key, r in records.items()
    ]
    return [Decades("F_S - F*", series, x="round t")]
