"""The joint dynamics against the torch path, and what it does not depend on."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics.run.stepping import NO_STEPS, every_state
from ntp_dynamics.studies.next_token.choices import NormOver
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    RealizableDataset,
)
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, zeros
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.engine import Engine
from ntp_dynamics.studies.next_token.optim.joint import JointKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import JointObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.optim.state import State

V, SCORE_STEP, LOGIT_STEP = 9, 0.05, 0.11
RULES = [
    NormalisedGradientDescent(),
    NormalisedGradientDescent(norm=NormOver["global"]),
    GradientDescent(),
]


def corpora(runs: int) -> list[Corpus]:
    """Of every size, with sentences of one token and with copies."""
    knobs = [
        RealizableDataset(vocab_size=V, queries=2 + i % 6, extra_optimal_copies=i // 6 % 3)
        for i in range(runs)
    ]
    return [generate(k, np.random.default_rng(i)) for i, k in enumerate(knobs)]


def batch_of(corpora: list[Corpus]) -> Batch:
    return pack(corpora, [recognise(corpus).collocation for corpus in corpora])


def matrix(start: torch.Tensor) -> TokenMatrix:
    nothing = torch.zeros(len(start), dtype=torch.float64)
    return TokenMatrix(start, nothing, nothing)


def starts(batch: Batch, scale: float, depth: float = 0.0) -> tuple[TokenMatrix, TokenMatrix]:
    """Random weights; ``depth`` is added to the scores of optimal tokens, once to twice as much to
    the right logits of the first to the last run."""
    random = torch.Generator().manual_seed(0)
    scores = torch.randn(batch.runs, V, batch.n_queries, generator=random).double()
    logits = torch.randn(batch.runs, V, V, generator=random).double()
    if depth:
        known = batch.collocation.clamp_min(0)[:, None]
        deeper = depth * (1 + torch.linspace(0, 1, batch.runs).double())[:, None, None]
        logits.scatter_add_(1, known, deeper.expand_as(known))
        several = batch.present.sum(-1, keepdim=True) > 1
        run, sentence, _ = where = (batch.optimal & several).nonzero(as_tuple=True)
        scores[run, batch.token[where], batch.query[run, sentence]] += depth
    return matrix(scale * scores), matrix(scale * logits)


def steps(rule: Optimizer, factor: float = 1.0) -> JointSteps:
    together = isinstance(rule, NormalisedGradientDescent) and rule.norm is not NormOver.matrix
    sizes = factor * SCORE_STEP, factor * LOGIT_STEP
    return JointSteps(0, *(kernel_rule(rule, size) for size in sizes), together)


def by_torch(
    batch: Batch,
    matrices: tuple[TokenMatrix, TokenMatrix],
    rule: Optimizer,
    steps: int,
    factor: float = 1.0,
):
    sizes = factor * SCORE_STEP, factor * LOGIT_STEP
    descent = Descent(JointObjective(batch, *matrices), make_rule(rule), sizes)
    for state in every_state(descent, steps):
        assert isinstance(state, State)
        both = [state.attention.coefficients, state.feed_forward.coefficients]
        yield state.step, both, state.path_length


@pytest.mark.parametrize("rule", RULES, ids=["ngd", "global norm", "gd"])
@pytest.mark.parametrize("scale", [0.0, 1.0])
def test_two_hundred_steps_agree_with_the_torch_path(rule: Optimizer, scale: float) -> None:
    """72 corpora: each size with each number of copies four times.  From zero the first gradient
    of the scores is exactly zero."""
    batch = batch_of(corpora(72))
    matrices = starts(batch, scale)
    dynamics = JointKernel(JointObjective(batch, *matrices), steps(rule))
    for step, expected, length in by_torch(batch, matrices, rule, 200):
        dynamics.advance(step, NO_STEPS)
        _, found, mine, *_ = dynamics.position()
        for x, y in zip(found, expected, strict=True):
            assert (x - y).abs().max() <= 1e-12
        torch.testing.assert_close(mine, length, rtol=1e-12, atol=0)


@pytest.mark.parametrize("depth", [30.0, 300.0, 900.0])
@pytest.mark.parametrize("rule", RULES[:2], ids=["ngd", "global norm"])
def test_steps_agree_however_small_the_gradients_are(rule: Optimizer, depth: float) -> None:
    """Down to e^-1800 and below; those of the two layers lie up to e^890 apart."""
    batch = batch_of(corpora(24))
    matrices = starts(batch, 1.0, depth)
    by_score, by_logit, _ = Engine().joint(*(m.start for m in matrices), batch)
    assert by_score.log_scale.max() < -1.8 * depth
    assert (by_logit.log_scale - by_score.log_scale).max() > 0.9 * depth
    dynamics = JointKernel(JointObjective(batch, *matrices), steps(rule))
    for step, expected, length in by_torch(batch, matrices, rule, 20):
        dynamics.advance(step, NO_STEPS)
        _, found, mine, *_ = dynamics.position()
        for x, y in zip(found, expected, strict=True):
            assert (x - y).abs().max() <= 2e-13
        torch.testing.assert_close(mine, length, rtol=2e-13, atol=0)
    assert found[1].any()


def test_absurdly_long_steps_of_plain_descent_agree_too() -> None:
    """Rounding a score of 1e10 is felt in what is attended to: 1.5e-8 of the largest logit seen."""
    batch, factor = batch_of(corpora(24)), 2e7
    matrices = starts(batch, 0.0)
    dynamics = JointKernel(JointObjective(batch, *matrices), steps(GradientDescent(), factor))
    for step, expected, _ in by_torch(batch, matrices, GradientDescent(), 3, factor):
        dynamics.advance(step, NO_STEPS)
        found = dynamics.position().coefficients
        for x, y in zip(found, expected, strict=True):
            assert (x - y).abs().max() <= 5e-8 * y.abs().max()
    dynamics.advance(104, NO_STEPS)
    found = dynamics.position().coefficients
    assert found[0].min() < -2e9
    assert all(x.isfinite().all() for x in found)


def test_a_trajectory_does_not_depend_on_threads_calls_or_neighbours() -> None:
    several = corpora(3)
    batch = batch_of(several)

    def after(batch: Batch, calls: list[int], threads: int) -> list[torch.Tensor]:
        scores = zeros(batch.runs, V, batch.n_queries)
        logits = zeros(batch.runs, V, V)
        dynamics = JointKernel(JointObjective(batch, scores, logits), steps(RULES[0]), threads)
        for to in accumulate(calls):
            dynamics.advance(to, NO_STEPS)
        at = dynamics.position()
        return [*at.coefficients, at.path_length]

    whole = after(batch, [300], 1)
    for calls, threads in (([300], 2), ([1] * 300, 1), ([7, 0, 293], 3)):
        assert all(map(torch.equal, whole, after(batch, calls, threads)))
    for run, corpus in enumerate(several):
        scores, logits, length = after(batch_of([corpus]), [300], 1)
        assert torch.equal(scores[0], whole[0][run, :, : scores.shape[2]])
        assert torch.equal(logits[0], whole[1][run])
        assert torch.equal(length[0], whole[2][run])


@pytest.mark.parametrize("norm", ["matrix", "global"])
def test_records_are_those_of_the_torch_path(norm: str, tmp_path: Path) -> None:
    overrides = [
        "experiment=smoke",
        "tracking=none",
        "figures=none",
        "init=gaussian",
        "train.stages=[joint]",
        "train.joint.steps=300",
        f"optimizer.norm={norm}",
    ]
    fused, torch_ = (
        ntp.train([*overrides, f"engine={engine}"], tmp_path / engine)
        for engine in ("numba", "torch")
    )
    for name, values in fused.trajectory["joint"].data_vars.items():
        expected = torch_.trajectory["joint"][name]
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12, err_msg=str(name))
