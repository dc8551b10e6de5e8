"""``OMP_NUM_THREADS=1 python -m benchmarks.by_canns``: the attractor network beside `canns`.

``--python PATH`` is an interpreter that has canns, where this one should not have it: canns brings
jax and brainpy, 1.7 GB.  Two processes take turns, canns on one processor (Linux); times are CPU
time of one thread, medians, without compilation.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.attractor import V, fast_block, record, ring_errors
from ntp_dynamics.studies.attractor.ring import Ring, critical_weight, position, rates, tuned
from ntp_dynamics.studies.attractor.stepping import BLOCK
from ntp_dynamics.studies.attractor.theory import bump, wave

MISSING = "canns: not installed (pip install 'ntp-dynamics[canns]')"
SCRIPT = Path(__file__).parent / "network.py"
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
DURATION = 100.0
"""Time units of a timed run."""
WARM, FOLLOWED = 40.0, 20.0
"""Time units before the speed is measured, and over which it is."""


def version(python: str) -> str | None:
    """Of the package canns that ``python`` has, None where it has none."""
    ask = "from importlib.metadata import version; print(version('canns'))"
    found = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else None


class Other:
    """The network by canns, from rest, in a process of ``python``."""

    def __init__(self, python: str, ring: Ring, dt: float) -> None:
        u = bump.fixed_point(ring)
        share = ring.w_r / critical_weight(ring.a, ring.k, ring.rho)
        given = asdict(ring) | {"w_r over w_c": share, "dt": dt, "v": V}
        given |= {"u": u.tolist(), "r": rates(u, ring.k).tolist()}
        self._dt = dt
        self._process = subprocess.Popen(
            [python, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"XLA_FLAGS": ONE_THREAD, "JAX_PLATFORMS": "cpu"},
        )
        # XLA has a pool of threads whatever its flags say: their time is that of one processor.
        os.sched_setaffinity(self._process.pid, {max(os.sched_getaffinity(0))})
        self._say(given)

    def _say(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def advance(self, duration: float) -> dict[str, Any]:
        """Go on for so long: CPU seconds, u, its type."""
        assert self._process.stdout is not None
        self._say({"steps": round(duration / self._dt)})
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"canns: its process ended with {self._process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()


def measured(python: str, rounds: int) -> dict[str, Any]:
    """CPU seconds a run and unit of time, and relative errors of the speed, of both."""
    ring = tuned(180, 1.2, 0.5)
    exact = wave.curve(ring, np.array([V]))[0].speed
    others = {f"canns, dt = {dt}": Other(python, ring, dt) for dt in (0.02, 0.2)}
    found: dict[str, Any] = {"speed error": {"ours": ring_errors()["fast"]}}
    for name, other in others.items():
        early, late = other.advance(WARM), other.advance(FOLLOWED)
        a, b = (float(position(ring, np.array(x["u"], dtype=float))) for x in (early, late))
        found["speed error"][name] = abs(((b - a) % 360) / FOLLOWED / exact - 1)
        found["type"] = late["type"]
        other.advance(DURATION)  # compiles what is timed
    block, steps = fast_block(ring), round(DURATION / 0.2)
    inputs, gate = np.full((2 * steps + 1, BLOCK), V), np.zeros(2 * steps + 1)
    block.forward(inputs, gate, 0.2)
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *others)}
    for _ in range(rounds):
        start = time.process_time()
        block.forward(inputs, gate, 0.2)
        seconds["ours"].append(time.process_time() - start)
        for name, other in others.items():
            seconds[name].append(other.advance(DURATION)["seconds"])
    for other in others.values():
        other.close()
    medians = {name: statistics.median(x) / DURATION for name, x in seconds.items()}
    found["seconds"] = {"ours, alone": medians["ours"], "ours, of 16": medians.pop("ours") / BLOCK}
    found["seconds"] |= medians
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.by_canns")
    parser.add_argument("--quick", action="store_true", help="numbers of no use; writes nothing")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has canns")
    asked = parser.parse_args()
    found = version(asked.python)
    if found is None:
        print(MISSING)
        return
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("error: OMP_NUM_THREADS: threads would be compared; set it to 1")
    results = {"version": found, "load": os.getloadavg()[0]}
    results |= measured(asked.python, 1 if asked.quick else 15)
    json.dump(results, sys.stdout, indent=1)
    print()
    if not asked.quick:
        record("canns", results)


if __name__ == "__main__":
    main()
