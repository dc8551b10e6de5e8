"""``python -m benchmarks.gpu``: how exact and how fast `runtime.device=cuda` is, in ten minutes.

Against the CPU: scores after 200 steps at three shapes, and by every rule at the smallest; the same
bits twice.  Microseconds a step and run, with nothing measured and with a state and five numbers at
every step, beside one CPU thread of the kernel; peak memory on the device.  Wall times of the
device, process CPU time of the kernel; medians of rounds.

Cases are taken in order, the cheap ones first, until the time is up; what was left out is said.
``--device cpu --quick`` takes the same code through small cases without a GPU and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import repeat

from benchmarks.engines import ROUNDING, RULES, config_of, engine_of
from benchmarks.performance.corpora import MARGIN, Shape, corpus
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.groups import NormalisedGradientDescent, Optimizer
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.token_space import frobenius, inner, zeros
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.graphed import GraphedDescent
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.study import Dynamics

RECORD = Path(__file__).parent / "gpu.json"
SMALL, MIDDLE, LARGE = Shape(20, 8, 32), Shape(100, 16, 1000), Shape(1000, 16, 1000)
HUGE = Shape(10_000, 16, 1000)
RUNS = {SMALL: (1, 64, 1024, 4096, 16384), MIDDLE: (1, 64, 512), HUGE: (1,)}
NGD = NormalisedGradientDescent()
STEP_SIZE, STEPS = 0.1, 200
BUDGET, ROUNDS, ROUND_SECONDS = 540.0, 5, 1.0
"""Seconds of everything; rounds of a measurement, and about how long one is."""


@dataclass(frozen=True)
class Plan:
    """What is measured, where, and until when."""

    device: torch.device
    exact: tuple[Shape, ...]
    runs: dict[Shape, tuple[int, ...]]
    until: float
    """On the monotonic clock."""
    round_seconds: float

    @property
    def over(self) -> bool:
        return time.monotonic() > self.until


def plan(device: torch.device, quick: bool) -> Plan:
    """From now on; ``quick``: the same code on a tiny shape, numbers of no use."""
    tiny = Shape(6, 3, 8)
    return Plan(
        device=device,
        exact=(tiny,) if quick else (SMALL, MIDDLE, LARGE),
        runs={tiny: (1, 4)} if quick else RUNS,
        until=time.monotonic() + BUDGET,
        round_seconds=0.01 if quick else ROUND_SECONDS,
    )


def attention(shape: Shape, runs: int) -> AttentionObjective:
    """The attention stage from zero at an exact margin, all runs on one corpus, on the CPU."""
    one, follows = corpus(shape)
    batch = pack([one], [follows]).each(lambda x: repeat(x, "1 ... -> r ...", r=runs))
    zero = zeros(runs, shape.v, batch.n_queries)
    return AttentionObjective(batch, zero, exact_margin(MARGIN, batch))


def graphed(
    objective: AttentionObjective, device: torch.device, optimizer: Optimizer = NGD
) -> GraphedDescent:
    """On the device."""
    told = make_rule(optimizer), [STEP_SIZE], optimizer.weight_decay
    return GraphedDescent(objective, *told, device)


def apart(objective: AttentionObjective, device: torch.device, optimizer: Optimizer = NGD) -> float:
    """The largest difference of a score from the CPU's after 200 steps."""
    told = make_rule(optimizer), [STEP_SIZE], optimizer.weight_decay
    ends = []
    for dynamics in (Descent(objective, *told), graphed(objective, device, optimizer)):
        dynamics.advance(STEPS, NO_STEPS)
        ends.append(dynamics.state().layer.value)
    return float((ends[0] - ends[1]).abs().max())


def same_bits(objective: AttentionObjective, device: torch.device) -> bool:
    """Whether two descents, one in one call and one in three, save the same."""
    once, again = graphed(objective, device), graphed(objective, device)
    once.advance(STEPS, NO_STEPS)
    for step in (1, STEPS // 3, STEPS):
        again.advance(step, NO_STEPS)
    a, b = once.save(), again.save()
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a)


