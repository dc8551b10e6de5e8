"""``OMP_NUM_THREADS=1 python -m benchmarks.knowledge_gradient``: policies and the usual loops.

The usual loop, as notebooks write it, is Python over runs, pulls and arms: the knowledge gradient
with `scipy.stats.norm`, the improved one with `np.exp`.  Timings are interleaved, medians, on one
thread, of the processor's time (others may share the machine): microseconds a pull on ten arms of
means 1 to 10, with the same rewards for both.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

from benchmarks.timing import interleaved
from ntp_dynamics.studies.knowledge_gradient.kernel import march
from ntp_dynamics.studies.knowledge_gradient.kernel.draws import REWARD, key_of, normal

MEAN, VARIANCE, N0 = np.arange(1.0, 11.0), np.full(10, 36.0), 5
RECORD = Path(__file__).parent / "knowledge_gradient.json"
"""The numbers of the last full run, from which docs/performance.md is written."""
POLICIES = {
    "equal": march.EQUAL,
    "kg": march.KG,
    "ikg": march.IKG,
    "ikg_plain": march.IKG_PLAIN,
    "ikg_variance_only": march.IKG_VARIANCE_ONLY,
    "ocba": march.OCBA,
    "ttei": march.TTEI,
    "tt_ids": march.TT_IDS,
}
FIGURE = ("equal", "kg", "ikg", "ikg_plain", "ttei", "ocba", "tt_ids")
INSTANCES = {
    "one_to_ten": (MEAN, VARIANCE, 2000),
    "slippage": (np.append(np.zeros(9), 0.5), np.ones(10), 1500),
    "hetero": (1 - 0.2 * np.arange(10), np.repeat([1.0, 9.0], 5), 2000),
}
ALIKE = 600
"""Pulls for which both are compared: further on z Phi(z) + phi(z) loses its digits."""
Choose = Callable[[np.ndarray, np.ndarray], int]


def fast(policy: int, runs: int, pulls: int, of: Any = (MEAN, VARIANCE)) -> np.ndarray:
    """Pulls of every arm, compiled."""
    mean, variance = of
    m, t, sq = (np.zeros((runs, len(mean))) for _ in range(3))
    ends = (key_of(0), np.arange(runs), 0, pulls, N0, False, False)
    march.march(policy, mean, variance, 0.0, mean, *ends, m, t, sq)
    return t


def naive(choose: Choose, runs: int, pulls: int) -> Float[np.ndarray, "R k"]:
    """The same in Python."""
    key, k, scale = key_of(0), len(MEAN), np.sqrt(VARIANCE)
    counts = np.zeros((runs, k))
    for run in range(runs):
        m, t = np.zeros(k), np.zeros(k)
        for n in range(pulls):
            arm = n % k if n < N0 * k else choose(m, t)
            x = MEAN[arm] + scale[arm] * normal(key, REWARD, run, arm, int(t[arm]))
            t[arm] += 1
            m[arm] += (x - m[arm]) / t[arm]
        counts[run] = t
    return counts


def naive_kg(m: np.ndarray, t: np.ndarray) -> int:
    """The largest knowledge gradient, arm by arm."""
    found = np.empty(len(m))
    for i in range(len(m)):
        spread = np.sqrt(VARIANCE[i] / (t[i] * (t[i] + 1)))
        z = -abs(m[i] - np.delete(m, i).max()) / spread
        found[i] = spread * (z * norm.cdf(z) + norm.pdf(z))
    return int(found.argmax())


def naive_ikg(m: np.ndarray, t: np.ndarray) -> int:
    """The largest plain index, arm by arm, as differences of exponentials."""
    b, v = int(m.argmax()), VARIANCE / t
    found = np.zeros(len(m))
    ahead, shift = VARIANCE / (t + 1), VARIANCE / (t + 1) ** 2
    for i in range(len(m)):
        if i != b:
            d = (m[i] - m[b]) ** 2
            now = np.exp(-d / (2 * (v[i] + v[b])))
            found[i] = now - np.exp(-d / (2 * (ahead[i] + v[b] + shift[i])))
            found[b] += now - np.exp(-d / (2 * (v[i] + ahead[b] + shift[b])))
    return int(found.argmax())


def ratio(policy: int, choose: Choose, rounds: int, runs: int, pulls: int) -> dict[str, float]:
    """Microseconds a pull of both loops, and their ratio; they pull alike."""
    first = min(pulls, ALIKE)
    assert (fast(policy, 1, first) == naive(choose, 1, first)).all(), "they do not pull alike"
    seconds = interleaved(
        rounds,
        time.process_time,
        naive=lambda: naive(choose, 1, pulls),
        fast=lambda: fast(policy, runs, pulls),
    )
    slow, quick = seconds["naive"] / pulls * 1e6, seconds["fast"] / (runs * pulls) * 1e6
    return {"naive": slow, "fast": quick, "ratio": slow / quick}


def figure(rounds: int, runs: int) -> float:
    """Median seconds of three instances times seven policies."""

    def all_of_it() -> None:
        for mean, variance, pulls in INSTANCES.values():
            for name in FIGURE:
                fast(POLICIES[name], runs, pulls, (mean, variance))

    return interleaved(rounds, time.process_time, figure=all_of_it)["figure"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.knowledge_gradient")
    parser.add_argument("--quick", action="store_true", help="numbers of no use, in seconds")
    quick = parser.parse_args().quick
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("error: OMP_NUM_THREADS: threads would be compared; set it to 1")
    rounds, runs, pulls = (1, 2, 80) if quick else (9, 100, 1000)
    each = {name: (lambda p=p: fast(p, runs, pulls)) for name, p in POLICIES.items()}
    found = {
        "load": os.getloadavg()[0],
        "kg": ratio(march.KG, naive_kg, rounds, runs, pulls),
        "ikg plain": ratio(march.IKG_PLAIN, naive_ikg, rounds, runs, pulls),
        "microseconds a pull": {
            name: seconds / (runs * pulls) * 1e6
            for name, seconds in interleaved(rounds, time.process_time, **each).items()
        },
        "figure, 1,000 runs, seconds": figure(1 if quick else 3, runs if quick else 1000),
    }
    json.dump(found, sys.stdout, indent=1)
    print()
    if not quick:
        RECORD.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
