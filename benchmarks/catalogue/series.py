"""Numbers out of records: values at a step, exponents, slopes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmarks.catalogue.watched import Watched
from ntp_dynamics.observe.readings import observed, observed_steps

LOG_10 = np.log(10.0)
GAP = "direction_gap_kq"


def steps(record: Watched, stage: str = "attention") -> Float[np.ndarray, " T"]:
    """The recorded steps from 1 on."""
    return observed_steps(record.trajectory, stage, "path_length").astype(float)


def values(record: Watched, name: str, stage: str = "attention") -> Float[np.ndarray, "R T"]:
    """An observable at these steps."""
    return observed(record.trajectory, stage, name)


def at(
    record: Watched, name: str, step: float, stage: str = "attention"
) -> Float[np.ndarray, " R"]:
    """An observable at ``step``, between the recorded steps as a power of t (exponential in t for
    logarithms): the nearest recorded one can be 4 % away, and a loss halves in less."""
    t, y = steps(record, stage), values(record, name, stage)
    if name.startswith("log_"):
        return np.array([np.interp(step, t, run) for run in y])
    with np.errstate(divide="ignore"):
        return np.array([np.exp(np.interp(np.log(step), np.log(t), np.log(run))) for run in y])


def last(record: Watched, name: str, stage: str = "attention") -> Float[np.ndarray, " R"]:
    """An observable at the last step."""
    return values(record, name, stage)[:, -1]


def decades(record: Watched, name: str, step: float | None = None) -> Float[np.ndarray, " R"]:
    """A natural logarithm in decades, at ``step`` or at the end."""
    found = last(record, name) if step is None else at(record, name, step)
    return found / LOG_10


def exponent(
    record: Watched, name: str, since: float, stage: str = "attention"
) -> Float[np.ndarray, " R"]:
    """Least-squares slope of log y on log t from step ``since`` on, each run by itself."""
    t = steps(record, stage)
    late = t >= since
    return np.polyfit(np.log(t[late]), np.log(values(record, name, stage)[:, late]).T, 1)[0]


def decay(record: Watched, name: str, since: float) -> Float[np.ndarray, " R"]:
    """Least-squares slope of a logarithmic observable on t from step ``since`` on."""
    t = steps(record)
    late = t >= since
    return np.polyfit(t[late], values(record, name)[:, late].T, 1)[0]


def loss_slope(record: Watched, since: float) -> Float[np.ndarray, " R"]:
    """Slope of log(L - L_min) over the one predicted, -eta / ||W*_kq||."""
    eta = record.config.train.attention.step_size
    return decay(record, "log_excess_loss", since) * target(record, "norm_kq") / -eta


def target(record: Watched, name: str) -> Float[np.ndarray, " R"]:
    """A number of the group of targets, a value a run: known before training."""
    return record.targets[name].values.astype(float)


def free(record: Watched) -> np.ndarray:
    """Runs without a forced-zero relation."""
    return target(record, "forced_zero") == 0
