"""All experiments, one after the other; the page is written from what they count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.torture.bad_members import BAD_MEMBERS
from benchmarks.torture.beside import DAMAGED, LAUNCHERS, MANY_JOBS
from benchmarks.torture.child import warm
from benchmarks.torture.clocks import CLOCKS_JUMP
from benchmarks.torture.crash_points import CRASH_POINTS
from benchmarks.torture.crowds import CROWDS, STARTS
from benchmarks.torture.experiment import Experiment, Size, Workshop, timed
from benchmarks.torture.full_disk import FULL_DISK
from benchmarks.torture.hostile_places import HOSTILE_PLACES
from benchmarks.torture.jobs import SMOKES, TINY
from benchmarks.torture.kills import KILLS
from benchmarks.torture.lost_writes import LOST_WRITES
from benchmarks.torture.machine import MACHINE
from benchmarks.torture.mirror import MIRROR
from benchmarks.torture.nonfinite import NONFINITE
from benchmarks.torture.orphans import ORPHANS
from benchmarks.torture.page import keep, write
from benchmarks.torture.stops import STOPS

EXPERIMENTS: list[Experiment] = [
    *(KILLS, CRASH_POINTS, LOST_WRITES, ORPHANS, STOPS, MACHINE, FULL_DISK, HOSTILE_PLACES),
    *(NONFINITE, CROWDS, STARTS, BAD_MEMBERS, CLOCKS_JUMP, MIRROR),
    *(DAMAGED, MANY_JOBS, LAUNCHERS),
]


def run_all(
    names: Sequence[str], folder: Path, size: Size, *, dry: bool, as_json: bool = False
) -> int:
    """Returns 1 where there was a fault, 2 for an unknown name."""
    known = {e.name: e for e in EXPERIMENTS}
    if unknown := [name for name in names if name not in known]:
        print(f"error: {unknown[0]}: no such experiment; one of {', '.join(known)}")
        return 2
    chosen = [known[name] for name in names or known]
    warm([TINY, *(SMOKES if KILLS in chosen else ())], folder / "warm")
    faults, every = 0, {}
    for experiment in chosen:
        said = timed(experiment, Workshop(folder / experiment.name, size))
        faults += said["fault_count"]
        every[experiment.name] = said
        if not as_json:
            print(line(experiment, said), flush=True)
        if not dry:
            keep(experiment, said)
    if not dry:
        write(EXPERIMENTS)
    if as_json:
        print(json.dumps(every))
    return int(faults > 0)


def line(experiment: Experiment, said: dict) -> str:
    """What a person watching is told."""
    tried = ", ".join(f"{n} {what}" for what, n in said["tried"].items())
    out = ", ".join(f"{n} {what}" for what, n in said["came_out"].items())
    faults = "".join(f"\n    {fault}" for fault in said["faults"])
    numbers = ", ".join(f"{what} {n:,}" for what, n in said["measured"].items())
    told = "; ".join(filter(None, (tried, out, numbers)))
    return f"{experiment.row} {experiment.name}: {said['fault_count']} faults, " + (
        f"{said['seconds']} s: {told}{faults}"
    )