def five_numbers(state: State) -> list[np.ndarray]:
    """What the naive loop of docs/performance.md logs."""
    value, slope = state.layer.value, state.layer.slope.value
    norm, size = frobenius(slope), frobenius(value)
    loss = (state.forward.log_loss + state.batch.log_pi).logsumexp(-1)
    along = [inner(value, slope) / size, inner(slope, slope) / norm]
    return [x.numpy() for x in (loss, norm.log() + state.layer.slope.log_scale, size, *along)]


def seconds_a_step(
    dynamics: Dynamics, given: Plan, clock: Callable[[], float], logged: bool = False
) -> float:
    """The median over rounds; ``logged``: a state and five numbers at every step."""
    taken = 0

    def steps(count: int) -> float:
        nonlocal taken
        began = clock()
        for end in range(taken + 1, taken + count + 1) if logged else [taken + count]:
            dynamics.advance(end, NO_STEPS)
            if logged:
                five_numbers(dynamics.state())
        taken += count
        return (clock() - began) / count

    steps(2)  # records the graph, lays out
    count = max(2, int(given.round_seconds / max(steps(2), 1e-7)))
    times = [steps(count)]
    while len(times) < ROUNDS and not given.over:
        times.append(steps(count))
    return statistics.median(times)


def case(shape: Shape, runs: int, given: Plan) -> dict[str, float]:
    """Microseconds a step and run, and MiB at the peak on the device."""
    objective, wall = attention(shape, runs), time.perf_counter
    on_gpu = given.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    plain = seconds_a_step(graphed(objective, given.device), given, wall)
    peak = torch.cuda.max_memory_allocated() / 2**20 if on_gpu else float("nan")
    logged = seconds_a_step(graphed(objective, given.device), given, wall, logged=True)
    few = min(runs, 8)
    same = objective if few == runs else attention(shape, few)
    beside = seconds_a_step(engine_of(same, "ngd", "numba"), given, time.process_time)
    return {
        "gpu": plain / runs * 1e6,
        "gpu, logged": logged / runs * 1e6,
        "one CPU thread": beside / few * 1e6,
        "peak, MiB": peak,
    }


def measured(given: Plan) -> dict[str, Any]:
    """Everything that the time allows."""
    found: dict[str, Any] = {
        "machine": machine(given.device),
        "load": os.getloadavg()[0],
        "apart": {},
        "rules": {},
        "same bits": {},
        "steps": {},
        "left out": [],
    }

    def due(what: str) -> bool:
        if given.over:
            found["left out"].append(what)
        else:
            print(what, file=sys.stderr, flush=True)
        return not given.over

    for shape in given.exact:
        if due(f"exactness at {shape}"):
            objective = attention(shape, 2)
            found["apart"][str(shape)] = apart(objective, given.device)
            found["same bits"][str(shape)] = same_bits(objective, given.device)
    objective = attention(given.exact[0], 2)
    for rule in RULES:
        if rule != "global-norm" and due(f"exactness of {rule}"):  # which is of two matrices
            found["rules"][rule] = apart(objective, given.device, config_of(rule).optimizer)
    for shape, runs in cases(given):
        if due(f"steps at {shape}, R = {runs}"):
            found["steps"].setdefault(str(shape), {})[str(runs)] = case(shape, runs, given)
    return found


def cases(given: Plan) -> Iterator[tuple[Shape, int]]:
    """Shapes and runs, the smaller first."""
    every = [(shape, runs) for shape, each in given.runs.items() for runs in each]
    yield from sorted(every, key=lambda one: one[1] * one[0].l * one[0].n + one[0].v ** 2)


def machine(device: torch.device) -> str:
    """What measured it."""
    name = torch.cuda.get_device_name() if device.type == "cuda" else "no GPU"
    return f"{name}, torch {torch.__version__}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--quick", action="store_true", help="small cases; writes nothing")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(f"error: torch {torch.__version__} sees no CUDA device here", file=sys.stderr)
        return 2
    torch.set_num_threads(1)
    found = measured(plan(torch.device(options.device), options.quick))
    text = json.dumps(found, indent=1)
    print(text)
    if not options.quick and options.device == "cuda":
        RECORD.write_text(text + "\n")
    exact = max([*found["apart"].values(), *found["rules"].values()], default=0.0) <= ROUNDING
    return int(not (exact and all(found["same bits"].values())))


if __name__ == "__main__":
    sys.exit(main())
