"""R13 and R14: many who want the same directory, many drivers of one plan, many starts at once."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from pathlib import Path

from benchmarks.torture.child import Child, train_here
from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import TINY, whole_job, whole_sweep
from benchmarks.torture.records import Ledger, record_bytes
from ntp_dynamics.record.status import told
from ntp_dynamics.record.store import RecordWriter, verify
from ntp_dynamics.system.errors import UserError

WORKERS, RUNS, DRIVERS = 16, 400, 8
SEEDS = "seed=0,1,2,3,4,5"


def run(workshop: Workshop) -> Counts:
    """Repeats of both."""
    total = Counts()
    for _ in range(workshop.size(20, 1)):
        total.add(_claims(workshop))
    expected = whole_sweep(workshop, *TINY, "-m", SEEDS)[1]
    for _ in range(workshop.size(20, 1)):
        total.add(_drivers(workshop, expected))
    return total


def _claims(workshop: Workshop) -> Counts:
    place, counts = workshop.fresh("claims"), Counts()
    runs = RUNS if not workshop.quick else 60
    crowd = [
        workshop.nursery.start(lambda seed=seed: _claim_all(place, runs, seed), place)
        for seed in range(WORKERS)
    ]
    seen = _poll(place, crowd)
    counts.faults += seen.faults
    for child in crowd:
        if (done := child.wait()).code:
            counts.faults.append(f"a worker ended with {done.code}: {done.err[-200:]}")
    lines = Counter(line for path in place.glob("took-*") for line in path.read_text().splitlines())
    counts.tried["runs claimed by 16 processes"] += runs
    counts.tried["looks of a reader"] += seen.tried["looks"]
    counts.faults += [f"run {name} was done {n} times" for name, n in lines.items() if n != 1]
    if len(lines) != runs:
        counts.faults.append(f"{runs - len(lines)} runs were done by none")
    return counts


def _claim_all(place: Path, runs: int, seed: int) -> None:
    """Take what nobody has taken, in an order of one's own."""
    order = list(range(runs))
    random.Random(seed).shuffle(order)
    took = open(place / f"took-{seed}", "a", buffering=1)  # noqa: SIM115
    for number in order:
        status = {"state": "running", "identity": str(number)}
        try:
            writer = RecordWriter(place / str(number), status)
        except UserError:
            continue
        with writer:
            took.write(f"{number}\n")
            for name in ("config.yaml", "trajectory.nc"):
                writer.data(name, f"number: {number}\n" * 50)
            writer.seal({**status, "state": "done"})


def _poll(place: Path, crowd: list[Child]) -> Counts:
    """A reader, for as long as they work: what says `done` is whole."""
    counts, rng = Counts(), random.Random(0)
    while any(child.alive for child in crowd):
        job = place / str(rng.randrange(RUNS))
        counts.tried["looks"] += 1
        if (job / "status.json").exists() and (said := told(job))["state"] in (
            "done",
            "unreadable",
        ):
            try:
                whole = said["state"] == "done" and verify(job)
            except UserError as error:
                whole = False
                said = {"state": f"done, {error}"}
            if not whole:
                counts.faults.append(f"a reader sees a record that is not whole: {said}")
        time.sleep(0.001)
    return counts


def _drivers(workshop: Workshop, expected: dict) -> Counts:
    """Several start the same sweep into the same folder at the same time; then one more."""
    place, counts = workshop.fresh("drivers"), Counts()
    arguments = [*TINY, "-m", SEEDS, "hydra.sweep.dir=sweep"]
    drivers = DRIVERS if not workshop.quick else 3
    trained = place / "trained"
    crowd = [
        workshop.nursery.start(lambda: _counting(trained, arguments), place) for _ in range(drivers)
    ]
    counts.tried["drivers of one plan"] += drivers
    for child in crowd:
        done = child.wait()
        counts.came_out[f"a driver ends with {done.code}"] += 1
        if done.code and (said := one_line(done.error_lines)):
            counts.faults.append(f"a driver: {said}")
    ledger = Ledger.of(place / "sweep", expected)
    if not ledger.sound:
        counts.faults.append(f"after {drivers} drivers: {ledger}")
    if (n := len(trained.read_bytes())) != len(expected):
        counts.faults.append(f"{n} jobs were trained, not {len(expected)}")
    return counts


def _counting(trained: Path, arguments: list[str]) -> None:
    """``ntp-train`` that leaves a byte for each job it trains."""
    from ntp_dynamics.run import job

    real = job.train_phases

    def counted(*given, **named):
        with open(trained, "ab") as file:
            file.write(b".")
        return real(*given, **named)

    job.train_phases = counted
    train_here(arguments)


def run_starts(workshop: Workshop) -> Counts:
    """Fifty commands within a tenth of a second, without a directory."""
    expected, counts = whole_job(workshop, *TINY)[1], Counts()
    place, starts = workshop.fresh("starts"), workshop.size(50, 8)
    gate, opened = os.pipe()

    def begin() -> None:
        os.close(opened)
        os.read(gate, 1)  # returns once nobody holds the other end
        (place / f"began-{os.getpid()}").write_text(repr(time.monotonic()))
        train_here(TINY)

    crowd = [workshop.nursery.start(begin, place) for _ in range(starts)]
    os.close(opened)
    counts.tried["starts at once"] += starts
    for child in crowd:
        done = child.wait(600)
        counts.came_out[f"exit {done.code}"] += 1
        if done.code and (said := one_line(done.error_lines)):
            counts.faults.append(f"a start: {said}")
    os.close(gate)
    began = [float(path.read_text()) for path in place.glob("began-*")]
    counts.measured["seconds from the first start to the last"] = round(max(began) - min(began), 3)
    jobs = sorted(path.parent for path in place.glob("outputs/*/*/MANIFEST.json"))
    if len(jobs) != counts.came_out["exit 0"]:
        counts.faults.append(
            f"{len(jobs)} records of {counts.came_out['exit 0']} jobs that ended well"
        )
    counts.faults += [f"{j.name} differs" for j in jobs if record_bytes(j) != expected]
    return counts


CROWDS = Experiment(
    "crowds",
    "R13",
    "16 processes claim 400 runs while a reader polls; 8 drivers start the same plan",
    "each run exactly once, no reader sees a record that is not whole",
    run,
)
STARTS = Experiment(
    "starts",
    "R14",
    "50 starts of one command within 100 ms",
    "a directory each, or a refusal in one line; equal bytes",
    run_starts,
)
