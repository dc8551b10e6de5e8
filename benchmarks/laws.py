"""``python -m benchmarks.laws``: what a job costs, by its sizes.

Jobs of the default kind with other vocabularies, corpora, runs and steps, one after the other in
one process and thread; CPU seconds of preparing, training, making and writing the trajectory, and
judging.  Writes benchmarks/laws.json and prints the section of docs/performance.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import nnls

RECORD = Path(__file__).with_suffix(".json")
GRID = list(itertools.product((20, 60), (2, 8), ((2, 3), (3, 12)), (1, 8, 32), (1000, 30_000)))
"""|V|, sentences a query, tokens above and below, runs, steps of attention."""
LAWS = {
    "prepare": ("1", "RV", "RT"),
    "train": ("1", "RTt", "RTm"),
    "write": ("1", "bytes"),
    "judge": ("1", "Rm"),
}
"""What each is a sum of: R runs of T distinct tokens and V queries, t steps, m of them recorded."""
UNITS = {
    "1": (1e3, "ms"),
    "RV": (1e6, "us a run and query"),
    "RT": (1e6, "us a run and token"),
    "RTt": (1e9, "ns a run, token and step"),
    "RTm": (1e9, "ns a run, token and recorded step"),
    "Rm": (1e6, "us a run and recorded step"),
    "bytes": (1e9, "ns a byte"),
}
SECTION = """
## What a job costs

`python -m benchmarks.laws`: {count} jobs, one run to 32, 20 and 60 tokens, {least:,.0f} to
{most:,.0f} distinct tokens a corpus, 1,000 and 30,000 steps of attention; CPU seconds of one
thread, load average {load:.1f}. Fitted to relative errors; the last columns say how far jobs are
from the law.

| part | law | median error | 90 % of jobs |
|---|---|---|---|
{rows}

One job of 937,395 sentences of 8,865,713 distinct tokens, 1,000 tokens, 1,000 steps of attention:
97 s of CPU, 3.5 GB, a trajectory of 408 MB. By these laws some six million sentences take ten
minutes; that was not run.
"""


def config_of(v: int, many: int, shape: tuple[int, int], runs: int, steps: int) -> Any:
    from ntp_dynamics.config.compose import compose_job, read_config

    knobs = {"vocab_size": v, "queries": v, "sentences_per_query": many}
    knobs |= {"optimal": shape[0], "non_optimal": shape[1]}
    given = [f"dataset.{name}={value}" for name, value in knobs.items()]
    given += [f"runs={runs}", f"train.attention.steps={steps}", "tracking=none", "figures=none"]
    return read_config(compose_job(given))


def measure(size: tuple[int, int, tuple[int, int], int, int]) -> dict[str, float]:
    """Seconds of each part of one job, and its sizes."""
    from ntp_dynamics.observe.judgement import judge_claims
    from ntp_dynamics.record.store import RecordWriter
    from ntp_dynamics.run.preparation import prepare
    from ntp_dynamics.run.training import train_phases
    from ntp_dynamics.system.stops import Interrupt

    config = config_of(*size)
    found: dict[str, float] = {}
    began = time.process_time()

    def lap(name: str) -> None:
        nonlocal began
        found[name] = time.process_time() - began
        began = time.process_time()

    job = prepare(config)
    lap("prepare")
    trained = train_phases(job, lambda steps, name, last: iter(steps), Interrupt())
    lap("train")
    with tempfile.TemporaryDirectory() as name:
        tree = trained.tree(job.problem.tables())
        writer = RecordWriter(Path(name) / "record", {"state": "running"}, together=True)
        writer.tree("trajectory.nc", tree)
        lap("write")
        found["bytes"] = float((writer.directory / "trajectory.nc").stat().st_size)
        writer.__exit__(None, None, None)
    began = time.process_time()
    judge_claims(tree, job.constants(tree), job.claims, job.study.residual)
    lap("judge")
    tokens = [len(corpus.bags.tokens.flat) for corpus in job.problem.known.corpora]
    recorded = [phase.sizes.get("step", 0) for phase in tree.children.values()]
    sizes = {"R": size[3], "V": size[0], "T": float(np.mean(tokens))}
    sizes |= {"t": size[4], "m": max(recorded)}
    return found | {name: float(x) for name, x in sizes.items()}


def term(name: str, x: dict[str, float]) -> float:
    """A product of sizes."""
    if name in ("1", "bytes"):
        return x.get(name, 1.0)
    return float(np.prod([x[letter] for letter in name]))


def fitted(name: str, measured: list[dict[str, float]]) -> str:
    """The row of one part."""
    terms = LAWS[name]
    seconds = np.array([x[name] for x in measured])
    sides = np.array([[term(one, x) for one in terms] for x in measured])
    law, _ = nnls(sides / seconds[:, None], np.ones(len(seconds)))
    error = np.abs(sides @ law / seconds - 1)
    said = [
        f"{scale * c:.3g} {unit}"
        for c, (scale, unit) in zip(law, (UNITS[one] for one in terms), strict=True)
        if c > 0
    ]
    return (
        f"| {name} | {' + '.join(said)} | {np.median(error):.0%} | "
        f"within {np.quantile(error, 0.9):.0%} |"
    )


def section(measured: list[dict[str, float]], load: float) -> str:
    """The section of the page."""
    tokens = [x["T"] for x in measured]
    rows = "\n".join(fitted(name, measured) for name in LAWS)
    return SECTION.format(
        count=len(measured), least=min(tokens), most=max(tokens), load=load, rows=rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.laws", description=__doc__)
    parser.add_argument("--page", action="store_true", help="the section from the last numbers")
    if not parser.parse_args().page:
        load = os.getloadavg()[0]
        measure(GRID[0])  # loads and compiles
        measured = [measure(size) for size in GRID]
        RECORD.write_text(json.dumps({"load": load, "jobs": measured}, indent=1) + "\n")
    kept = json.loads(RECORD.read_text())
    print(section(kept["jobs"], kept["load"]))


if __name__ == "__main__":
    main()
