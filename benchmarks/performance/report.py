"""The report: docs/performance.md.  Ratios of one run on one machine, never times alone."""

from __future__ import annotations

import platform
from typing import Any

from benchmarks.performance.combinations import Combinations, table

Results = dict[str, Any]
COMMAND = "make bench"

PAGE = """\
# Performance

Written by `{command}` (`benchmarks/performance/`, raw numbers in its `results.json`).
Machine: {machine}, load average {load:.1f} at the start and {loaded:.1f} at
the end: wall times are those of a machine with as much other work.
Times are process CPU time of one thread, medians of interleaved rounds, float64; ratios are within
this run. The naive loop is a plain `nn.Module` trained by autograd, full batch, five numbers logged
by `.item()` at every step, its products in the cheap order. The torch path measures the same five
at every step. The kernel takes the steps between two recorded ones and measures nothing in between:
that is how jobs use it. "Logged" is the kernel measuring all fifteen scalars of the attention stage
at every step.

## A step

Times faster than the naive loop, a run (in brackets microseconds a step and run):

{steps}

{jax}{combinations}The joint stage, both layers from zero; the torch path measures nothing here:

{joint}

What late training costs: a kernel step where the gradient norm is below 1e-150 takes {late:.2f}
times one at the start. Eight runs on two threads take {threads[wall]:.2f} of the wall time and
{threads[cpu]:.2f} of the CPU time that they take on one.

A kernel step costs about {law[nnz]:.1f} ns a distinct token of a sentence, {law[pairs]:.1f} ns a
pair (token, query) that occurs and {law[sentences]:.1f} ns a sentence (within
{law[worst relative error]:.0%} over the shapes measured); runs and steps multiply it.

Peak memory beyond the corpus and logits at (V, L, N) = {shape}, MiB: {memory}.

## A sweep

{jobs} jobs of {horizon:,} steps, one run each, 20 tokens, with process start and records:

| | wall time over that of one naive run | CPU time |
|---|---|---|
{sweep}

(The naive run was measured over {taken:,} steps and extended, jobs one by one over {few} jobs.)

## Hooks and start-up

CPU time of training the default job, over `hooks=none`: light {light:.2f}, standard {standard:.2f}.
The kernel measures the scalars on its way; what `standard` adds are states, evaluated by torch
where attention maps and weights are kept.
CPU time over that of `python -c "import torch"`: `ntp-train experiment=smoke` {smoke:.2f},
`ntp-train --help` {help:.2f}.

## The max-margin solver

{whole}\
Times faster than cvxpy with Clarabel, a query, with the certificate in integers that cvxpy does not
give:

{solver}

At scale, CPU seconds: {scale}.
"""

WHOLE = """\
Times faster than cvxpy, all of W*_kq of a recognised corpus, with the certificate (in brackets the
largest error of an entry of cvxpy's; ours is exact). cvxpy minimises the squared norm of a V x V
matrix; embeddings are the standard basis, and each relation is stated once. The first row is
nearest to the public solver of "Mechanics of Next Token Prediction with Self-Attention", which
writes an object a relation or a query, minimises the norm by SCS, and repeats a relation with
every sentence that states it. In the other rows cvxpy chooses the solver.

{table}

"""

COMBINATIONS = """\
Every rule with every kind of token vectors, start and stage, R = 1 at {shape}: times faster than
the usual loop with the same rule (in brackets microseconds of our step, which measures nothing),
the two taken in turns, three rounds each:

{table}

"""

JAX = """\
Beside a jitted jax program (`lax.scan` in token space, structured logits, float64, linear domain;
runs by `vmap`), which logs five numbers at every step and follows no growth from step to step. It
stops where 1 - p rounds to 0; the kernel does not. Times that it takes, over those of the kernel
that measures nothing and of the kernel that measures all (in brackets microseconds a step and run
of jax):

{table}

"""

NETWORK = """
## The attractor network

`OMP_NUM_THREADS=1 python -m benchmarks.attractor`, load average {load:.1f}: the default ring (N =
180, tau_v = tau) at speed input 5, and a torus of 64 x 64 neurons with its speed loop off. Times
are wall times, medians of interleaved rounds, a run and unit of time. The usual loop steps one run
in numpy with dense matrices, by forward Euler of dt = 0.02; ours is Runge-Kutta of dt = 0.2, on the
ring sixteen runs at once. Errors are those of the bump's speed against the exact travelling wave.

| | usual loop, ms | ours, ms | times faster | error, usual loop | error, ours |
|---|---|---|---|---|---|
{loop}
"""

BESIDE = """
Beside the package canns {version} (`python -m benchmarks.by_canns`; extra `canns`), load average
{load:.1f}: the same ring as its `BandCell`, {type}, one run, in a compiled loop, compilation left
out; CPU time of one thread. Ours always moves sixteen runs, float64: one alone costs as much,
more than one of canns at equal dt, which errs by percents.

| | ms a run and unit of time | times that of ours, of 16 | error of the speed |
|---|---|---|---|
{rows}

Its error is that of its order of updates, not of its type: its speed neurons read the rates of the
step before, and a loop in float64 that does so errs as much (`tests/benchmarks/test_by_canns.py`);
the usual loop above takes the same step without it.
"""


