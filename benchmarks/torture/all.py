"""All experiments, one after the other; the page is written from what they count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.torture.child import warm
from benchmarks.torture.clocks import CLOCKS_JUMP
from benchmarks.torture.crash_points import CRASH_POINTS
from benchmarks.torture.crowds import CROWDS, STARTS
from benchmarks.torture.experiment import Experiment, Workshop, timed
from benchmarks.torture.full_disk import FULL_DISK
from benchmarks.torture.hostile_places import HOSTILE_PLACES
from benchmarks.torture.jobs import PLAIN, TINY
from benchmarks.torture.lost_writes import LOST_WRITES

EXPERIMENTS: list[Experiment] = [
    CRASH_POINTS,
    LOST_WRITES,
    FULL_DISK,
    HOSTILE_PLACES,
    CROWDS,
    STARTS,
    CLOCKS_JUMP,
]


def run_all(names: Sequence[str], folder: Path, *, quick: bool, dry: bool) -> int:
    """Returns 1 where there was a fault, 2 for an unknown name."""
    known = {e.name: e for e in EXPERIMENTS}
    if unknown := [name for name in names if name not in known]:
        print(f"error: {unknown[0]}: no such experiment; one of {', '.join(known)}")
        return 2
    warm([[*TINY], ["experiment=attractor/smoke", *PLAIN]][:1], folder / "warm")
    faults = 0
    for experiment in (known[name] for name in names or known):
        said = timed(experiment, Workshop(folder / experiment.name, quick))
        faults += said["fault_count"]
        print(json.dumps({experiment.name: said}, indent=1), flush=True)
    return int(faults > 0)
