"""``OMP_NUM_THREADS=1 python -m benchmarks.federated``: federated rounds and the usual loop.

The usual loop is Python over rounds, clients, local steps, directions and samples, with one scalar
loss a call.  Handed what the kernel draws it ends at the same parameters; timed, it draws as
notebooks do.  Timings are interleaved, medians, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.timing import interleaved
from ntp_dynamics.config.tracking import NoTracking
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.studies.federated.config import FederatedConfig, Task
from ntp_dynamics.studies.federated.kernel import drawn
from ntp_dynamics.studies.federated.kernel.step import Clients, Rule
from ntp_dynamics.studies.federated.kernel.streams import run_keys
from ntp_dynamics.studies.federated.phases import clients, rule
from ntp_dynamics.studies.federated.problem import FederatedProblem, prepared
from ntp_dynamics.studies.federated.rounds import Descent, Team

RECORD = Path(__file__).parent / "federated.json"
"""The numbers of the last full run, from which docs/performance.md is written."""
Vector = np.ndarray
Loss = Callable[[Vector, Vector, float], float]


def logistic(w: Vector, x: Vector, y: float) -> float:
    """log(1 + exp(-y x.w))."""
    return float(np.log1p(np.exp(-y * (x @ w))))


class Drawn(NamedTuple):
    """What the kernel draws, for one run."""

    key: np.uint64
    clients: Clients
    rule: Rule

    def participants(self, t: int) -> np.ndarray:
        """Who takes part."""
        return drawn.participants(self.key, t, self.clients.x.shape[1], self.rule)[0]

    def step(self, t: int, client: int, h: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch and directions."""
        return drawn.local_step(self.key, t, client, h, self.clients, self.rule)[:2]


class Usual(NamedTuple):
    """What notebooks draw."""

    random: np.random.Generator
    clients: Clients
    rule: Rule

    def participants(self, t: int) -> np.ndarray:
        """As `Drawn`."""
        n = self.clients.x.shape[1]
        return self.random.choice(n, self.rule.participants, replace=False)

    def step(self, t: int, client: int, h: int) -> tuple[np.ndarray, np.ndarray]:
        """As `Drawn`."""
        n, d = self.clients.x.shape[2:]
        u = self.random.standard_normal((self.rule.num_directions, d))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        return self.random.choice(n, self.rule.batch, replace=False), u


def naive_rounds(loss: Loss, source: Drawn | Usual, eta: float, rounds: int) -> Vector:
    """w of one run from 0, as notebooks write it; clients in time, directions on the sphere."""
    rule = source.rule
    x, y = source.clients.x[0], source.clients.y[0]
    w = np.zeros(x.shape[-1])

    def f(v: Vector, client: int, batch: Vector) -> float:
        total = 0.0
        for z in batch:
            total += loss(v, x[client, z], y[client, z])
        return total / len(batch) + rule.lam / 2 * float(v @ v)

    for t in range(rounds):
        moved = np.zeros(len(w))
        for client in source.participants(t):
            v = w.copy()
            for h in range(rule.local_steps):
                batch, directions = source.step(t, client, h)
                base, g = f(v, client, batch), np.zeros(len(w))
                for u in directions:
                    slope = (f(v + rule.mu * u, client, batch) - base) / rule.mu
                    g += len(w) / len(directions) * slope * u
                v = v - eta * g
            moved += v - w
        w = w + moved / rule.participants
    return w


def default(task: Task, runs: int) -> FederatedProblem:
    """The default job of the study with so many runs."""
    config = FederatedConfig(study="federated", tracking=NoTracking(), tasks=[task], runs=runs)
    return prepared(config)


def team(problem: FederatedProblem, task: Task, copies: int = 1) -> Team:
    """Its clients, with the first samples of the first client replaced in copies."""
    setting = problem.setting(task)
    made = clients([(setting, None)])
    many = copies - 1
    own = {
        "other_x": setting.x[None, 0, -many:] if many else made.other_x,
        "other_y": setting.y[None, 0, -many:] if many else made.other_y,
        "other_client": np.arange(many)[None] % len(setting.x),
        "other_sample": np.arange(many)[None],
    }
    eta = np.full(100_000, 0.02)
    keys, draws = run_keys(0, list(problem.numbers)), np.zeros(problem.runs, np.int64)
    return Team(made._replace(**own), rule(problem, task), eta, keys, draws)


def loop_ratio(repeats: int, rounds: int) -> dict[str, float]:
    """Seconds a round and run of the naive loop and of the kernel, on the logistic task, and how
    far apart their parameters end."""
    problem, runs = default(Task.logistic, 16), 16
    made = team(problem, Task.logistic)
    alike = Drawn(made.keys[0], made.clients, made.rule)
    usual = Usual(np.random.default_rng(0), made.clients, made.rule)
    slow = naive_rounds(logistic, alike, 0.02, 3)
    fast = Descent(made)
    fast.go(3)
    away = float(np.abs(fast.state.w[0, 0] - slow).max())
    seconds = interleaved(
        repeats,
        naive=lambda: naive_rounds(logistic, usual, 0.02, 3),
        kernel=lambda: Descent(made).go(rounds),
    )
    naive, kernel = seconds["naive"] / 3, seconds["kernel"] / rounds / runs
    return {"naive": naive, "kernel": kernel, "ratio": naive / kernel, "difference": away}


def copies_ratio(repeats: int, rounds: int) -> dict[str, float]:
    """Nine coupled copies over one run, by task."""
    found = {}
    for task in (Task.quadratic, Task.logistic):
        problem = default(task, 4)
        alone, coupled = team(problem, task), team(problem, task, 9)
        seconds = interleaved(
            repeats,
            alone=lambda made=alone: Descent(made).go(rounds),
            copies=lambda made=coupled: Descent(made).go(rounds),
        )
        found[str(task)] = seconds["copies"] / seconds["alone"]
    return found


def curve_seconds(repeats: int, rounds: int) -> dict[str, float]:
    """The exact curve of the default's quadratic task, from nothing."""

    def curve() -> None:
        config = FederatedConfig(study="federated", tracking=NoTracking(), rounds=rounds)
        prepared(config).exact_excess(tuple(recorded_steps(rounds).tolist()))

    return interleaved(repeats, curve=curve)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.federated")
    parser.add_argument("--quick", action="store_true", help="numbers of no use, in seconds")
    quick = parser.parse_args().quick
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("error: OMP_NUM_THREADS: threads would be compared; set it to 1")
    repeats = 1 if quick else 15
    found: dict[str, Any] = {
        "load": os.getloadavg()[0],
        "a round and run, default job": loop_ratio(repeats, 20 if quick else 100),
        "nine copies over one": copies_ratio(repeats, 20 if quick else 100),
        "exact curve, T = 6400": curve_seconds(repeats, 640 if quick else 6400),
    }
    json.dump(found, sys.stdout, indent=1)
    print()
    if not quick:
        RECORD.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
