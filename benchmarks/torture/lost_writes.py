"""R3: the power goes at every call of a job and of a sweep, and what was not flushed is lost."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.torture.experiment import Counts, Experiment, Size, Workshop
from benchmarks.torture.jobs import TINY, TWO, again, eager, start, whole_job, whole_sweep
from benchmarks.torture.records import Ledger, false_claims, jobs_of, record_bytes
from benchmarks.torture.replay import Disk, cuts, lay_out, read_log
from benchmarks.torture.shim import Suffer

Tree = dict[str, bytes | None]
OF_A_SWEEP = 500
"""About how many of the states of a sweep are tried, evenly spread."""


class State(NamedTuple):
    """What a power cut left: after which call, how, and the directory."""

    n: int
    how: str
    tree: Tree


def run(workshop: Workshop) -> Counts:
    """Every different state of a job in the long form, and about 500 of a sweep."""
    total = Counts()
    for kind in ("job",) if workshop.form is Size.smoke else ("job", "sweep"):
        expected = whole_job(workshop, *TINY)[1] if kind == "job" else None
        every = expected or whole_sweep(workshop, *TWO)[1]
        place = workshop.fresh("logged").resolve()
        log = workshop.folder / f"{kind}.log"
        if kind == "job":
            start(workshop, place, TINY, Suffer(place, log=log)).wait()
        else:
            suffer = Suffer(place, log=log)
            workshop.nursery.train(
                [*TWO, "hydra.sweep.dir=sweep"], place, first=eager, suffer=suffer
            ).wait()
        total.faults += unlike(log, place)
        states = list(different(log, str(place)))
        total.measured[f"different states of a {kind}"] = len(states)
        if kind == "sweep":  # its jobs are jobs, of which every state is tried
            states = states[:: max(1, len(states) // OF_A_SWEEP)]
        states = workshop.points(states, 20)
        try_one = partial(_try, kind=kind, expected=every, origin=str(place))
        total.add(workshop.spread(try_one, states))
    return total


def unlike(log: Path, place: Path) -> list[str]:
    """What the log misses: played to its end without a cut it must give the directory itself."""
    disk = Disk()
    for call in read_log(log):
        disk.follow(call)
    tree = {
        p: b for p, b in disk.tree([True] * len(disk.changes), "whole").items() if b is not None
    }
    there = {str(p): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    return [
        f"the log does not give {name}"
        for name in tree | there
        if tree.get(name) != there.get(name)
    ]


def different(log: Path, origin: str) -> Iterator[State]:
    """The states that differ, of all cuts after all calls, by file systems that keep the order of
    names and by those that do not."""
    rng, seen, disk = random.Random(0), set(), Disk()
    for n, call in enumerate(read_log(log), start=1):
        disk.follow(call)
        for kept_names, way, kept in cuts(disk, call, rng):
            tree = disk.tree(kept, way)
            if (key := _key(tree)) not in seen:
                seen.add(key)
                yield State(n, f"names kept {kept_names}, data {way}", tree)


def _key(tree: Tree) -> bytes:
    """Equal for states that readers cannot tell apart: of a temporary file that it is there."""
    body = [(path, b"" if path.endswith(".tmp") else tree[path]) for path in sorted(tree)]
    return hashlib.sha256(repr(body).encode()).digest()


def _try(workshop: Workshop, state: State, kind: str, expected: Any, origin: str) -> Counts:
    place = workshop.fresh("place")
    lay_out(state.tree, origin, place)
    counts = Counts()
    counts.tried[f"a {kind}: {state.how.split(',')[0]}"] += 1
    told = f"{kind}, after call {state.n} ({state.how})"
    if kind == "job":
        counts.faults += [f"{told}: {said}" for said in false_claims(place / "job", expected)]
        done = again(workshop, place, TINY)
        good = not done.code and record_bytes(place / "job") == expected
    else:
        for job in jobs_of(place / "sweep"):
            if all(false_claims(job, one) for one in expected.values()):
                counts.faults.append(f"{told}: {job.name} is falsely done")
        done = workshop.nursery.train([*TWO, "hydra.sweep.dir=sweep"], place).wait()
        good = not done.code and Ledger.of(place / "sweep", expected).sound
    if not good:
        counts.faults.append(f"{told}: exit {done.code}: {done.err.strip()[-250:]}")
        shutil.copytree(place, workshop.folder.parent / f"bad-{kind}-{state.n}", dirs_exist_ok=True)
    return counts


LOST_WRITES = Experiment(
    "lost_writes",
    "R3",
    "the power goes: what was not flushed is lost, zeros or half, renames are lost in order or out "
    "of it",
    "no reader is told `done` of other bytes; the command again leaves the bytes of the "
    "uninterrupted one",
    run,
)
