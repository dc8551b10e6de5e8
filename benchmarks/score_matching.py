"""``OMP_NUM_THREADS=1 python -m benchmarks.score_matching``: descents beside the usual loop.

The usual loop, as the paper's setting asks for it: stochastic gradient descent by automatic
differentiation, a fresh batch of 20,000 samples in three dimensions a step. Timings are
interleaved, medians, on one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import interleaved
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.studies.score_matching.loss import grid, line, nodes

STEPS, RUNS = 20_000, 8
"""Of the default job."""
RECORD = Path(__file__).parent / "score_matching.json"
"""The numbers of the last full run."""
NOTHING = np.zeros(0, dtype=np.int64)


def naive(steps: int, batch: int = 20_000, eta: float = 0.01) -> None:
    """Stochastic gradient descent of five students at distance 6 in three dimensions."""
    import torch

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    start = torch.tensor([6.0, 0.0, 0.0], dtype=torch.float64)
    noise = torch.randn(5, 3, dtype=torch.float64, generator=generator)
    mu = (start + 1e-7 * noise).requires_grad_()
    for _ in range(steps):
        x = torch.randn(batch, 3, dtype=torch.float64, generator=generator)
        w = torch.softmax(x @ mu.T - 0.5 * (mu**2).sum(dim=1), dim=1)
        loss = ((w @ mu) ** 2).sum(dim=1).mean()
        (gradient,) = torch.autograd.grad(loss, mu)
        with torch.no_grad():
            mu -= eta * gradient


def made(*overrides: str) -> PreparedJob:
    """A job, ready."""
    plain = ("study=score_matching", "tracking=none", "figures=none")
    return prepare(read_config(compose_job([*plain, *overrides])))


def moved(job: PreparedJob, phase: int = 0) -> None:
    """Through a phase, in one call."""
    chosen = job.phases[phase]
    chosen.start({}).advance(chosen.outline.horizon, NOTHING)


def descents(rounds: int, distance: float) -> dict[str, float]:
    """Seconds a run of 20,000 steps, by the loop (from a hundredth of them) and here."""
    job = made("phases=[descent]", f"init.distance={distance}", f"runs={RUNS}")
    part = STEPS // 400
    seconds = interleaved(rounds, naive=lambda: naive(part), exact=lambda: moved(job))
    loop, exact = seconds["naive"] * STEPS / part, seconds["exact"] / RUNS
    return {"naive": loop, "exact": exact, "ratio": loop / exact}


def in_full(rounds: int) -> dict[str, float]:
    """The same with all three directions moved, on lattices of a thin rank 3."""
    job = made("phases=[descent]", "expectation.rank_tol=0", "runs=1")
    part = STEPS // 400
    seconds = interleaved(rounds, naive=lambda: naive(part), exact=lambda: moved(job))
    loop, exact = seconds["naive"] * STEPS / part, seconds["exact"]
    return {"naive": loop, "exact": exact, "ratio": loop / exact}


def steps(rounds: int, width: float) -> dict[str, float]:
    """Microseconds a step of five students so far apart, and how many nodes the grid has."""
    mu, count = np.linspace(0, width, 5)[None], 2000
    log_pi, one = np.full(5, -math.log(5)), np.ones(1)

    def go() -> None:
        given = log_pi, one, one, line.EXPONENT, 1e-4, np.array([count])
        line.descend(mu.copy(), *given, np.zeros(1, dtype=bool))

    seconds = interleaved(rounds, step=go)["step"]
    return {"microseconds": 1e6 * seconds / count}


def in_planes(rounds: int) -> dict[str, float]:
    """Microseconds a step of five students of rank three in a small ball (343 nodes)."""
    mu = 0.05 * np.random.default_rng(0).standard_normal((5, 3))
    level = grid.levels(np.array([nodes.spread(mu, d) for d in range(3)]))
    x, log_weight = grid.grid(level, line.EXPONENT)
    log_pi, one, count = np.full(5, -math.log(5)), np.ones(1), 200
    extent = np.array([[-1.0] * 3, [9.0] * 3])

    def go() -> None:
        given = log_pi, one, one, x[None], log_weight[None], 1e-4, count, extent
        nodes.descend_on(mu.copy(), *given)

    return {"microseconds": 1e6 * interleaved(rounds, step=go)["step"] / count, "nodes": len(x)}


def phases(rounds: int) -> dict[str, float]:
    """Seconds of the phases of the default job, and of a map of 2,880 cells."""
    jobs = {
        "averaged, 8 runs of 1e5 steps, 5 levels": made("phases=[averaged]"),
        "flow over nine decades, 8 runs": made(
            "phases=[flow]", "init={kind:far,log_spread:-6.9}", "model.dim=1"
        ),
        "map, 5 patterns of 24 x 24": made("phases=[map]", "runs=5"),
    }
    each: dict[str, Any] = {name: partial(moved, job) for name, job in jobs.items()}
    return interleaved(rounds, **each)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.score_matching")
    parser.add_argument("--quick", action="store_true", help="numbers of no use, in seconds")
    quick = parser.parse_args().quick
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("error: OMP_NUM_THREADS: threads would be compared; set it to 1")
    rounds = 1 if quick else 5
    found: dict[str, Any] = {
        "load": os.getloadavg()[0],
        "20,000 steps at M = 4": descents(rounds, 4.0),
        "20,000 steps at M = 6": descents(rounds, 6.0),
        "20,000 steps at M = 6, three directions": in_full(rounds),
        "a step, students 0 to .1": steps(rounds, 0.1),
        "a step, students 0 to 7.5": steps(rounds, 7.5),
        "a step in three dimensions": in_planes(rounds),
        "phases": phases(1 if quick else 3),
    }
    json.dump(found, sys.stdout, indent=1)
    print()
    if not quick:
        RECORD.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
