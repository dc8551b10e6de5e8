"""Several jobs, or groups of jobs, on a shared clock.

Optimisers take steps of different size, so steps compare them with nothing: the clock may also be
any scalar that the study names, the path length for one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.dashboard.curves import (
    FEW,
    finite,
    in_decades,
    middle,
    own_scale,
    spread,
    wants_decades,
)
from ntp_dynamics.dashboard.index import known_study
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.observe.quantity import Quantity
from ntp_dynamics.record.plain import numbers, text
from ntp_dynamics.record.record import read_group_of
from ntp_dynamics.study import Study

OWN = "own"
"""The clock of the phase itself."""
MOST = 48
"""Jobs whose trajectories one page reads."""


@dataclass(frozen=True)
class Series:
    """One phase of a job: the readings of its clock, and the scalars (R, T) recorded along it."""

    phase: str
    clock: str
    t: Float[np.ndarray, " T"]
    values: Mapping[str, Float[np.ndarray, "R T"]]
    quantities: Mapping[str, Quantity]
    phases: Sequence[str]
    """All that the job has."""


def read_series(job: Job, phase: str = "") -> Series | None:
    """The scalars of a phase; none named is the one that the study tells sweepers of, or the last.
    None where they cannot be read."""
    study = known_study(job.study)
    if study is None:
        return None
    phases = (phase,) if phase else _telling_phases(study)
    found = read_group_of(job.path, phases)
    if found is None or found.name not in study.stages:
        return None
    scalars = {
        name: v
        for name, v in found.variables.items()
        if len(v.dims) == 2 and v.dims[0] == "run" and v.dims[1] in found.variables
    }
    clocks = Counter(v.dims[1] for v in scalars.values())
    if not clocks:
        return None
    ((clock, _),) = clocks.most_common(1)
    along = {name: v for name, v in scalars.items() if v.dims[1] == clock}
    return Series(
        phase=found.name,
        clock=clock,
        t=found.variables[clock].values,
        values={name: v.values for name, v in along.items()},
        quantities={name: Quantity(name, v.attrs) for name, v in along.items()},
        phases=[stage for stage in study.stages if stage in found.others],
    )


def _telling_phases(study: Study) -> list[str]:
    first = [study.returns[0]] if study.returns else []
    return [*first, *reversed(study.stages)]


def clock_of(series: Series, clock: str) -> Float[np.ndarray, " T"]:
    """The clock at each recorded place, a median over runs."""
    values = series.values.get(clock)
    return series.t if values is None else middle(finite(values))


def clocks_of(studies: Sequence[Study]) -> dict[str, str]:
    """Scalars of these studies that can be clocks, and what to call them."""
    return {name: said for study in studies for name, said in study.clocks.items()}


def compare(
    jobs: Sequence[Job], clock: str, by: str, names: Sequence[str] = (), phase: str = ""
) -> dict[str, Any]:
    """A panel an observable (none named: the ranked ones, else a few); a line and a band a job, or
    a group of jobs with one value of ``by``.

    The band is the range over all runs.
    """
    read = [(job, s) for job in jobs[:MOST] if (s := read_series(job, phase)) is not None]
    series = [s for _, s in read]
    own = ", ".join(dict.fromkeys(s.clock for s in series)) or "step"
    named = dict.fromkeys(job.study for job, _ in read)
    told = [study for name in named if (study := known_study(name)) is not None]
    clocks = {OWN: text(own)} | {
        name: said
        for name, said in clocks_of(told).items()
        if any(name in s.values for s in series)
    }
    clock = clock if clock in clocks else OWN
    swept = _differing([job for job, _ in read])
    by = by if by in swept else ""
    groups: dict[str, list[tuple[Job, Series]]] = {}
    for job, one in read:
        name = ", ".join(f"{k.rpartition('.')[2]}={job.overrides.get(k, '-')}" for k in swept)
        name = name or job.place
        groups.setdefault(job.overrides.get(by, "-") if by else name, []).append((job, one))
    every = {name: q for s in reversed(series) for name, q in s.quantities.items()}
    available = [name for name in names or _ranked(series) or [*every][:FEW] if name in every]
    return {
        "clock": clock,
        "clocks": clocks,
        "axis": clocks[clock],
        "by": by,
        "keys": swept,
        "names": [[name, text(q.title)] for name, q in sorted(every.items())],
        "shown": available,
        "phase": phase,
        "phases": list(dict.fromkeys(stage for s in series for stage in s.phases)),
        "left_out": len(jobs) - len(jobs[:MOST]),
        "unread": len(jobs[:MOST]) - len(read),
        "lines": [
            {"name": text(f"{by}={name}" if by else name), "jobs": [j.id for j, _ in members]}
            for name, members in groups.items()
        ],
        "panels": [
            _panel(every[name], [[s for _, s in members] for members in groups.values()], clock)
            for name in available
        ],
    }


def _ranked(series: Sequence[Series]) -> list[str]:
    """The ranked quantities; one without a value gives its place to another."""
    found: dict[str, int] = {}
    for s in series:
        for name, q in s.quantities.items():
            if q.rank:
                empty = not np.isfinite(s.values[name]).any()
                found.setdefault(q.instead if empty and q.instead in s.values else name, q.rank)
    return sorted(found, key=found.__getitem__)


def _differing(jobs: Sequence[Job]) -> list[str]:
    keys = dict.fromkeys(key for job in jobs for key in job.overrides)
    return [k for k in keys if len({job.overrides.get(k) for job in jobs}) > 1]


def _panel(q: Quantity, groups: Sequence[Sequence[Series]], clock: str) -> dict[str, Any]:
    every = [s.values[q.name] for members in groups for s in members if q.name in s.values]
    decades = wants_decades(q, *every)
    return {
        "name": q.name,
        "title": text(q.title),
        "axis": text(q.axis),
        "decades": decades,
        "scale": own_scale(q, decades),
        "curves": [_curve(q, members, clock, decades) for members in groups],
    }


def _curve(
    q: Quantity, members: Sequence[Series], clock: str, decades: bool
) -> dict[str, list[float | None]]:
    """Median and range over all runs of a group, at the union of their recorded places.

    A clock may run back (a margin can shrink): of each reading the first time it is reached counts.
    """
    having = [s for s in members if q.name in s.values]
    if not having:
        return {"x": [], "median": [], "low": [], "high": []}
    places = np.unique(np.concatenate([s.t for s in having]))
    rows, clocks = [], []
    for s in having:
        at = np.searchsorted(places, s.t)
        wide = np.full((len(s.values[q.name]), len(places)), np.nan)
        wide[:, at] = s.values[q.name]
        rows.append(wide)
        time = np.full((1, len(places)), np.nan)
        time[0, at] = clock_of(s, clock)
        clocks.append(time)
    values, x = np.concatenate(rows), middle(np.concatenate(clocks))
    so_far = np.maximum.accumulate(np.concatenate([[-np.inf], np.nan_to_num(x, nan=-np.inf)]))
    drawn = in_decades(q, values) if decades else values
    keep = (x > so_far[:-1]) & np.isfinite(drawn).any(axis=0)
    return {"x": numbers(x[keep]), **spread(q, values[:, keep], decades)}
