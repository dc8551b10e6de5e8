"""Every rule with every kind of token vectors, start and stage, beside the usual loop with the same
rule: times faster, a run, R = 1.

    python -m benchmarks.performance.combinations [V ...]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.performance.corpora import MARGIN, Shape, corpus
from benchmarks.performance.naive_rules import STEP_SIZE, Model, NaiveJob
from benchmarks.performance.steps import interleaved, stepped
from ntp_dynamics.studies.next_token.choices import NormOver
from ntp_dynamics.studies.next_token.data import embedding
from ntp_dynamics.studies.next_token.data.draw import ENTRYWISE
from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    AdamW,
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SignDescent,
)
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    exact_margin,
    feed_forward_matrix,
)
from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps
from ntp_dynamics.studies.next_token.optim.joint import JointKernel
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel, ColumnsKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    JointObjective,
)
from ntp_dynamics.study import Dynamics

RULES: dict[str, Optimizer] = {
    "ngd": NormalisedGradientDescent(),
    "gd": GradientDescent(),
    "ngd + momentum": NormalisedGradientDescent(momentum=0.9),
    "gd + momentum": GradientDescent(momentum=0.9),
    "ngd + decay": NormalisedGradientDescent(weight_decay=0.01),
    "polyak": Polyak(),
    "sign": SignDescent(),
    "adam": Adam(),
    "adamw": AdamW(),
}
VECTORS: dict[str, Callable[[int], TokenVectors]] = {
    "standard": lambda v: embedding.standard(v, v, np.random.default_rng(0)),
    "orthonormal": lambda v: embedding.orthonormal(v, v, np.random.default_rng(0)),
    "gaussian, d = V/2": lambda v: embedding.gaussian(v, v // 2, np.random.default_rng(0)),
}


Combinations = dict[str, dict[str, list[float]]]
"""By case and rule: microseconds a step of the usual loop and of ours."""


class Case(NamedTuple):
    """A stage, what it starts from, and the token vectors."""

    stage: str
    start: str
    vectors: str


CASES = [
    Case("attention", "exact margin", "standard"),
    Case("attention", "exact margin", "orthonormal"),
    Case("attention", "random W_ov", "orthonormal"),
    Case("attention", "random W_ov", "gaussian, d = V/2"),
    Case("feed_forward", "random", "orthonormal"),
    Case("feed_forward", "random", "gaussian, d = V/2"),
    Case("joint", "random", "orthonormal"),
    Case("joint", "random", "gaussian, d = V/2"),
]


def compare(shape: Shape, rounds: int) -> Combinations:
    """Of all cases and rules."""
    found: Combinations = {}
    for case in CASES:
        row = found[", ".join(case)] = {}
        for name, optimizer in RULES.items():
            if name == "polyak" and case.start == "random W_ov":
                continue  # the infimum of the loss is not known
            naive, ours = contenders(shape, case, name, optimizer)
            both = interleaved({"naive": naive.steps, "ours": stepped(ours)}, rounds)
            row[name] = [both["naive"], both["ours"]]
            print(
                shape,
                *case,
                name,
                f"{both['naive'] / both['ours']:.3g}",
                file=sys.stderr,
                flush=True,
            )
    return found


def contenders(
    shape: Shape, case: Case, name: str, optimizer: Optimizer
) -> tuple[NaiveJob, Dynamics]:
    """The usual loop and our engine on one corpus, from the same start."""
    sentences, follows = corpus(shape)
    batch = pack([sentences], [follows])
    vectors = VECTORS[case.vectors](shape.v)
    rng = np.random.default_rng(1)
    e = vectors.matrix
    w_kq = np.zeros((len(e), len(e)))
    w_ov = rng.standard_normal((shape.v, len(e)))
    if case.start == "exact margin":
        w_ov = exact_margin(MARGIN, batch)[0].numpy() @ e.T
    elif case.start == "random":
        w_kq = rng.standard_normal(w_kq.shape)
    tensors = (torch.from_numpy(x) for x in (np.ascontiguousarray(e.T), w_kq, w_ov))
    model = Model(*tensors, trained=case.stage)
    naive = NaiveJob(model, sentences, follows, name, 0.0)
    return naive, dynamics(case, vectors, w_kq, w_ov, batch, optimizer)


def dynamics(
    case: Case,
    vectors: TokenVectors,
    w_kq: np.ndarray,
    w_ov: np.ndarray,
    batch: Batch,
    optimizer: Optimizer,
) -> Dynamics:
    """Our engine."""
    entrywise = isinstance(optimizer, ENTRYWISE)
    attention = attention_matrix([w_kq] if w_kq.any() else None, [vectors], batch, entrywise)
    feed_forward = feed_forward_matrix([w_ov], [vectors], batch, entrywise)
    rule = kernel_rule(optimizer, STEP_SIZE)
    if case.stage == "joint":
        together = isinstance(optimizer, Polyak) or (
            isinstance(optimizer, NormalisedGradientDescent)
            and optimizer.norm is not NormOver.matrix
        )
        steps = JointSteps(0, rule, rule, together)
        return JointKernel(JointObjective(batch, attention, feed_forward), steps)
    if case.stage == "feed_forward":
        return ColumnsKernel(FeedForwardObjective(batch, feed_forward), rule)
    logits = feed_forward.start
    if case.start == "exact margin":
        logits = exact_margin(MARGIN, batch)
    return AttentionKernel(AttentionObjective(batch, attention, logits), rule)


def table(found: Combinations) -> str:
    """Times faster; in brackets microseconds of our step."""
    lines = [f"| | {' | '.join(RULES)} |", "|---" * (len(RULES) + 1) + "|"]
    for case, row in found.items():
        cells = [
            f"{row[rule][0] / row[rule][1]:.3g} ({row[rule][1]:.3g})" if rule in row else "-"
            for rule in RULES
        ]
        lines.append(f"| {case} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = {20: Shape(20, 8, 32), 100: Shape(100, 16, 1000)}
    for v in map(int, sys.argv[1:] or shapes):
        print(table(compare(shapes[v], 3)))
