"""R1 and R4: a sweep of 24 jobs of five studies is killed at random, and the command given again
until it is done."""

from __future__ import annotations

import random
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.torture.child import Child
from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import PLAIN, eager, whole_sweep
from benchmarks.torture.records import Bytes, Ledger
from benchmarks.torture.shim import Count, Suffer, What
from ntp_dynamics.run import training
from ntp_dynamics.study import Dynamics, Logged

HERE = Path(__file__).parent / "conf"
MIXED = (
    *("-m", "--config-dir", str(HERE), "seed=0,1,2,3", *PLAIN, "runtime.checkpoint_seconds=0"),
    "experiment=torture/tokens,torture/torch,torture/attractor,torture/scores,torture/policies,"
    "torture/federated",
)
"""24 jobs: six experiments on four seeds, some on engines that take their time."""
SHARE = {"start": 40, "steps": 80, "checkpoint": 60, "end": 20}
"""Of 200 kills: while it starts, trains, writes a checkpoint, ends a job."""
ENDS = ("verdicts.json", "laws.nc", "MANIFEST.json")
KILLS_IN_A_ROW = 10
"""Of one sweep, before it is left to end."""
MOST = 1.5
"""Times what the uninterrupted sweep trains; a phase counts as one, whatever its steps are."""
CHECKPOINTS = 0.3
"""Share of the time that they may take: more than the lab's 2 %, so that kills fall into them."""


def run(workshop: Workshop) -> Counts:
    """Sweeps with ten kills each."""
    steps = Count()
    place, expected = workshop.fresh("counted"), whole_sweep(workshop, *MIXED)[1]
    done = _start(workshop, place, steps).wait(600)
    total = Counts()
    total.measured["jobs"] = len(expected)
    total.measured["phases of the uninterrupted sweep"] = round(steps.value / 1e6)
    total.measured["seconds of the uninterrupted sweep"] = round(done.seconds, 1)
    rng, left = random.Random(0), {k: max(1, n // workshop.size(1, 20)) for k, n in SHARE.items()}
    kinds = [kind for kind, n in left.items() for _ in range(n)]
    rng.shuffle(kinds)
    rows = [kinds[i : i + KILLS_IN_A_ROW] for i in range(0, len(kinds), KILLS_IN_A_ROW)]
    try_one = partial(_row, expected=expected, steps=steps.value, seconds=done.seconds)
    workshop.width = 1  # the packed launcher takes both cores
    total.add(workshop.spread(try_one, enumerate(rows)))
    return total


def _row(
    workshop: Workshop,
    item: tuple[int, list[str]],
    expected: dict[str, Bytes],
    steps: int,
    seconds: float,
) -> Counts:
    """One sweep, killed so many times and begun again each time."""
    number, kinds = item
    rng, place, trained, counts = random.Random(number), workshop.fresh("place"), Count(), Counts()
    for kind in kinds:
        attempt = _attempt(workshop, place, trained, kind, rng, seconds)
        if attempt is None:  # it was done before it could be killed: another sweep for the others
            counts.came_out["done before the kill"] += 1
            counts.add(_compared(place, expected, trained.value / steps))
            place, trained = workshop.fresh("place"), Count()
        else:
            counts.tried[f"killed: {attempt}"] += 1
    done = _start(workshop, place, trained).wait(600)
    if done.code:
        counts.faults.append(f"row {number}: exit {done.code}: {done.err.strip()[-250:]}")
    counts.add(_compared(place, expected, trained.value / steps))
    return counts


def _compared(place: Path, expected: dict[str, Bytes], share: float) -> Counts:
    """A sweep that has ended, with the uninterrupted one."""
    counts = Counts()
    sweeps = sorted(path.parent for path in place.glob("multirun/*/*/plan.json"))
    counts.tried["sweeps"] += 1
    counts.measured["training, times that of the uninterrupted sweep (the most)"] = round(share, 3)
    if len(sweeps) != 1:
        counts.faults.append(f"there are {len(sweeps)} sweeps")
    for sweep in sweeps:
        ledger = Ledger.of(sweep, expected)
        counts.came_out["jobs with equal bytes"] += ledger.done - ledger.wrong
        if not ledger.sound:
            counts.faults.append(f"{sweep.name}: {ledger}")
    if share > MOST:
        counts.faults.append(f"{share:.2f} times the training")
    return counts


def _attempt(
    workshop: Workshop, place: Path, trained: Count, kind: str, rng: random.Random, seconds: float
) -> str | None:
    """Start it and kill it; None where it ended before."""
    suffer = None
    if kind == "checkpoint":
        what = rng.choice([What.BEFORE, What.AFTER, What.TORN])
        suffer = Suffer(place, rng.randint(1, 120), what, part="/checkpoints/")
    elif kind == "end":
        part, n = rng.choice(ENDS), rng.randint(1, 30)
        suffer = Suffer(place, n, rng.choice([What.BEFORE, What.AFTER]), part=part)
    child = _start(workshop, place, trained, suffer)
    if kind == "start":
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0, 0.7))
        else:
            _until_it_trains(child, trained)
        child.send(signal.SIGKILL)
    elif kind == "steps":
        _until_it_trains(child, trained)
        time.sleep(rng.uniform(0, 0.3 * seconds))
        child.send(signal.SIGKILL)
    done = child.wait(600)
    if done.killed:
        return kind
    if done.code and (said := one_line(done.error_lines)):
        raise RuntimeError(f"exit {done.code}: {said}")
    return None


def _until_it_trains(child: Child, trained: Count) -> None:
    before = trained.value
    while child.alive and trained.value == before:
        time.sleep(0.005)


def _start(workshop: Workshop, place: Path, trained: Count, suffer: Suffer | None = None) -> Child:
    """The command, counting its steps beforehand: also those that a kill takes are counted."""

    def first() -> None:
        eager(CHECKPOINTS)
        count_phases(trained)

    return workshop.nursery.train([*MIXED], place, first=first, suffer=suffer)


def count_phases(trained: Count) -> None:
    """In this process, from now on: what is trained, in millionths of a phase."""
    real = training.follow

    class Counted:
        """A dynamics whose steps are counted before they are taken."""

        def __init__(self, dynamics: Dynamics, begin: int, last: int):
            self.dynamics, self.stands, self.last = dynamics, begin, max(last, 1)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.dynamics, name)

        def advance(self, to: int, due: np.ndarray) -> Logged:
            trained.cell.value += round(1e6 * (to - self.stands) / self.last)
            self.stands = to
            return self.dynamics.advance(to, due)

    def follow(dynamics: Any, stops: list[int], due: np.ndarray, begin: int = 0) -> Any:
        counted: Any = Counted(dynamics, begin, max(stops))
        return real(counted, stops, due, begin)

    training.follow = follow


KILLS = Experiment(
    "kills",
    "R1",
    "kill -9 of a sweep of 24 jobs of five studies, 200 times: while it starts, trains, writes "
    "checkpoints, ends jobs; then the same command again",
    "24 jobs, none lost or doubled, record bytes of the uninterrupted sweep, at most 1.5 times its "
    "steps, nothing done by hand",
    run,
)
