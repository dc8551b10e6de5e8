"""R4: the driver of a sweep is killed while a worker of it lives on; the command is given again."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import TINY, eager, whole_sweep
from benchmarks.torture.records import Bytes, Ledger
from benchmarks.torture.shim import Suffer, What
from ntp_dynamics.record.status import told

SWEEP = (*TINY, "-m", "seed=0,1,2", "hydra.sweep.dir=sweep", "hydra.launcher.threads=1")


def run(workshop: Workshop) -> Counts:
    """Fifty points."""
    expected = whole_sweep(workshop, *SWEEP[:-2])[1]
    points = range(workshop.size(50, 3))
    return workshop.spread(lambda shop, n: _try(shop, n, expected), points)


def _try(workshop: Workshop, n: int, expected: dict[str, Bytes]) -> Counts:
    place, rng, counts = workshop.fresh("place"), random.Random(n), Counts()
    suffer = Suffer(place, rng.randint(60, 1100), What.BEFORE)
    driver = workshop.nursery.train([*SWEEP], place, first=eager, suffer=suffer)
    if not driver.wait().killed:
        raise RuntimeError("it was to be killed")
    counts.tried["drivers killed"] += 1
    left = [p.parent for p in sorted(place.glob("sweep/*/status.json"))]
    left = [job for job in left if told(job)["state"] != "done"]
    orphan = _orphan(workshop, place, left[-1], rng) if left else None
    if orphan is not None:
        counts.tried["with a worker that lives on"] += 1
        beside = workshop.nursery.train([*SWEEP], place).wait()
        said = one_line(beside.error_lines)
        if beside.code not in (1, 2) or said or "at work in it" not in beside.err:
            counts.faults.append(f"{n}: beside a worker: exit {beside.code}: {beside.err[-200:]}")
        orphan.send(signal.SIGCONT)
        if (done := orphan.wait()).code:
            counts.faults.append(f"{n}: the worker ended with {done.code}: {done.err[-200:]}")
        sealed = (left[-1] / "MANIFEST.json").stat().st_ino
    done = workshop.nursery.train([*SWEEP], place).wait()
    ledger = Ledger.of(place / "sweep", expected)
    if done.code or not ledger.sound:
        counts.faults.append(f"{n}: exit {done.code}, {ledger}: {done.err[-200:]}")
    elif orphan is not None and (left[-1] / "MANIFEST.json").stat().st_ino != sealed:
        counts.faults.append(f"{n}: what the worker did was done again")
    return counts


def _orphan(workshop: Workshop, place: Path, job: Path, rng: random.Random):
    """A process that goes on with one of the jobs, asleep at one of its calls."""
    suffer = Suffer(place, rng.randint(8, 200), What.STOP)
    child = workshop.nursery.resume(job.relative_to(place), place, suffer=suffer)
    if child.wait_until_stopped():
        return child
    time.sleep(0)
    return None


ORPHANS = Experiment(
    "orphans",
    "R4",
    "the driver of a sweep is killed, a worker of it lives on; the command is given again beside "
    "it and after it",
    "beside a living worker its job is left to it, in one line; then no job is done twice or lost, "
    "equal bytes",
    run,
)
