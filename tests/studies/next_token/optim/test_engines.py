"""Every rule on every kind of weights: kernels take the steps of tensors, and depend on nothing
else."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from benchmarks.any_corpora import any_reference
from benchmarks.engines import (
    ROUNDING,
    RULES,
    STARTS,
    VECTORS,
    Combination,
    combinations,
    compare,
    config_of,
    engine_of,
    objective_of,
)
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.optim.choice import choose, dynamics_of
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    JointObjective,
    Objective,
)
from ntp_dynamics.studies.next_token.quantities import norm_of
from ntp_dynamics.study import Dynamics

STAGED = sorted({(c.rule, c.stage) for c in combinations()})
"""Each rule in each stage, on vectors of one kind and from one start: all of these in turn."""
SOME = [
    Combination(rule, list(VECTORS)[i % len(VECTORS)], STARTS[(i + i // 5) % 2], stage)
    for i, (rule, stage) in enumerate(STAGED)
]
LAST = 40


@pytest.mark.parametrize("combination", SOME, ids=" ".join)
def test_kernels_take_the_steps_of_tensors(combination: Combination) -> None:
    """200 steps of 8 random corpora of 6 tokens each, 392 corpora in all."""
    found = compare(combination, v=6, runs=8)
    assert (found.wrong <= ROUNDING).all()


@pytest.mark.parametrize("rule", RULES)
def test_so_they_do_of_two_tokens(rule: str) -> None:
    """A vocabulary of 2, sentences of which one may be all there is."""
    found = compare(Combination(rule, "rotated", "gaussian", "joint"), v=2, runs=8)
    assert (found.wrong <= ROUNDING).all()


@pytest.mark.parametrize("combination", SOME[::3], ids=" ".join)
def test_so_they_do_of_two_labels(combination: Combination) -> None:
    """Votes: W_ov has two rows, whatever the vocabulary."""
    found = compare(combination, v=6, runs=8, votes=True)
    assert (found.wrong <= ROUNDING).all()


@pytest.mark.parametrize("rule", sorted(RULES.keys() - {"global-norm", "polyak", "polyak-decay"}))
@pytest.mark.parametrize("size", [0.0, 2.0])
def test_without_a_gradient_only_decay_moves(rule: str, size: float) -> None:
    """Tokens with one column of M between them pull exactly alike."""
    corpus = Corpus.from_samples([((0, 1), 2), ((1, 0, 0), 2)], vocab_size=3)
    batch = pack([corpus], [[2, 2, -1]])
    shape = 1, 3, batch.n_queries
    start = size * torch.randn(shape, generator=torch.Generator().manual_seed(0)).double()
    matrix = TokenMatrix(start, torch.ones(1).double())
    objective = AttentionObjective(batch, matrix, exact_margin(5.0, batch))
    config = config_of(rule)
    for engine in ("numba", "torch"):
        dynamics = engine_of(objective, rule, engine)
        dynamics.advance(LAST, NO_STEPS)
        layer, length = dynamics.state().layer, dynamics.state().path_length
        kept = (1 - config.train.attention.step_size * config.optimizer.weight_decay) ** LAST
        assert not layer.coefficients.any()
        assert length.item() == 0.0
        torch.testing.assert_close(layer.value, kept * start, rtol=1e-13, atol=0)
        whole = kept * math.hypot(start.norm().item(), 1.0)
        assert norm_of(layer).item() == pytest.approx(whole, rel=1e-13)


def test_each_rule_meets_vectors_of_every_kind_and_both_starts() -> None:
    for rule in RULES.keys() - {"global-norm"}:  # it has one stage
        assert {c.start for c in SOME if c.rule == rule} == set(STARTS)
    for field, kinds in (("vectors", VECTORS), ("stage", "")):
        assert kinds == "" or {getattr(c, field) for c in SOME} == set(kinds)


def part_of(objective: Objective, run: int) -> Objective:
    """The objective of one run."""
    one = slice(run, run + 1)
    batch = objective.batch.part(one)
    matrices = [
        replace(m, **{k: x[one] for k, x in vars(m).items() if isinstance(x, torch.Tensor)})
        for m in objective.matrices
    ]
    if isinstance(objective, JointObjective):
        return JointObjective(batch, *matrices)
    if isinstance(objective, AttentionObjective):
        return AttentionObjective(batch, *matrices, objective.logits[one])
    return FeedForwardObjective(batch, *matrices)


def started(
    objective: Objective, rule: str, reference: Reference | None = None, threads: int = 1
) -> Dynamics:
    config = config_of(rule)
    config = replace(config, runtime=replace(config.runtime, threads=threads))
    return dynamics_of(objective, choose(config), config, reference)


def after(dynamics: Dynamics, calls: list[int]) -> list[np.ndarray]:
    """Weights and path lengths, a run each, after calls that end at these steps."""
    for begin, end in pairwise([-1, *calls]):
        dynamics.advance(end, np.arange(begin + 1, end + 1))
    state = dynamics.state()
    tensors = [x for layer in state.layers for x in (layer.coefficients, layer.value)]
    norms = [norm_of(layer) for layer in state.layers]
    return [x.numpy() for x in (*tensors, *norms, state.path_length)]


@pytest.mark.parametrize("combination", SOME, ids=" ".join)
def test_bits_do_not_depend_on_threads_calls_neighbours_or_what_is_measured(
    combination: Combination,
) -> None:
    objective, rule = objective_of(combination, 6, runs=3), combination.rule
    whole = after(started(objective, rule), [LAST])
    pieces = [0, 1, 7, 7, 30, LAST]
    measured = any_reference(objective.batch)
    for dynamics, calls in (
        (started(objective, rule, threads=3), [LAST]),
        (started(objective, rule), pieces),
        (started(objective, rule, measured), pieces),
    ):
        for x, y in zip(whole, after(dynamics, calls), strict=True):
            np.testing.assert_array_equal(x, y)
    for run in range(3):
        alone = after(started(part_of(objective, run), rule), [LAST])
        for x, y in zip(whole, alone, strict=True):
            np.testing.assert_array_equal(x[run], y[0])


@pytest.mark.parametrize("combination", SOME, ids=" ".join)
def test_what_is_saved_goes_on_elsewhere_to_equal_bits(combination: Combination) -> None:
    objective, rule = objective_of(combination, 6, runs=3), combination.rule
    first, second = started(objective, rule), started(objective, rule)
    whole = after(first, [LAST])
    for cut in (1, 17):
        before = started(objective, rule)
        after(before, [cut])
        second.load({name: x.copy() for name, x in before.save().items()})
        for x, y in zip(whole, after(second, [LAST]), strict=True):
            np.testing.assert_array_equal(x, y)
