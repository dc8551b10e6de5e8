"""Do the fused kernels and the torch path agree, whatever the rule, vectors, start and stage?

    python -m benchmarks.engines [WORD ...] [SIZE ...]

Every combination whose words contain all those given: 200 steps on 200 random corpora, 25 of each
vocabulary size from 2 to 9 (or of those given), kernel and tensors from the same start.  A line
says how far apart they end, the worst score, logit or path length of any run.  Some dynamics spread
what is close: normalised steps across a minimum, steps of Adam where a gradient cancels.  Where a
run ends further apart than 1e-12 the kernel takes each step again from where tensors stand, and the
largest difference after one step is what counts.  Exit 1 where that exceeds 1e-12.  The suite holds
a cheap selection (test_engines.py).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmarks.any_corpora import any_corpus, batch_of, voting
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.choices import EngineName
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data import embedding
from ntp_dynamics.studies.next_token.data.draw import ENTRYWISE
from ntp_dynamics.studies.next_token.groups import GaussianInit
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    exact_margin,
    feed_forward_matrix,
    initial_weight,
)
from ntp_dynamics.studies.next_token.model.simd import LANES
from ntp_dynamics.studies.next_token.optim.choice import choose, dynamics_of
from ntp_dynamics.studies.next_token.optim.closed_form import ClosedForm
from ntp_dynamics.studies.next_token.optim.joint import JointKernel
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel, ColumnsKernel
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    JointObjective,
    Objective,
)
from ntp_dynamics.study import Dynamics, NonFinite, Saved

RUNS, STEPS, SIZES = 25, 200, range(2, 10)
ROUNDING, LARGEST = 1e-12, 1e14
"""Of what differs, relative to numbers above 1; of scores that a kernel knows."""
RULES = {
    "ngd": (0.02, ["optimizer=ngd"]),
    "global-norm": (0.02, ["optimizer=ngd", "optimizer.norm=global"]),
    "ngd-momentum": (0.005, ["optimizer=ngd", "optimizer.momentum=0.9"]),
    "ngd-decay": (0.02, ["optimizer=ngd", "optimizer.weight_decay=0.5"]),
    "gd": (0.3, ["optimizer=gd"]),
    "heavy-ball-decay": (
        0.05,
        ["optimizer=gd", "optimizer.momentum=0.9", "optimizer.weight_decay=0.2"],
    ),
    "polyak": (0.02, ["optimizer=polyak"]),
    "polyak-decay": (0.02, ["optimizer=polyak", "optimizer.weight_decay=0.5"]),
    "sign": (0.01, ["optimizer=sign"]),
    "signum-decay": (
        0.01,
        ["optimizer=sign", "optimizer.momentum=0.9", "optimizer.weight_decay=1"],
    ),
    "adam": (0.01, ["optimizer=adam"]),
    "adam-epsilon-0": (0.01, ["optimizer=adam", "optimizer.epsilon=0", "optimizer.beta2=0.99"]),
    "adamw": (0.01, ["optimizer=adamw", "optimizer.weight_decay=0.5"]),
}
"""Step size and overrides."""
VECTORS = {
    "standard": lambda v, rng: embedding.standard(v, v + 1, rng),
    "rotated": lambda v, rng: embedding.orthonormal(v, v + 2, rng),
    "narrow": lambda v, rng: embedding.gaussian(v, max(v // 2, 2), rng),
    "square": lambda v, rng: embedding.gaussian(v, v, rng),
    "wide": lambda v, rng: embedding.gaussian(v, v + 3, rng),
}
STARTS = ("zero", "gaussian")
STAGES = ("feed_forward", "attention", "dense", "joint")
"""Attention is structured where the frozen logits are; else dense."""


class Combination(NamedTuple):
    rule: str
    vectors: str
    start: str
    stage: str


class Apart(NamedTuple):
    """How far kernel and tensors are apart: the largest difference of a score, of a logit or of the
    path length, by the largest of its kind where that exceeds 1."""

    at_the_end: Float[Tensor, " R"]
    at_a_step: Float[Tensor, " R"]
    """After one step from where tensors stood, the worst of them; 0 where nobody asked."""

    @property
    def wrong(self) -> Float[Tensor, " R"]:
        """What counts."""
        return self.at_the_end.where(self.at_the_end <= ROUNDING, self.at_a_step)


def combinations() -> Iterator[Combination]:
    """All there are: where logits have no structure inf L is unknown, which Polyak's step needs,
    and only two matrices have a global norm."""
    for each in product(RULES, VECTORS, STARTS, STAGES):
        combination = Combination(*each)
        if combination.stage == "dense" and combination.rule.startswith("polyak"):
            continue
        if combination.rule == "global-norm" and combination.stage != "joint":
            continue
        yield combination


@cache
def config_of(rule: str) -> Config:
    """Of a job by a rule."""
    size, overrides = RULES[rule]
    joint = "train.joint.feed_forward_step_size"
    keys = [
        joint,
        *(f"train.{stage}.step_size" for stage in ("feed_forward", "attention", "joint")),
    ]
    sizes = [f"{key}={size}" for key in keys]
    return read_config(compose_job([*overrides, *sizes, "tracking=none", "figures=none"]))


def objective_of(
    combination: Combination, v: int, runs: int = RUNS, votes: bool = False
) -> Objective:
    """Of random corpora of a vocabulary size, or of votes."""
    rng = np.random.default_rng(v)
    injective = combination.rule.startswith("polyak")
    drawn = [any_corpus(v, True, rng, injective) for _ in range(runs)]
    batch = batch_of([voting(*x, rng) for x in drawn] if votes else drawn)
    vectors = [VECTORS[combination.vectors](v, rng) for _ in range(runs)]
    entrywise = isinstance(config_of(combination.rule).optimizer, ENTRYWISE)

    def weights(rows: int) -> list[np.ndarray] | None:
        if combination.start == "zero":
            return None
        return [initial_weight(GaussianInit(norm=1.0), (rows, e.dim), rng) for e in vectors]

    if combination.stage == "feed_forward":
        return FeedForwardObjective(
            batch, feed_forward_matrix(weights(batch.label_size), vectors, batch, entrywise)
        )
    attention = attention_matrix(weights(vectors[0].dim), vectors, batch, entrywise)
    if combination.stage == "joint":
        feed_forward = feed_forward_matrix(weights(batch.label_size), vectors, batch, entrywise)
        return JointObjective(batch, attention, feed_forward)
    if combination.stage == "dense":
        logits = 3 * torch.from_numpy(rng.standard_normal((runs, batch.label_size, v)))
    else:
        logits = exact_margin(9.23, batch)
    return AttentionObjective(batch, attention, logits)


def compare(combination: Combination, v: int, runs: int = RUNS, votes: bool = False) -> Apart:
    """Both engines from one start."""
    objective = objective_of(combination, v, runs, votes)
    tensors, kernel = (engine_of(objective, combination.rule, name) for name in ("torch", "numba"))
    try:
        for dynamics in (tensors, kernel):
            dynamics.advance(STEPS, NO_STEPS)
        at_the_end = apart(seen(kernel), seen(tensors))
    except NonFinite:
        at_the_end = torch.full((runs,), torch.inf)
    at_a_step = torch.zeros_like(at_the_end)
    if at_the_end.max() > ROUNDING:
        tensors, kernel = (
            engine_of(objective, combination.rule, name) for name in ("torch", "numba")
        )
        for step in range(1, STEPS + 1):
            try:
                tensors.advance(step, NO_STEPS)
                expected = seen(tensors)
            except NonFinite:
                break
            if max(x.abs().max() for x in expected) > LARGEST:
                break
            kernel.advance(step, NO_STEPS)
            at_a_step = torch.maximum(at_a_step, apart(seen(kernel), expected))
            stand(kernel, objective, tensors.save())
    return Apart(at_the_end, at_a_step)


def engine_of(objective: Objective, rule: str, engine: str) -> Dynamics:
    """What moves it."""
    config = replace(config_of(rule), engine=EngineName(engine))
    return dynamics_of(objective, choose(config), config, None)


def seen(dynamics: Dynamics) -> list[Tensor]:
    """Scores and logits, and the path length."""
    state = dynamics.state()
    return [*(layer.value for layer in state.layers), state.path_length]


def stand(kernel: Dynamics, objective: Objective, by_tensors: Saved) -> None:
    """Put a kernel where tensors stand; what it remembers stays."""
    saved = kernel.save()
    if isinstance(kernel, ClosedForm):
        return
    assert isinstance(kernel, JointKernel | AttentionKernel | ColumnsKernel)
    kinds = ("scores", "logits") if isinstance(kernel, JointKernel) else ("iterate",)
    laid = [] if isinstance(kernel, ColumnsKernel) else kernel.laid
    each = zip(kinds, objective.names, objective.matrices, strict=True)
    for kind, name, matrix in each:
        coefficients = torch.from_numpy(by_tensors[name])
        moved, lost, scale, entries = (
            saved[f"{kind}.{x}"] for x in ("moved", "lost", "scale", "seen")
        )
        lost[:], scale[:] = 0.0, math.nan
        own = (matrix.value(coefficients) - matrix.start).numpy()
        weights = coefficients.numpy()
        for run in range(len(own)):
            by_column = name == "W_ov" or isinstance(kernel, ColumnsKernel)
            pairs = None if by_column else laid[run].pairs
            if isinstance(matrix, FullMatrix):
                _fill(moved[run], weights[run], None)
                _fill(entries[run], own[run], pairs)
            else:
                _fill(moved[run], weights[run], pairs)
    for name in ("length", "iterate.length"):
        if name in saved:
            saved[name][:, 0], saved[name][:, 1] = by_tensors["length"], 0.0
    kernel.load(saved)


def _fill(row: np.ndarray, matrix: np.ndarray, pairs: np.ndarray | None) -> None:
    """Write the entries at some places of the flattened matrix, or its columns, each filled up to
    whole vectors."""
    if pairs is not None:
        row[: len(pairs)] = matrix.ravel()[pairs]
    else:
        columns = np.pad(matrix.T, [(0, 0), (0, -len(matrix) % LANES)]).ravel()
        row[: len(columns)] = columns


def apart(a: list[Tensor], b: list[Tensor]) -> Float[Tensor, " R"]:
    """Of scores, logits and path lengths, a run each."""
    *values, length = zip(a, b, strict=True)
    differences = [
        (x - y).abs().amax((1, 2)) / y.abs().amax((1, 2)).clamp_min(1.0) for x, y in values
    ]
    x, y = length
    differences.append((x - y).abs() / y.clamp_min(1.0))
    return torch.stack(differences).amax(0).nan_to_num(torch.inf)


def main(given: list[str]) -> int:
    """A line a combination."""
    torch.set_num_threads(1)
    words = {x for x in given if not x.isdigit()}
    sizes = [int(x) for x in given if x.isdigit()] or SIZES
    counted = wrong = 0
    for combination in combinations():
        if not words <= set(combination):
            continue
        found = [compare(combination, v) for v in sizes]
        end = max(x.at_the_end.max().item() for x in found)
        step = max(x.at_a_step.max().item() for x in found)
        counted += 1
        is_wrong = any((x.wrong > ROUNDING).any() for x in found)
        wrong += is_wrong
        mark = "  WRONG" if is_wrong else ""
        print(f"{end:.1e} {step:.1e}  {' '.join(combination)}{mark}", flush=True)
    print(f"{counted} combinations, {wrong} further apart than rounding explains")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
