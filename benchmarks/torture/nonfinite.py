"""R10: numbers that are none, zero or too large, put into what a job moves at some step."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.torture.experiment import Counts, Experiment, Workshop
from benchmarks.torture.jobs import PLAIN, SMOKES, TINY, composed, start, whole_job
from ntp_dynamics.record.status import told
from ntp_dynamics.record.trees import read_tree
from ntp_dynamics.run import training
from ntp_dynamics.run.preparation import prepare

VALUES = {"nan": np.nan, "inf": np.inf, "zero": 0.0, "huge": 1e308}
JOBS = (
    TINY,
    (*TINY, "engine=torch"),
    ("experiment=smoke", "runs=1", "optimizer=adam", *PLAIN, *TINY[-3:]),
    *SMOKES,
)

TALLIES = {"pulls"}
"""Floats that count what was done: no arithmetic makes them anything else."""


class Place(NamedTuple):
    """Where it is put: an array that a dynamics saves, of a phase, at a step."""

    job: tuple[str, ...]
    phase: int
    array: str
    share: float
    value: str


def run(workshop: Workshop) -> Counts:
    """Sixty pairs of place and step, with each value."""
    places = [p for job in JOBS for p in _places(job)]
    number = workshop.size(60, 4)
    chosen = [places[i] for i in np.linspace(0, len(places) - 1, number).astype(int)]
    each = [p._replace(value=value) for p in chosen for value in VALUES]
    return workshop.spread(_try, each)


def _places(job: tuple[str, ...]) -> list[Place]:
    """Arrays of numbers that its dynamics save after a step."""
    prepared, states, found = prepare(composed(job)), {}, []
    for number, phase in enumerate(prepared.phases):
        dynamics = phase.start(dict(states))
        dynamics.advance(0, np.zeros(0, dtype=np.int64))
        saved = {n: np.asarray(a) for n, a in dynamics.save().items() if n not in TALLIES}
        names = [n for n, a in saved.items() if a.dtype.kind == "f"]
        found += [Place(job, number, n, share, "") for n in names for share in (0.0, 0.5)]
        dynamics.advance(phase.outline.horizon, np.zeros(0, dtype=np.int64))
        states[phase.outline.name] = dynamics.state()
    return found


def _try(workshop: Workshop, place: Place) -> Counts:
    counts = Counts()
    folder = workshop.fresh("place")
    done = start(workshop, folder, place.job, first=partial(_inject, place)).wait()
    state = told(folder / "job")["state"]
    counts.tried[f"{place.value} put into a state"] += 1
    where = f"{place.value} in {place.array}, phase {place.phase}, {' '.join(place.job[:3])}"
    if "Traceback" in done.err:
        counts.faults.append(f"{where}: a traceback: {done.err.strip()[-200:]}")
    elif done.code and (len(done.error_lines) != 1 or state != "failed"):
        counts.faults.append(f"{where}: exit {done.code}, {state}: {done.err.strip()[-200:]}")
    if state == "done" and place.value in ("nan", "inf"):
        _compare(workshop, folder, place, counts, where)
    else:
        counts.came_out[f"{place.value}: {state}"] += 1
    return counts


def _compare(workshop: Workshop, folder: Path, place: Place, counts: Counts, where: str) -> None:
    """A job that is done has the numbers of the one that was left alone, or shows what happened: a
    note, a claim that is invalid."""
    found = read_tree(folder / "job/trajectory.nc")
    whole, _ = whole_job(workshop, *place.job)
    right = {node.path: node for node in read_tree(whole / "trajectory.nc").subtree}
    status = told(folder / "job")
    gaps, others = [], []
    for node in found.subtree:
        for name, values in node.to_dataset(inherit=False).data_vars.items():
            here = np.asarray(values.values)
            there = np.asarray(right[node.path].to_dataset(inherit=False)[name].values)
            if here.dtype.kind == "f" and (np.isnan(here) & ~np.isnan(there)).any():
                gaps.append(f"{node.path}/{name}")
            elif here.tobytes() != there.tobytes():
                others.append(f"{node.path}/{name}")
    shown = status.get("notes") or "invalid" in map(str, status.get("labels", {}).values())
    if not gaps and not others:
        counts.came_out[f"{place.value}: done, and no number is another"] += 1
    elif shown:
        counts.came_out[f"{place.value}: done, with a note or an invalid claim"] += 1
    elif gaps:
        counts.faults.append(f"{where}: nan in {', '.join(gaps[:3])}, and nothing says so")
    else:
        counts.came_out[f"{place.value}: done, with other finite numbers"] += 1


def _inject(place: Place) -> None:
    """In this process: once a phase has come to its step."""
    real, count = training.follow, iter(range(1000))

    def follow(dynamics: Any, stops: list[int], due: np.ndarray, begin: int = 0) -> Any:
        if next(count) == place.phase:
            dynamics = Spoilt(dynamics, place, int(place.share * max(stops)))
        return real(dynamics, stops, due, begin)

    training.follow = follow


class Spoilt:
    """A dynamics in which a number becomes another at a step."""

    def __init__(self, dynamics: Any, place: Place, step: int):
        self._dynamics, self._place, self._step, self._done = dynamics, place, step, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dynamics, name)

    def advance(self, to: int, due: np.ndarray) -> Any:
        logged = self._dynamics.advance(to, due)
        if to >= self._step and not self._done:
            self._done = True
            saved = {k: np.array(v) for k, v in self._dynamics.save().items()}
            array = saved[
                self._place.array or next(n for n, a in saved.items() if a.dtype == float)
            ]
            if array.size:
                array.reshape(-1)[array.size // 2] = VALUES[self._place.value]
            self._dynamics.load(saved)
        return logged


NONFINITE = Experiment(
    "nonfinite",
    "R10",
    "nan, inf, zero and 1e308 put into one number of what a job moves, at 60 places and steps of "
    "seven jobs",
    "it ends `failed` in one line that names the step, or is done without a silent gap in what it "
    "recorded; no traceback",
    run,
)
