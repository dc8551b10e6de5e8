"""``OMP_NUM_THREADS=1 python -m benchmarks.attractor``: the attractor network and the usual loop.

The usual loop, as notebooks write it, steps one trajectory at a time: Python over steps, three
dense matrix-vector products, forward Euler of dt = .02.  Timings are interleaved, medians, on one
thread; errors are those of the speed against the exact wave.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.timing import interleaved
from ntp_dynamics.studies.attractor import torus as plane
from ntp_dynamics.studies.attractor.integrate import runge_kutta
from ntp_dynamics.studies.attractor.kernel import circulant
from ntp_dynamics.studies.attractor.modes import modes_of, packed
from ntp_dynamics.studies.attractor.ring import Ring, position, tuned
from ntp_dynamics.studies.attractor.stepping import BLOCK, Block
from ntp_dynamics.studies.attractor.theory import bump, null_vector, wave
from ntp_dynamics.studies.attractor.theory import torus as theory

V = 5.0
"""Speed input of all measurements."""

RECORD = Path(__file__).parent / "attractor.json"
"""The numbers of the last full runs, from which docs/performance.md is written."""


def record(name: str, results: dict[str, Any]) -> None:
    """Keep ``results`` in `RECORD` under ``name``, beside what others wrote there."""
    kept = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    RECORD.write_text(json.dumps(kept | {name: results}, indent=1) + "\n")


def naive_ring(ring: Ring, v: float, duration: float, dt: float = 0.02) -> np.ndarray:
    """u of one trajectory from rest, by forward Euler with dense matrices."""
    u, plus, minus = null_vector.rest(ring, bump.fixed_point(ring))
    recurrent, forward = circulant(ring.recurrent), circulant(ring.forward)
    backward = np.ascontiguousarray(forward.T)
    up, down = max(ring.g_v + v, 0.0), max(ring.g_v - v, 0.0)
    for _ in range(round(duration / dt)):
        squared = np.maximum(u, 0.0) ** 2
        r = squared / (1 + ring.k * squared.sum())
        du = -u + recurrent @ r + forward @ (up * plus) + backward @ (down * minus)
        dplus, dminus = -plus + ring.w_vs * r, -minus + ring.w_vs * r
        u, plus, minus = (
            u + dt * du,
            plus + dt / ring.tau_v * dplus,
            minus + dt / ring.tau_v * dminus,
        )
    return u


def fast_block(ring: Ring) -> Block:
    """Sixteen trajectories from rest."""
    modes = modes_of([ring] * BLOCK)
    rest = null_vector.rest(ring, bump.fixed_point(ring))
    y = packed(modes, np.repeat(rest[:, :, None], BLOCK, axis=2))
    return Block(modes, y, np.zeros(BLOCK), np.zeros((ring.neurons, BLOCK)))


def naive_torus(torus: plane.Torus, dense: np.ndarray, u: np.ndarray, steps: int) -> np.ndarray:
    """Forward Euler of dt = .02 with the n^2 x n^2 matrix, speed loop off."""
    for _ in range(steps):
        squared = np.maximum(u, 0.0) ** 2
        u = u + 0.02 * (dense @ (squared / (1 + torus.k * squared.sum())) - u)
    return u


def ring_ratio(rounds: int, duration: float) -> dict[str, float]:
    """Seconds a run and unit of time, and their ratio, on the default ring."""
    ring = tuned(180, 1.2, 0.5)
    block, steps = fast_block(ring), round(duration / 0.2)
    inputs, gate = np.full((2 * steps + 1, BLOCK), V), np.zeros(2 * steps + 1)
    seconds = interleaved(
        rounds,
        naive=lambda: naive_ring(ring, V, duration),
        fast=lambda: block.forward(inputs, gate, 0.2),
    )
    naive, fast = seconds["naive"] / duration, seconds["fast"] / duration / BLOCK
    return {"naive": naive, "fast": fast, "ratio": naive / fast}


def ring_errors() -> dict[str, float]:
    """Relative error of the speed over 20 tau after 40."""
    ring = tuned(180, 1.2, 0.5)
    exact = wave.curve(ring, np.array([V]))[0].speed
    early, late = (float(position(ring, naive_ring(ring, V, t))) for t in (40.0, 60.0))
    block, found = fast_block(ring), []
    for steps in (200, 100):
        block.forward(np.full((2 * steps + 1, BLOCK), V), np.zeros(2 * steps + 1), 0.2)
        found.append(float(block.position[0]))
    naive, fast = ((b - a) / 20 / exact - 1 for a, b in ((early, late), found))
    return {"naive": abs(naive), "fast": abs(fast)}


def torus_ratio(rounds: int, side: int) -> dict[str, float]:
    """The same of a torus of side x side neurons, speed loop off, one trajectory."""
    torus = plane.tuned(side, 1.2)
    u = theory.fixed_point(torus)
    dense = torus.w_r * torus.dense()
    seconds = interleaved(
        rounds,
        naive=lambda: naive_torus(torus, dense, u.ravel(), 5),
        fast=lambda: _torus(torus, u, 20),
    )
    naive, fast = seconds["naive"] / (5 * 0.02), seconds["fast"] / (20 * 0.2)
    return {"naive": naive, "fast": fast, "ratio": naive / fast}


def _torus(torus: plane.Torus, u: np.ndarray, steps: int) -> None:
    y = u[None]
    for _ in range(steps):
        y = runge_kutta(lambda h, _: plane.slope(torus, h), y, 0.0, 0.2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attractor")
    parser.add_argument("--quick", action="store_true", help="numbers of no use, in seconds")
    quick = parser.parse_args().quick
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("error: OMP_NUM_THREADS: threads would be compared; set it to 1")
    rounds = 1 if quick else 9
    found = {
        "load": os.getloadavg()[0],
        "ring, 16 runs": ring_ratio(rounds, 2.0 if quick else 10.0),
        "speed error": ring_errors(),
        "torus 64 x 64": torus_ratio(rounds, 24 if quick else 64),
    }
    json.dump(found, sys.stdout, indent=1)
    print()
    if not quick:
        record("loop", found)


if __name__ == "__main__":
    main()
