"""The fused kernel against the torch path and high precision, on corpora of every shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import torch

from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    RealizableDataset,
)
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.dense_layout import DenseLayout
from ntp_dynamics.studies.next_token.model.gains import gains
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, zeros
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.state import State

STEPS = 200
NGD, GD = NormalisedGradientDescent(), GradientDescent()


@pytest.mark.parametrize("v", range(2, 10))
@pytest.mark.parametrize(
    ("optimizer", "separable", "dense"), [(NGD, True, False), (GD, False, False), (GD, False, True)]
)
def test_two_hundred_steps_agree_with_the_torch_path(
    any_cases: Callable[..., Any], v: int, optimizer: Optimizer, separable: bool, dense: bool
) -> None:
    """200 corpora each.  Normalised descent of a loss with a floor is chaotic: see the next."""
    cases = any_cases(v, separable, dense)
    dynamics = cases.dynamics(optimizer, 0.01)
    dynamics.advance(STEPS, NO_STEPS)
    _, (coefficients,), length, *_ = dynamics.position()
    (*_, last) = cases.by_torch(optimizer, 0.01, STEPS)
    assert (coefficients - last.layer.coefficients).abs().max() <= 1e-12
    torch.testing.assert_close(length, last.path_length, rtol=1e-12, atol=0)


@pytest.mark.parametrize("v", range(2, 10))
@pytest.mark.parametrize("dense", [False, True])
def test_every_single_step_agrees_with_the_torch_path_on_any_corpus(
    any_cases: Callable[..., Any], v: int, dense: bool
) -> None:
    """200 corpora, 100 steps of 0.05, each started from where torch stands.  Near a minimum the
    terms of a gradient cancel, and its direction is as good as what is left."""
    cases = any_cases(v, separable=False, dense=dense)
    dynamics = cases.dynamics(NGD, 0.05)
    moved = None
    for state in cases.by_torch(NGD, 0.05, 100):
        assert isinstance(state, State)
        if moved is not None:
            assert (moved - state.layer.coefficients).abs().max() <= 1e-12
        coefficients = state.layer.coefficients.flatten(1).numpy()
        for laid, iterate, x in zip(dynamics.laid, dynamics.iterates, coefficients, strict=True):
            iterate.moved[: len(laid.pairs)] = x[laid.pairs]
            iterate.lost[:] = 0.0
            iterate.scale[0] = np.nan
        dynamics.advance(state.step + 1, NO_STEPS)
        (moved,) = dynamics.position().coefficients


@pytest.mark.parametrize(("step_size", "drop"), [(800.0, 420), (3000.0, 1600)])
def test_steps_so_long_that_a_gradient_loses_hundreds_of_decades_agree_too(
    any_cases: Callable[..., Any], step_size: float, drop: float
) -> None:
    """The scale of the step before is then no use: squares underflow beyond e^-350."""
    cases = any_cases(6, separable=True)
    dynamics = cases.dynamics(NGD, step_size)
    dynamics.advance(2, NO_STEPS)
    scales, last = [], None
    for state in cases.by_torch(NGD, step_size, 2):
        assert isinstance(state, State)
        last = state.layer
        scales.append(last.gradient.log_scale)
    assert (scales[0] - scales[1]).max() > drop
    assert last is not None
    torch.testing.assert_close(dynamics.moved(), last.coefficients, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("depth", [0.0, 40.0, 400.0, 1000.0])
@pytest.mark.parametrize(("copies", "dense"), [(0, False), (3, False), (3, True)])
def test_direction_and_norm_are_right_however_small_the_gradient_is(
    depth: float,
    copies: int,
    dense: bool,
    reference_gradient: Callable[..., tuple[np.ndarray, float]],
) -> None:
    """Against 1,000-digit arithmetic, down to gradient norms of 1e-400."""
    knobs = RealizableDataset(vocab_size=8, queries=3, max_length=5, extra_optimal_copies=copies)
    corpus = generate(knobs, np.random.default_rng(2))
    recognition = recognise(corpus)
    batch = pack([corpus], [recognition.collocation])
    logits = exact_margin(9.23, batch)
    scores = 0.3 * np.random.default_rng(3).standard_normal((8, len(corpus.queries)))
    for query, order in (recognition.orders or {}).items():
        scores[list(order.above), corpus.queries.index(query)] += depth
    if dense:
        logits = logits + 0.1 * torch.from_numpy(np.random.default_rng(4).random(logits.shape))
    exact = [[mpmath.mpf(x) for x in row] for row in logits[0].tolist()]
    unit, log_norm = reference_gradient(scores.tolist(), exact, corpus)
    nothing = torch.zeros(1, dtype=torch.float64)
    matrix = TokenMatrix(torch.from_numpy(scores)[None], nothing)
    dynamics = AttentionKernel(AttentionObjective(batch, matrix, logits), kernel_rule(NGD, 1.0))
    dynamics.advance(1, NO_STEPS)
    (laid,), (iterate,) = dynamics.laid, dynamics.iterates
    assert isinstance(laid.layout, DenseLayout) == dense
    direction = np.zeros(scores.size)
    direction[laid.pairs] = -iterate.moved[: len(laid.pairs)]
    assert np.abs(direction - unit.ravel()).max() <= 1e-14 * max(depth, 10)
    assert iterate.scale[0] == pytest.approx(log_norm, rel=1e-13, abs=1e-12)
    assert log_norm < -2.3 * depth / 2.5 or depth == 0, "the case is as deep as it claims"


def test_a_million_steps_lose_nothing_to_rounding() -> None:
    """One optimal and one wrong token: every normalised step goes along (1, -1) / sqrt 2."""
    samples = [((x,), y) for x, y in enumerate([1, 2, 0])] + [((0, 1), 1)]
    corpus = Corpus.from_samples(samples, vocab_size=3)
    batch = pack([corpus], [recognise(corpus).collocation])
    logits = exact_margin(9.23, batch)
    objective = AttentionObjective(batch, zeros(1, 3, batch.n_queries), logits)
    dynamics = AttentionKernel(objective, kernel_rule(NGD, 0.1))
    dynamics.advance(10**6, NO_STEPS)
    _, (moved,), length, *_ = dynamics.position()
    assert length.item() == pytest.approx(1e5, rel=1e-15)
    assert moved[0, 0].max() == pytest.approx(1e5 / np.sqrt(2), rel=3e-15)
    assert moved[0, 1].min() == pytest.approx(-1e5 / np.sqrt(2), rel=3e-15)


def test_a_gradient_of_exactly_zero_moves_nothing() -> None:
    """A sentence whose tokens all have one column of M, and a corpus without any other."""
    corpus = Corpus.from_samples([((0, 1), 2), ((1, 0, 0), 2)], vocab_size=3)
    batch = pack([corpus], [[2, 2, -1]])
    objective = AttentionObjective(batch, zeros(1, 3, batch.n_queries), exact_margin(5.0, batch))
    dynamics = AttentionKernel(objective, kernel_rule(NGD, 0.1))
    dynamics.advance(10, NO_STEPS)
    _, (moved,), length, *_ = dynamics.position()
    assert not moved.any()
    assert length.item() == 0.0


def test_dense_logits_have_no_gains(any_cases: Callable[..., Any]) -> None:
    batch = any_cases(4, separable=True).batch
    logits = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert gains(logits, batch.collocation[0]) is None
