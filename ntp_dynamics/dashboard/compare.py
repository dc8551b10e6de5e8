"""Several jobs, or groups of jobs, on a shared clock.

Optimisers take steps of different size, so steps compare NGD, GD and Adam with nothing: the clock
may also be the path length, the norm of the trained matrix or the score margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.dashboard.curves import (
    AXES,
    finite,
    in_decades,
    middle,
    numbers,
    own_scale,
    spread,
    title,
)
from ntp_dynamics.dashboard.index import Job, text
from ntp_dynamics.lab.store import TRAJECTORY
from ntp_dynamics.lab.trees import read_group

CLOCKS = {
    "step": "step t",
    "path": "path length (no unit)",
    "norm": "norm of the trained matrix (no unit)",
    "margin": "score margin (no unit)",
}
MOST = 48
"""Jobs whose trajectories one page reads."""
SHOWN = ("direction_gap_kq", "log_loss", "attention_mass_min", "norm_kq")
STAGES = ("attention", "joint")


@dataclass(frozen=True)
class Series:
    """One job: recorded steps, clocks (R, T) and observables (R, T) of its attention stage."""

    steps: Float[np.ndarray, " T"]
    values: Mapping[str, Float[np.ndarray, "R T"]]


def read_series(job: Job) -> Series | None:
    """The scalars of the stage that trains attention; None where they cannot be read."""
    path = job.path / TRAJECTORY
    if path.is_symlink():
        return None
    found = read_group(path, STAGES, ("run", "step"))
    if found is None or "step" not in found:
        return None
    steps = found.pop("step")
    return Series(steps, {name: y for name, y in found.items() if y.ndim == 2})


def clock_of(series: Series, clock: str) -> Float[np.ndarray, " T"]:
    """The clock at each recorded step, a median over runs."""
    names = {"path": "path_length", "norm": "norm_kq", "margin": "score_margin"}
    values = series.values.get(names.get(clock, ""))
    return series.steps if values is None else middle(finite(values))


def compare(
    jobs: Sequence[Job], clock: str, by: str, names: Sequence[str] = SHOWN
) -> dict[str, Any]:
    """A panel an observable; a line and a band a job, or a group of jobs with one value of ``by``.

    The band is the range over all runs.
    """
    clock = clock if clock in CLOCKS else "step"
    read = [(job, series) for job in jobs[:MOST] if (series := read_series(job)) is not None]
    swept = _differing([job for job, _ in read])
    by = by if by in swept else ""
    groups: dict[str, list[tuple[Job, Series]]] = {}
    for job, series in read:
        own = ", ".join(f"{k.rpartition('.')[2]}={job.overrides.get(k, '-')}" for k in swept)
        own = own or job.place
        groups.setdefault(job.overrides.get(by, "-") if by else own, []).append((job, series))
    available = [name for name in names if any(name in s.values for _, s in read)]
    every = dict.fromkeys(name for _, s in read for name in s.values)
    return {
        "clock": clock,
        "clocks": CLOCKS,
        "axis": CLOCKS[clock],
        "by": by,
        "keys": swept,
        "names": list(every),
        "shown": list(available),
        "left_out": len(jobs) - len(jobs[:MOST]),
        "unread": len(jobs[:MOST]) - len(read),
        "lines": [
            {"name": text(f"{by}={name}" if by else name), "jobs": [j.id for j, _ in members]}
            for name, members in groups.items()
        ],
        "panels": [
            _panel(name, [[s for _, s in members] for members in groups.values()], clock)
            for name in available
        ],
    }


def _differing(jobs: Sequence[Job]) -> list[str]:
    keys = dict.fromkeys(key for job in jobs for key in job.overrides)
    return [k for k in keys if len({job.overrides.get(k) for job in jobs}) > 1]


def _panel(name: str, groups: Sequence[Sequence[Series]], clock: str) -> dict[str, Any]:
    every = [s.values[name] for members in groups for s in members if name in s.values]
    negative = any((values < 0).any() for values in every)
    decades = name.startswith("log_") or not (negative or (name in AXES and "share" in AXES[name]))
    return {
        "name": name,
        "title": title(name, {}),
        "axis": AXES.get(name, "no unit"),
        "decades": decades,
        "scale": own_scale(name, decades),
        "curves": [_curve(name, members, clock, decades) for members in groups],
    }


def _curve(
    name: str, members: Sequence[Series], clock: str, decades: bool
) -> dict[str, list[float | None]]:
    """Median and range over all runs of a group, at the union of their recorded steps.

    A clock may run back (a margin can shrink): of each reading the first time it is reached counts.
    """
    having = [s for s in members if name in s.values]
    if not having:
        return {"x": [], "median": [], "low": [], "high": []}
    steps = np.unique(np.concatenate([s.steps for s in having]))
    rows, clocks = [], []
    for s in having:
        at = np.searchsorted(steps, s.steps)
        shown = in_decades(name, s.values[name]) if decades else finite(s.values[name])
        wide = np.full((len(shown), len(steps)), np.nan)
        wide[:, at] = shown
        rows.append(wide)
        time = np.full((1, len(steps)), np.nan)
        time[0, at] = clock_of(s, clock)
        clocks.append(time)
    values, x = np.concatenate(rows), middle(np.concatenate(clocks))
    so_far = np.maximum.accumulate(np.concatenate([[-np.inf], np.nan_to_num(x, nan=-np.inf)]))
    keep = (x > so_far[:-1]) & np.isfinite(values).any(axis=0)
    return {"x": numbers(x[keep]), **spread(values[:, keep])}
