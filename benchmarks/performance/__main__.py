"""``python -m benchmarks.performance``: run the benchmarks and write docs/performance.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import torch

from benchmarks import large, laws, linear
from benchmarks.attractor import RECORD
from benchmarks.performance import combinations, jobs, solver, steps
from benchmarks.performance.companions import companions
from benchmarks.performance.corpora import Shape
from benchmarks.performance.gpu import gpu, recorded
from benchmarks.performance.report import Results, machine, network, report

ROOT = Path(__file__).parents[2]
SMALL, MIDDLE, LARGE = Shape(20, 8, 32), Shape(100, 16, 1000), Shape(1000, 16, 1000)
LAWS = [Shape(20, 4, 64), SMALL, Shape(50, 16, 200), MIDDLE, Shape(100, 32, 500), LARGE]


def run(quick: bool) -> Results:
    """All measurements; ``quick``: the same code in a minute, numbers of no use."""
    torch.set_num_threads(1)
    rounds = 1 if quick else 5
    grid = {SMALL: (1, 2)} if quick else {SMALL: (1, 8, 64), MIDDLE: (1, 8, 64), LARGE: (1, 4)}
    found: Results = {"machine": machine(), "load": [load()], "steps": {}}
    for shape, runs in grid.items():
        say(f"steps at {shape}")
        found["steps"][str(shape)] = steps.compare(shape, rounds, runs, compiled=not quick)
    say("beside jax")
    pair = {SMALL: (1, 2)} if quick else {SMALL: (1, 64), MIDDLE: (1, 64), LARGE: (1, 4)}
    found["jax"] = {str(shape): steps.beside_jax(shape, rounds, r) for shape, r in pair.items()}
    say("combinations of rule, token vectors, start and stage")
    shapes = [SMALL] if quick else [SMALL, MIDDLE]
    found["combinations"] = {
        str(shape): combinations.compare(shape, 1 if quick else 3) for shape in shapes
    }
    say("joint stage")
    few = {SMALL: (1, 2)} if quick else {SMALL: (1, 8), MIDDLE: (1,)}
    found["joint"] = {str(shape): steps.joint(shape, rounds, runs) for shape, runs in few.items()}
    say("late training, threads, cost law, memory")
    found["late"] = steps.late(SMALL, rounds)
    found["two threads"] = steps.two_threads(SMALL if quick else MIDDLE, rounds)
    found["cost law"] = steps.cost_law(LAWS[:3] if quick else LAWS, rounds)
    shape = SMALL if quick else LARGE
    found["memory shape"], found["memory"] = str(shape), jobs.memory(shape)
    say("solver")
    shapes = (SMALL,) if quick else (SMALL, MIDDLE, Shape(300, 16, 4000))
    found["solver"] = {str(shape): solver.a_query(shape, rounds) for shape in shapes}
    shapes = (SMALL,) if quick else [Shape(20, words, n) for words in (4, 8) for n in (64, 128)]
    found["whole"] = {str(shape): solver.whole(shape, rounds) for shape in shapes}
    found["scale"] = solver.at_scale(
        Shape(20, 4, 100) if quick else Shape(1000, 64, 20_000), 100 if quick else 10_000
    )
    say("start-up, hooks, sweep")
    found["start-up"] = jobs.start_up(rounds)
    found["hooks"] = jobs.hooks(1 if quick else 3)
    found["sweep"] = jobs.sweeps(*((2, 100) if quick else (jobs.FULL, jobs.HORIZON)))
    found["load"].append(load())
    return found


def load() -> float:
    """How many processes want a core."""
    return os.getloadavg()[0]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def page_of(results: Results) -> str:
    """docs/performance.md: these numbers, and what other benchmarks left."""
    page = report(results) + linear.section(json.loads(linear.RECORD.read_text()))
    page += network(json.loads(RECORD.read_text())) + companions()
    kept = json.loads(large.RECORD.read_text())
    jobs = json.loads(laws.RECORD.read_text())
    page += large.section(kept["sizes"], kept["load"]) + laws.section(jobs["jobs"], jobs["load"])
    return page + gpu(recorded())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance")
    parser.add_argument(
        "--quick", action="store_true", help="a fraction of the time; prints, writes nothing"
    )
    parser.add_argument(
        "--page", action="store_true", help="write the page anew from the last numbers"
    )
    options = parser.parse_args()
    store = Path(__file__).parent / "results.json"
    results = json.loads(store.read_text()) if options.page else run(options.quick)
    page = page_of(results)
    print(page)
    if not options.quick:
        (ROOT / "docs" / "performance.md").write_text(page)
        store.write_text(json.dumps(results, indent=1) + "\n")
        say("written: docs/performance.md, benchmarks/performance/results.json")


if __name__ == "__main__":
    main()
