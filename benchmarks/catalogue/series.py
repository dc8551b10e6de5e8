"""Numbers out of records: values at a step, exponents, slopes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ntp_dynamics.observe.judgement import observed, observed_steps
from ntp_dynamics.record import Record

LOG_10 = np.log(10.0)


def steps(record: Record, stage: str = "attention") -> Float[np.ndarray, " T"]:
    """The recorded steps from 1 on."""
    return observed_steps(record.trajectory, stage).astype(float)


def values(record: Record, name: str, stage: str = "attention") -> Float[np.ndarray, "R T"]:
    """An observable at these steps."""
    return observed(record.trajectory, stage, name)


def at(record: Record, name: str, step: float, stage: str = "attention") -> Float[np.ndarray, " R"]:
    """An observable at ``step``, between the recorded steps as a power of t (exponential in t for
    logarithms): the nearest recorded one can be 4 % away, and a loss halves in less."""
    t, y = steps(record, stage), values(record, name, stage)
    if name.startswith("log_"):
        return np.array([np.interp(step, t, run) for run in y])
    with np.errstate(divide="ignore"):
        return np.array([np.exp(np.interp(np.log(step), np.log(t), np.log(run))) for run in y])


def last(record: Record, name: str, stage: str = "attention") -> Float[np.ndarray, " R"]:
    """An observable at the last step."""
    return values(record, name, stage)[:, -1]


def exponent(
    record: Record, name: str, since: float, stage: str = "attention"
) -> Float[np.ndarray, " R"]:
    """Least-squares slope of log y on log t from step ``since`` on, each run by itself."""
    t = steps(record, stage)
    late = t >= since
    return np.polyfit(np.log(t[late]), np.log(values(record, name, stage)[:, late]).T, 1)[0]


def decay(record: Record, name: str, since: float) -> Float[np.ndarray, " R"]:
    """Least-squares slope of a logarithmic observable on t from step ``since`` on."""
    t = steps(record)
    late = t >= since
    return np.polyfit(t[late], values(record, name)[:, late].T, 1)[0]


def target(record: Record, name: str) -> Float[np.ndarray, " R"]:
    """A number of the group of targets, a value a run."""
    return record.trajectory.children["targets"].dataset[name].values.astype(float)
