"""R2: a short job and a short sweep are killed at every call that changes their directory."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.torture.child import Child
from benchmarks.torture.experiment import Counts, Experiment, Size, Workshop
from benchmarks.torture.jobs import TINY, TWO, again, eager, start, whole_job, whole_sweep
from benchmarks.torture.records import Bytes, Ledger, false_claims, jobs_of, record_bytes
from benchmarks.torture.shim import Count, Kind, Suffer, What

WRITES, NONE = Kind.WRITE, Kind.CHANGES & ~Kind.WRITE
POINTS = (
    ("job", What.BEFORE, Kind.CHANGES),
    ("job", What.TORN, WRITES),
    ("sweep", What.BEFORE, NONE),
)
"""Before a call is after the one before; a torn write leaves half of its bytes.  Of a sweep, calls
that write are left out: they are those of its jobs."""


def run(workshop: Workshop) -> Counts:
    """All points in the long form, one in so many in the short one."""
    total = Counts()
    whole: dict[str, Any] = {"job": whole_job(workshop, *TINY)[1]}
    if workshop.form is not Size.smoke:
        whole["sweep"] = whole_sweep(workshop, *TWO)[1]
    tries = {"job": _job, "sweep": _sweep}
    for kind, what, kinds in (point for point in POINTS if point[0] in whole):
        seen = Count()
        place = workshop.fresh("counted")
        _start(workshop, place, kind, Suffer(place, kinds=kinds, seen=seen)).wait()
        points = workshop.points(range(1, seen.value + 1), 6)
        try_one = partial(tries[kind], expected=whole[kind], what=what, kinds=kinds)
        total.add(workshop.spread(try_one, points))
    return total


def _start(workshop: Workshop, place: Path, kind: str, suffer: Suffer | None = None) -> Child:
    if kind == "job":
        return start(workshop, place, TINY, suffer)
    return workshop.nursery.train(
        [*TWO, "hydra.sweep.dir=sweep"], place, first=eager, suffer=suffer
    )


def _job(workshop: Workshop, n: int, expected: Bytes, what: What, kinds: Kind) -> Counts:
    place = workshop.fresh("place")
    _kill(workshop, place, "job", Suffer(place, n, what, kinds=kinds))
    counts = Counts()
    counts.tried[f"a job killed: {what.name.lower()}"] += 1
    counts.faults += [f"call {n}: {said}" for said in false_claims(place / "job", expected)]
    done = again(workshop, place, TINY)
    if done.code or record_bytes(place / "job") != expected:
        counts.faults.append(f"{what.name} call {n}: exit {done.code}: {done.err.strip()[-200:]}")
    return counts


def _sweep(
    workshop: Workshop, n: int, expected: dict[str, Bytes], what: What, kinds: Kind
) -> Counts:
    place = workshop.fresh("place")
    _kill(workshop, place, "sweep", Suffer(place, n, what, kinds=kinds))
    counts = Counts()
    counts.tried[f"a sweep killed: {what.name.lower()}"] += 1
    for job in jobs_of(place / "sweep"):
        known = [bytes_ for bytes_ in expected.values() if not false_claims(job, bytes_)]
        counts.faults += [] if known else [f"{what.name} call {n}: {job.name} is falsely done"]
    done = _start(workshop, place, "sweep").wait()
    ledger = Ledger.of(place / "sweep", expected)
    if done.code or not ledger.sound:
        said = done.err.strip()[-200:]
        counts.faults.append(f"{what.name} call {n}: exit {done.code}, {ledger}: {said}")
    return counts


def _kill(workshop: Workshop, place: Path, kind: str, suffer: Suffer) -> None:
    done = _start(workshop, place, kind, suffer).wait()
    if not done.killed:
        raise RuntimeError(f"it was to be killed and ended with {done.code}: {done.err[-300:]}")


CRASH_POINTS = Experiment(
    "crash_points",
    "R2",
    "kill -9 at every open, write, flush, rename, mkdir, unlink and truncate of a job and a sweep",
    "no reader is told `done` of other bytes; the command again leaves the bytes of the "
    "uninterrupted one",
    run,
)
