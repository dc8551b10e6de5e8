"""The same network as the package `canns` has it: its `BandCell`, on a ring in radians, in float32.

Run as a script, by any interpreter that has canns.  It reads a line of JSON that says the network
and the step, then {"steps": n} a line, and answers each with the CPU seconds and u.

Units: with s = 180/pi degrees a radian, its J s is our w_r (its J is J0 w_c/s, so J0 = w_r/w_c) and
its w_S2L s is our w_sv; u, k and time are the same.  Its shift is a constant, set here to Delta.
What stays different: its kernel is the nearest image where ours sums all, and its speed neurons
read the rates of the step before.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import brainpy.math as bm  # pyright: ignore[reportMissingImports]
import jax  # pyright: ignore[reportMissingImports]
import numpy as np
from canns.models.basic.hierarchical_model import BandCell  # pyright: ignore[reportMissingImports]


def network(given: dict[str, Any]) -> BandCell:
    """The network at rest at u."""
    cell = BandCell(
        angle=bm.pi / 2,  # so that a velocity (v, 0) is the speed input v
        spacing=2 * bm.pi,
        size=given["neurons"],
        noise=0.0,
        w_L2S=given["w_vs"],
        w_S2L=given["w_sv"] * np.pi / 180,
        gain=given["g_v"],
        gauss_tau=given["tau"],
        gauss_J0=given["w_r over w_c"],
        gauss_k=given["k"],
        gauss_a=np.radians(given["a"]),
        nonrec_tau=given["tau_v"],
    )
    cell.phase_shift = np.radians(given["delta"])
    cell.synapses()
    cell.band_cells.u.value = bm.asarray(given["u"])
    cell.band_cells.r.value = bm.asarray(given["r"])
    for neurons in (cell.left, cell.right):
        neurons.u.value = bm.asarray(given["r"]) * given["w_vs"]
    return cell


def loop(cell: BandCell, v: float) -> Callable[[int], np.ndarray]:
    """As many compiled steps as asked for; u after them."""
    place = bm.zeros(2)

    def step(velocity):
        cell(velocity, place, 0.0)
        return cell.center.value

    @bm.jit
    def run(velocities):
        return bm.for_loop(step, velocities, progress_bar=False)

    def steps(count: int) -> np.ndarray:
        jax.block_until_ready(run(bm.asarray(np.tile([v, 0.0], (count, 1)))))
        return np.asarray(cell.band_cells.u.value)

    return steps


def main() -> None:
    given = json.loads(sys.stdin.readline())
    bm.set_dt(given["dt"])
    steps = loop(network(given), given["v"])
    for line in sys.stdin:
        start = time.process_time()
        u = steps(json.loads(line)["steps"])
        answer = {"seconds": time.process_time() - start, "u": u.tolist(), "type": str(u.dtype)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