def report(results: Results) -> str:
    """The page."""
    sweep, hooks, start = results["sweep"], results["hooks"], results["start-up"]
    jobs, horizon = int(sweep["jobs"]), int(sweep["horizon"])
    return PAGE.format(
        command=COMMAND,
        machine=results["machine"],
        load=results["load"][0],
        loaded=results["load"][1],
        steps=_steps(results["steps"]),
        jax=_jax(results.get("jax", {})),
        combinations=_combinations(results.get("combinations", {})),
        joint=_steps(results["joint"]),
        late=results["late"]["late"] / results["late"]["early"],
        threads=results["two threads"],
        law=results["cost law"],
        shape=results["memory shape"],
        memory=", ".join(f"{name} {size:,.0f}" for name, size in results["memory"].items()),
        jobs=jobs,
        horizon=horizon,
        sweep="\n".join(
            f"| {name} | {sweep[f'{name}, wall'] / sweep['one naive run, wall']:.2f} "
            f"| {sweep[f'{name}, cpu'] / sweep['one naive run, cpu']:.2f} |"
            for name in ("packed", "packed, fresh corpora", "one job of all runs", "one by one")
        ),
        taken=int(sweep["naive steps measured"]),
        few=max(2, jobs // 16),
        light=hooks["light"] / hooks["none"],
        standard=hooks["standard"] / hooks["none"],
        smoke=start["experiment=smoke"] / start["import torch"],
        help=start["--help"] / start["import torch"],
        whole=_whole(results["whole"]),
        solver=_solver(results["solver"]),
        scale=", ".join(f"{name} {value:.3g}" for name, value in results["scale"].items()),
    )


def network(measured: Results) -> str:
    """The section about the attractor network; of canns nothing where it was not measured."""
    loop = measured["loop"]
    error = loop["speed error"]
    lines = [
        f"| {name} | {1e3 * x['naive']:.3g} | {1e3 * x['fast']:.3g} | {x['ratio']:.0f} | {errors} |"
        for name, x, errors in (
            ("ring", loop["ring, 16 runs"], f"{error['naive']:.0e} | {error['fast']:.0e}"),
            ("torus", loop["torus 64 x 64"], "- | -"),
        )
    ]
    page = NETWORK.format(load=loop["load"], loop="\n".join(lines))
    if "canns" not in measured:
        return page
    other = measured["canns"]
    seconds, error = other["seconds"], other["speed error"]
    lines = [
        f"| {name} | {1e3 * x:.3g} | {x / seconds['ours, of 16']:.3g} "
        f"| {error['ours' if name.startswith('ours') else name]:.0e} |"
        for name, x in seconds.items()
    ]
    return page + BESIDE.format(**other, rows="\n".join(lines))


def machine() -> str:
    """The processor and the versions that matter."""
    import numba
    import torch

    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(x.split(":")[1].strip() for x in file if x.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, torch {torch.__version__}, numba {numba.__version__}"


def _combinations(measured: dict[str, Combinations]) -> str:
    """A table a shape; nothing where it was not measured."""
    return "".join(
        COMBINATIONS.format(shape=shape, table=table(found)) for shape, found in measured.items()
    )


def _jax(measured: dict[str, dict[str, float] | None]) -> str:
    """A column a shape, a row a number of runs; nothing where it was not measured."""
    columns = {shape: times for shape, times in measured.items() if times}
    if not columns:
        return ""
    names = [name for times in columns.values() for name in times if name.startswith("jax")]
    lines = ["| (V, L, N) | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for runs in dict.fromkeys(name.removeprefix("jax, ") for name in names):
        cells = [
            f"{times[f'jax, {runs}'] / times[f'kernel, {runs}']:.2f}, "
            f"{times[f'jax, {runs}'] / times[f'kernel, {runs}, logged']:.2f} "
            f"({times[f'jax, {runs}']:.3g})"
            if f"jax, {runs}" in times
            else "-"
            for times in columns.values()
        ]
        lines.append(f"| {runs} | " + " | ".join(cells) + " |")
    return JAX.format(table="\n".join(lines))


def _steps(steps: dict[str, dict[str, float]]) -> str:
    """A column a shape, a row a contender."""
    shapes = list(steps)
    names = list(dict.fromkeys(name for column in steps.values() for name in column))
    lines = ["| (V, L, N) | " + " | ".join(shapes) + " |", "|---" * (len(shapes) + 1) + "|"]
    for name in names:
        cells = [
            f"{column['naive'] / column[name]:,.3g} ({column[name]:,.3g})"
            if name in column
            else "-"
            for column in steps.values()
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _solver(solver: dict[str, dict[str, float] | None]) -> str:
    lines = ["| relations a query | one matrix | one object a relation |", "|---|---|---|"]
    for measured in solver.values():
        if measured is None:
            return "cvxpy is not installed: not measured."
        ours = measured["this solver"]
        lines.append(
            f"| {measured['relations']:.0f} | {measured['cvxpy, one matrix'] / ours:.1f} "
            f"| {measured['cvxpy, one object a relation'] / ours:.0f} |"
        )
    return "\n".join(lines)


def _whole(whole: dict[str, dict[str, Any] | None]) -> str:
    """A column a shape, a row a way to write the problem; nothing without cvxpy."""
    measured = {shape: column for shape, column in whole.items() if column is not None}
    if not measured:
        return ""
    heads = [f"{shape}, {column['relations']:.0f} relations" for shape, column in measured.items()]
    lines = ["| (V, L, N) | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for name in next(iter(measured.values()))["ms"]:
        if name != "this solver":
            cells = [
                f"{column['ms'][name] / column['ms']['this solver']:.3g} "
                f"({column['error'][name]:.0e})"
                for column in measured.values()
            ]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return WHOLE.format(table="\n".join(lines))
