"""A sweep of ten thousand jobs: how long its plan takes, and its table, cold and warm.

    python -m benchmarks.torture.ten_thousand [--jobs N] [--keep DIRECTORY]

The plan is made as the command makes it.  One job is trained; the records of all are written
through `RecordWriter`, small ones, each with the configuration of its job.  Seconds are of the wall
clock, with those of the processor beside them; memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xarray

import ntp_dynamics as ntp
from ntp_dynamics.config.stored import to_yaml
from ntp_dynamics.record.plan import read_plan
from ntp_dynamics.record.store import TRAJECTORY, VERDICTS, RecordWriter

QUIET = ["experiment=smoke", "tracking=none", "figures=none"]
TINY = ["dataset.queries=3", "train.feed_forward.steps=5", "train.attention.steps=10"]

PLANNING = """
import sys, time
began, used = time.perf_counter(), time.process_time()
from ntp_dynamics.launch import command
command._hydra = lambda arguments: sys.exit(0)
command.summarise = lambda *arguments, **more: 0
try:
    command.launch(sys.argv[1:])
except SystemExit:
    pass
print(time.perf_counter() - began, time.process_time() - used)
"""
"""A process that stops where its first job would begin."""

READING = """
import sys, time
import pandas, ntp_dynamics as ntp
ntp.load_sweep
began, used = time.perf_counter(), time.process_time()
table = ntp.load_sweep(sys.argv[1], verify="verify" in sys.argv)
took = time.perf_counter() - began, time.process_time() - used
assert set(table["status"]) == {"done"}, table["status"].value_counts()
assert len(table) == int(sys.argv[2])
print(*took)
"""


PEAK = """
with open("/proc/self/status") as file:  # getrusage also counts what stood here before exec
    print(next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1e3)
"""


def timed(code: str, *arguments: str, cwd: Path, cache: Path) -> list[float]:
    """Seconds of the wall and of the processor, and megabytes at the peak, as a process says."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-c", code + PEAK, *arguments]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()[-3:]]


def plan(sweep: Path, jobs: int, cache: Path) -> list[float]:
    """Plan a sweep of so many jobs over three keys."""
    keys = [f"seed=range({jobs // 20})", "optimizer=ngd,gd"]
    keys.append("train.attention.step_size=range(1,11)")
    command = ["-m", *QUIET, *TINY, *keys, f"hydra.sweep.dir={sweep}"]
    return timed(PLANNING, *command, cwd=sweep.parent, cache=cache)


def write_records(sweep: Path, model: ntp.Record) -> None:
    """The records of all jobs of a plan, that of one job over and over."""
    found = read_plan(sweep)
    assert found is not None
    status = model.status
    verdicts = json.loads((model.path / VERDICTS).read_text())
    corpora = {p.name: p.read_text() for p in sorted((model.path / "corpora").iterdir())}
    scalars = model.trajectory.children["attention"].dataset[["log_loss", "direction_gap_kq"]]
    tree = xarray.DataTree.from_dict({"/attention": scalars})
    for number, job in enumerate(found.jobs):
        said: dict[str, Any] = {
            **status,
            "overrides": list(job.overrides),
            "identity": job.identity,
        }
        with RecordWriter(sweep / job.directory, {**said, "state": "running"}) as writer:
            writer.data("config.yaml", to_yaml(found.config(number)))
            for name, text in corpora.items():
                writer.data(f"corpora/{name}", text)
            writer.json(VERDICTS, verdicts)
            writer.tree(TRAJECTORY, tree)
            writer.seal(said)


def measured(folder: Path, jobs: int) -> Iterator[tuple[str, list[float]]]:
    """What is measured, and its figures, as they come; in a folder, in which the sweep stays."""
    sweep, cache = folder.absolute() / "sweep", folder.absolute() / "cache"
    if not sweep.exists():
        folder.mkdir(parents=True, exist_ok=True)
        yield "plan", plan(sweep, jobs, cache)
        write_records(sweep, ntp.train([*QUIET, *TINY], folder / "model"))
    shutil.rmtree(cache, ignore_errors=True)
    for name in ("table, no cache", "table, cached", "table, cached again"):
        yield name, timed(READING, str(sweep), str(jobs), cwd=folder, cache=cache)
    yield (
        "table, every byte",
        timed(READING, str(sweep), str(jobs), "verify", cwd=folder, cache=cache),
    )


def main() -> None:
    """Print a line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="where the sweep is made, and stays")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    try:
        for name, (wall, used, memory) in measured(folder, options.jobs):
            figures = f"{wall:8.2f} s, processor {used:6.2f} s, {memory:5.0f} MB"
            print(f"{name:<24} {figures}", flush=True)
    finally:
        if options.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
