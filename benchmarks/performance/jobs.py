"""Whole jobs, each in its own process: a sweep beside one naive run, hooks, start-up, memory."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.performance.corpora import Shape
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.training import train_phases
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.system.stops import Interrupt

ROOT = Path(__file__).parents[2]
FULL = 64
HORIZON = 100_000
PLAIN = ["tracking=none", "figures=none"]


class Used(NamedTuple):
    """Seconds of a process and what it printed."""

    wall: float
    cpu: float
    printed: str


def process(*arguments: str) -> Used:
    """Run Python with these arguments; raises where it fails."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Used(wall, cpu, done.stdout)


def sweeps(jobs: int, horizon: int) -> dict[str, float]:
    """Seconds of a sweep of the default corpus, packed and for a few jobs one by one, of one job of
    as many runs, and of one naive run; process start and records included."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "corpus.jsonl"
        corpus = generate(RealizableDataset(), np.random.default_rng(0))
        path.write_text("".join(f"{line}\n" for line in corpus.lines()))
        corpus_and_start = ["dataset=file", f"dataset.path={path}", "init=gaussian", "vary=init"]
        same = [*corpus_and_start, "runs=1"]
        steps = ["train.margin=9.23", f"train.attention.steps={horizon}"]
        once = ["-m", "ntp_dynamics", *PLAIN, *steps]
        command = [*once, "-m"]
        few = max(2, jobs // 16)
        shared = process(*command, *same, f"init.norm=range(1,{jobs + 1})")
        fresh = process(*command, "runs=1", f"seed=range({jobs})")
        runs = process(*once, *corpus_and_start, f"runs={jobs}", "runtime.threads=2")
        basic = process(*command, *same, f"init.norm=range(1,{few + 1})", "hydra/launcher=basic")
        start = process("-c", "import torch")
        taken = max(20, min(horizon, 3000))
        naive = process("-m", "benchmarks.performance.one_naive", str(path), str(taken))
    stretch = horizon / taken
    return {
        "jobs": jobs,
        "horizon": horizon,
        "packed, wall": shared.wall,
        "packed, cpu": shared.cpu,
        "packed, fresh corpora, wall": fresh.wall,
        "packed, fresh corpora, cpu": fresh.cpu,
        "one job of all runs, wall": runs.wall,
        "one job of all runs, cpu": runs.cpu,
        "one by one, wall": basic.wall * jobs / few,
        "one by one, cpu": basic.cpu * jobs / few,
        "one naive run, wall": start.wall + (naive.wall - start.wall) * stretch,
        "one naive run, cpu": start.cpu + (naive.cpu - start.cpu) * stretch,
        "naive steps measured": taken,
    }


def hooks(rounds: int) -> dict[str, float]:
    """CPU seconds of training the default job, by preset of hooks."""
    times: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for preset in ("none", "light", "standard"):
            job = prepare(read_config(compose_job([*PLAIN, f"hooks={preset}"])))
            began = time.process_time()
            train_phases(job, lambda way, name, last: iter(way), Interrupt())
            if turn:  # the first compiles
                times.setdefault(preset, []).append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in times.items()}


def start_up(rounds: int) -> dict[str, float]:
    """CPU seconds: `import torch`, the smoke job, the help."""
    cases = {
        "import torch": ["-c", "import torch"],
        "experiment=smoke": ["-m", "ntp_dynamics", "experiment=smoke", *PLAIN],
        "--help": ["-m", "ntp_dynamics", "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, arguments in cases.items():
            times[name].append(process(*arguments).cpu)
    return {name: statistics.median(each) for name, each in times.items()}


def memory(shape: Shape) -> dict[str, float]:
    """Peak mebibytes of a process that trains three steps, beyond one that only has the problem."""
    ways = {
        "problem": "p",
        "naive": "Naive(p.corpora[0], p.logits[0], 0.1).steps(3)",
        "torch path": "torch_path(p)(3)",
        "kernel": "stepped(kernel(p))(3)",
    }
    peaks = {}
    for name, way in ways.items():
        lines = [
            "from benchmarks.performance.steps import *",
            f"p = problem(Shape{tuple(shape)}, 1)",
            way,
            "print(next(x for x in open('/proc/self/status') if x.startswith('VmHWM')))",
        ]
        peaks[name] = int(process("-c", "\n".join(lines)).printed.split()[1]) / 1024
    base = peaks.pop("problem")
    return {name: peak - base for name, peak in peaks.items()}
