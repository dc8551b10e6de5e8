"""The section about GPUs, from what `python -m benchmarks.gpu` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parents[1] / "gpu.json"

PAGE = """
## On a GPU

`runtime.device=cuda` (study next_token) trains by the torch path on a GPU that torch sees: a step
is recorded once as a CUDA graph and repeated, float64 in the log domain, sums without atomic
additions. States are evaluated on the CPU, where everything else of a job stays. Minibatches,
`engine=numba` and `engine=autograd` are refused; the shadow runs on the CPU. Last bits are those of
the GPU, and those of a run may depend on how many runs stand beside it, so that such a job has an
identity of its own. What does not fit in the memory of the device is refused before it is made.
`make bench-gpu` (at most ten minutes) writes this section.

{found}
"""

UNMEASURED = """\
**Not measured**: no GPU was at hand. What is known without one: on the CPU the recorded step gives
the bits of the torch path, by every rule and in every stage; on tensors that have a device and no
values nothing is made elsewhere; and no operation of a step looks at a value
(`tests/studies/next_token/optim/test_graphed.py`, `test_device.py`)."""

MEASURED = """\
{machine}; load average {load:.1f}. Largest difference of a score from the CPU after 200 steps:
{apart}; by rule {rules}. Equal bits twice: {same}.
Microseconds a step and run, wall time on the GPU and CPU time on one thread; "logged" is a state,
evaluated on the CPU, at every step.

| (V, L, N) | R | GPU | GPU, logged | kernel, one CPU thread | peak, MiB |
|---|---|---|---|---|---|
{rows}

Left out for want of time: {left}."""


def gpu(found: dict[str, Any] | None) -> str:
    """The section; None: nobody has measured."""
    return PAGE.format(found=UNMEASURED if found is None else _told(found))


def recorded() -> dict[str, Any] | None:
    """What was measured last; None: nothing was."""
    return json.loads(RECORD.read_text()) if RECORD.exists() else None


def _told(found: dict[str, Any]) -> str:
    rows = [
        f"| {shape} | {runs} | {row['gpu']:.3g} | {row['gpu, logged']:.3g} "
        f"| {row['one CPU thread']:.3g} | {row['peak, MiB']:.0f} |"
        for shape, each in found["steps"].items()
        for runs, row in each.items()
    ]
    return MEASURED.format(
        machine=found["machine"],
        load=found["load"],
        apart=_each(found["apart"]),
        rules=_each(found["rules"]),
        same="yes" if all(found["same bits"].values()) else "no",
        rows="\n".join(rows),
        left=", ".join(found["left out"]) or "nothing",
    )


def _each(numbers: dict[str, float]) -> str:
    return ", ".join(f"{x:.0e} ({name})" for name, x in numbers.items())
