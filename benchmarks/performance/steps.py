"""Microseconds a step and run, of every way to train, measured in turns.

Process CPU time of one thread; the median of interleaved rounds, so that a busy machine slows all
contenders alike.  The naive loop logs five numbers at every step and the torch path measures the
same five.  The kernel takes the steps between two recorded ones and measures nothing, or, where
`logged`, all fifteen scalars of its stage at every step.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from benchmarks.performance.corpora import Problem, Shape, problem
from benchmarks.performance.naive import Naive, NaiveJoint
from ntp_dynamics.run.stepping import NO_STEPS, every_state
from ntp_dynamics.studies.next_token.groups import NormalisedGradientDescent
from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps
from ntp_dynamics.studies.next_token.model.token_space import frobenius, inner, zeros
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.joint import JointKernel
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective, JointObjective
from ntp_dynamics.studies.next_token.optim.rules import normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.study import Dynamics

STEP_SIZE, LOGIT_STEP_SIZE = 0.1, 0.05
ROUND_SECONDS = 0.25
Steps = Callable[[int], Any]


def torch_path(given: Problem) -> Steps:
    """The reference, with five numbers a step."""
    batch = given.batch
    target = torch.randn(batch.runs, batch.vocab_size, batch.n_queries, dtype=torch.float64)
    descent = Descent(attention(given), normalised_gradient_descent(), [STEP_SIZE])
    states = every_state(descent, 10**9)

    def measure(state: State) -> list[np.ndarray]:
        value, slope = state.layer.value, state.layer.slope.value
        norm, size = frobenius(slope), frobenius(value)
        logged = (
            (state.forward.log_loss + batch.log_pi).logsumexp(-1),
            norm.log() + state.layer.slope.log_scale,
            size,
            inner(value, target) / size,
            inner(slope, target) / norm,
        )
        return [x.numpy() for x in logged]

    return lambda count: [measure(next(states)) for _ in range(count)]


def kernel(given: Problem, threads: int = 1, logged: bool = False) -> AttentionKernel:
    """The fused dynamics from zero; ``logged``: it can measure."""
    reference = given.reference if logged else None
    rule = kernel_rule(NormalisedGradientDescent(), STEP_SIZE)
    return AttentionKernel(attention(given), rule, threads, reference)


def attention(given: Problem) -> AttentionObjective:
    """The attention stage from zero."""
    batch = given.batch
    zero = zeros(batch.runs, batch.vocab_size, batch.n_queries)
    return AttentionObjective(batch, zero, given.logits)


def both(given: Problem) -> JointObjective:
    """The joint stage from zero."""
    batch = given.batch
    v = batch.vocab_size
    return JointObjective(batch, zeros(batch.runs, v, batch.n_queries), zeros(batch.runs, v, v))


def stepped(dynamics: Dynamics, logged: bool = False) -> Steps:
    """Takes some steps of a dynamics; ``logged``: it measures at every one."""
    taken = 0

    def steps(count: int) -> None:
        nonlocal taken
        begin, taken = taken, taken + count
        dynamics.advance(taken, np.arange(begin + 1, taken + 1) if logged else NO_STEPS)

    return steps


def compare(shape: Shape, rounds: int, runs: tuple[int, ...], compiled: bool) -> dict[str, float]:
    """Microseconds a step and run by contender."""
    one = problem(shape, 1)
    given = one.corpora[0], one.logits[0], STEP_SIZE
    contenders: dict[str, tuple[Steps, int]] = {"naive": (Naive(*given).steps, 1)}
    if compiled:
        contenders["naive, torch.compile"] = (Naive(*given, compiled=True).steps, 1)
    for r in runs:
        given = problem(shape, r)
        contenders[f"torch path, R = {r}"] = (torch_path(given), r)
        contenders[f"kernel, R = {r}"] = (stepped(kernel(given)), r)
        contenders[f"kernel, R = {r}, logged"] = (stepped(kernel(given, logged=True), True), r)
    if runs[-1] > 1:
        fresh = problem(shape, runs[-1], fresh=True)
        contenders[f"torch path, R = {runs[-1]}, fresh corpora"] = (torch_path(fresh), runs[-1])
        contenders[f"kernel, R = {runs[-1]}, fresh corpora"] = (stepped(kernel(fresh)), runs[-1])
    medians = interleaved({name: steps for name, (steps, _) in contenders.items()}, rounds)
    return {name: medians[name] / r for name, (_, r) in contenders.items()}


def beside_jax(shape: Shape, rounds: int, runs: tuple[int, ...]) -> dict[str, float] | None:
    """Microseconds a step and run of the kernel and of a jitted scan; None without jax."""
    if find_spec("jax") is None:
        return None
    from benchmarks.performance.jax_scan import Scan

    contenders: dict[str, tuple[Steps, int]] = {}
    for r in runs:
        given = problem(shape, r)
        contenders[f"kernel, R = {r}"] = (stepped(kernel(given)), r)
        contenders[f"kernel, R = {r}, logged"] = (stepped(kernel(given, logged=True), True), r)
        contenders[f"jax, R = {r}"] = (Scan(given, STEP_SIZE).steps, r)
    medians = interleaved({name: steps for name, (steps, _) in contenders.items()}, rounds)
    return {name: medians[name] / r for name, (_, r) in contenders.items()}


def joint(shape: Shape, rounds: int, runs: tuple[int, ...]) -> dict[str, float]:
    """Microseconds a step and run of the joint stage by contender; the torch path logs nothing."""
    naive = NaiveJoint(problem(shape, 1).corpora[0], STEP_SIZE, LOGIT_STEP_SIZE)
    contenders: dict[str, tuple[Steps, int]] = {"naive": (naive.steps, 1)}
    for r in runs:
        given = problem(shape, r)
        contenders[f"torch path, R = {r}"] = (joint_by_torch(given), r)
        contenders[f"kernel, R = {r}"] = (stepped(joint_kernel(given)), r)
    medians = interleaved({name: steps for name, (steps, _) in contenders.items()}, rounds)
    return {name: medians[name] / r for name, (_, r) in contenders.items()}


def joint_by_torch(given: Problem) -> Steps:
    """The reference of the joint stage."""
    rule = normalised_gradient_descent()
    descent = Descent(both(given), rule, [STEP_SIZE, LOGIT_STEP_SIZE])
    states = every_state(descent, 10**9)
    return lambda count: [next(states) for _ in range(count)]


def joint_kernel(given: Problem) -> JointKernel:
    """The fused dynamics of the joint stage, from zero."""
    sizes = (STEP_SIZE, LOGIT_STEP_SIZE)
    rules = [kernel_rule(NormalisedGradientDescent(), size) for size in sizes]
    return JointKernel(both(given), JointSteps(0, *rules, together=False))


def interleaved(contenders: dict[str, Steps], rounds: int) -> dict[str, float]:
    """Microseconds a step: the median over rounds in which each has its turn."""
    sizes, times = {}, {name: [] for name in contenders}
    for name, steps in contenders.items():
        steps(2)  # compiles, allocates
        began = time.process_time()
        steps(2)
        sizes[name] = max(2, int(2 * ROUND_SECONDS / max(time.process_time() - began, 1e-6)))
    for _ in range(rounds):
        for name, steps in contenders.items():
            began = time.process_time()
            steps(sizes[name])
            times[name].append((time.process_time() - began) / sizes[name] * 1e6)
    return {name: statistics.median(each) for name, each in times.items()}


def late(shape: Shape, rounds: int) -> dict[str, float]:
    """The kernel at the start and where the gradient norm is below 1e-150."""
    dynamics = kernel(problem(shape, 1))
    steps = stepped(dynamics)
    early = interleaved({"early": stepped(kernel(problem(shape, 1)))}, rounds)["early"]
    (iterate,) = dynamics.iterates
    while not iterate.scale[0] < -346:
        steps(1000)
    after = interleaved({"late": steps}, rounds)["late"]
    return {"early": early, "late": after, "log gradient norm": float(iterate.scale[0])}


def two_threads(shape: Shape, rounds: int) -> dict[str, float]:
    """Wall and CPU time of eight runs on two threads over that on one."""
    eight = [stepped(kernel(problem(shape, 1))) for _ in range(8)]
    steps = max(10, int(2e7 / (shape.l * shape.n)))

    def go(run: int) -> None:
        eight[run](steps)

    ratios: dict[str, list[float]] = {"wall": [], "cpu": []}
    clocks = {"wall": time.perf_counter, "cpu": time.process_time}
    with ThreadPoolExecutor(2) as pool:
        go(0)
        for _ in range(rounds):
            times = [{name: clock() for name, clock in clocks.items()}]
            for work in (lambda: [go(run) for run in range(8)], lambda: [*pool.map(go, range(8))]):
                work()
                times.append({name: clock() for name, clock in clocks.items()})
            for name, each in ratios.items():
                start, middle, end = (t[name] for t in times)
                each.append((end - middle) / (middle - start))
    return {name: statistics.median(each) for name, each in ratios.items()}


def cost_law(shapes: list[Shape], rounds: int) -> dict[str, float]:
    """Nanoseconds of a kernel step: a nnz + b P + c N, least squares of relative errors."""
    rows, times = [], []
    for shape in shapes:
        dynamics = kernel(problem(shape, 1))
        us = interleaved({"kernel": stepped(dynamics)}, rounds)["kernel"]
        rows.append([shape.l * shape.n, len(dynamics.laid[0].pairs), shape.n])
        times.append(us * 1e3)
    a, t = np.array(rows, dtype=float), np.array(times)
    fit, *_ = np.linalg.lstsq(a / t[:, None], np.ones(len(t)), rcond=None)
    worst = float(np.abs(a @ fit / t - 1).max())
    return {"nnz": fit[0], "pairs": fit[1], "sentences": fit[2], "worst relative error": worst}
