"""The log-domain gradient against autograd, closed forms and high precision."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.data import embedding as embeddings
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import GaussianInit, RealizableDataset
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.cross_entropy import cross_entropy
from ntp_dynamics.studies.next_token.model.gradient import (
    DenseCrossEntropy,
    Forward,
    feed_forward_gradient,
)
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    exact_margin,
    feed_forward_matrix,
    initial_weight,
)
from ntp_dynamics.studies.next_token.model.token_space import LogScaled
from ntp_dynamics.studies.next_token.model.transformer import Transformer
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
)
from ntp_dynamics.studies.next_token.optim.rules import normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import State

STEPS = 200
GradientOf = Callable[..., tuple[LogScaled, Forward]]
KNOBS = RealizableDataset(vocab_size=12, queries=5, extra_optimal_copies=2)


def embedding_of(kind: str, rng: np.random.Generator) -> embeddings.TokenVectors:
    if kind == "orthonormal":
        return embeddings.orthonormal(12, 15, rng)
    return embeddings.gaussian(12, {"gaussian, d = V": 12, "gaussian, d < V": 7}[kind], rng)


@pytest.mark.parametrize("kind", ["orthonormal", "gaussian, d = V", "gaussian, d < V"])
def test_every_step_agrees_with_autograd_on_the_d_by_d_matrices(kind: str) -> None:
    """Loss, gradient and its norm, weights as tokens see them and their norm: 200 steps of each
    stage, gaussian init, beside descent of W itself."""
    rng = np.random.default_rng(0)
    corpora = [generate(KNOBS, rng) for _ in range(2)]
    collocations = [recognise(corpus).collocation for corpus in corpora]
    batch = pack(corpora, collocations)
    e = [embedding_of(kind, rng) for _ in corpora]
    dim = e[0].matrix.shape[0]
    w_ov = [initial_weight(GaussianInit(norm=1.1), (12, dim), rng) for _ in corpora]
    w_kq = [initial_weight(GaussianInit(norm=1.1), (dim, dim), rng) for _ in corpora]
    rule = normalised_gradient_descent()
    oracles = [Transformer(torch.from_numpy(x.matrix)) for x in e]
    for oracle, ov, kq in zip(oracles, w_ov, w_kq, strict=True):
        oracle.feed_forward.weight.data = torch.from_numpy(ov.copy())
        oracle.attention.weight.data = torch.from_numpy(kq.copy())
    vectors = [torch.from_numpy(x.matrix) for x in e]
    queries = [x[:, list(c.queries)] for x, c in zip(vectors, corpora, strict=True)]

    def compare(state: State, run: int, w: torch.nn.Parameter, left, right, loss, log_loss) -> None:
        layer, columns = state.layer, right.shape[1]
        w.grad = None
        loss.backward()
        assert w.grad is not None
        size = w.grad.norm()
        assert torch.exp(log_loss) == pytest.approx(loss.item(), rel=1e-12)
        scale = layer.slope.log_scale[run].exp()
        slope = left @ layer.slope.value[run, :, :columns] @ right.T * scale
        assert (slope - w.grad).norm() <= 1e-12 * size
        norm = layer.matrix.gradient_norm(layer.gradient.value)[run]
        assert norm * layer.gradient.log_scale[run].exp() == pytest.approx(size.item(), rel=1e-12)
        seen = left.T @ w.detach() @ right
        torch.testing.assert_close(layer.value[run, :, :columns], seen, rtol=1e-12, atol=1e-12)
        length = layer.matrix.norm(layer.coefficients)[run]
        assert length == pytest.approx(w.detach().norm().item(), rel=1e-12)
        w.data -= 0.05 * w.grad / size

    logits = None
    first = FeedForwardObjective(batch, feed_forward_matrix(w_ov, e, batch, entrywise=False))
    for state in every_state(Descent(first, rule, [0.05]), STEPS):
        logits = state.logits
        for run, oracle in enumerate(oracles):
            loss = oracle.collocation_loss(collocations[run])
            log_loss = state.forward.log_loss[run].logsumexp(-1)
            w = oracle.feed_forward.weight
            compare(state, run, w, torch.eye(12).double(), vectors[run], loss, log_loss)
    assert logits is not None
    for run, oracle in enumerate(oracles):  # where the last state stands
        oracle.feed_forward.weight.data = logits[run] @ torch.linalg.pinv(vectors[run])
    second = AttentionObjective(batch, attention_matrix(w_kq, e, batch, entrywise=False), logits)
    for state in every_state(Descent(second, rule, [0.05]), STEPS):
        for run, oracle in enumerate(oracles):
            loss = oracle.loss(corpora[run])
            log_loss = (state.forward.log_loss + batch.log_pi)[run].logsumexp(-1)
            w = oracle.attention.weight
            compare(state, run, w, vectors[run], queries[run], loss, log_loss)
        largest = -state.forward.wrong_margin.masked_fill(batch.log_pi == -torch.inf, 0.0).min()
        assert largest < 10, "the oracle is only right while margins stay small"


PATHS = {
    "dense": lambda scores, logits, batch: DenseCrossEntropy(logits, batch).gradient(scores),
    "structured": lambda scores, logits, batch: cross_entropy(logits, batch).gradient(scores),
}
each_path = pytest.mark.parametrize("gradient_of", PATHS.values(), ids=PATHS)


@each_path
@pytest.mark.parametrize("copies", [0, 3])
@pytest.mark.parametrize("depth", [0.0, 40.0, 400.0, 1000.0])
def test_direction_is_right_however_small_the_gradient_is(
    depth: float,
    copies: int,
    gradient_of: GradientOf,
    reference_gradient: Callable[..., tuple[np.ndarray, float]],
) -> None:
    """Against 1,000-digit arithmetic, down to gradient norms of 1e-400."""
    knobs = RealizableDataset(vocab_size=8, queries=3, max_length=5, extra_optimal_copies=copies)
    corpus = generate(knobs, np.random.default_rng(2))
    recognition = recognise(corpus)
    batch = pack([corpus], [recognition.collocation])
    logits = exact_margin(9.23, batch)
    rng = np.random.default_rng(3)
    scores = 0.3 * rng.standard_normal((8, len(corpus.queries)))
    for query, order in (recognition.orders or {}).items():
        scores[list(order.above), corpus.queries.index(query)] += depth
    gradient, _ = gradient_of(torch.from_numpy(scores)[None], logits, batch)
    exact = [[mpmath.mpf(x) for x in row] for row in logits[0].tolist()]
    unit, log_norm = reference_gradient(scores.tolist(), exact, corpus)
    norm = gradient.value[0].norm()
    assert np.abs(gradient.value[0].numpy() / norm.item() - unit).max() <= 1e-14 * max(depth, 10)
    assert norm.log() + gradient.log_scale[0] == pytest.approx(log_norm, rel=1e-13, abs=1e-12)
    assert log_norm < -2.3 * depth / 2.5 or depth == 0, "the case is as deep as it claims"


def test_feed_forward_gradient_is_right_at_margin_2000() -> None:
    """Where exp(-margin) is no float, the direction is still that of the closed form."""
    corpus = generate(KNOBS, np.random.default_rng(1))
    batch = pack([corpus], [recognise(corpus).collocation])
    gradient, forward = feed_forward_gradient(exact_margin(2000.0, batch), batch)
    target = exact_margin(1.0, batch)
    cosine = (-gradient.value * target).sum() / gradient.value.norm() / target.norm()
    assert cosine == pytest.approx(1.0, abs=1e-15)
    assert forward.log_loss.logsumexp(-1) == pytest.approx(np.log(12 * 11) - 2000, rel=1e-14)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([0.0, 1.0, 30.0, 1000.0]))
def test_gradients_of_every_query_sum_to_zero(seed: int, scale: float) -> None:
    """Any weights: the softmax of attention does not see a common shift of a query's scores."""
    rng = np.random.default_rng(seed)
    corpora = [generate(KNOBS, rng) for _ in range(2)]
    batch = pack(corpora, [recognise(corpus).collocation for corpus in corpora])
    scores = torch.from_numpy(scale * rng.standard_normal((2, 12, batch.n_queries)))
    logits = torch.from_numpy(5 * rng.standard_normal((2, 12, 12)))
    gradient, _ = DenseCrossEntropy(logits, batch).gradient(scores)
    size = gradient.value.square().sum((1, 2)).sqrt()
    assert (gradient.value.sum(1).abs().amax(-1) <= 1e-13 * size).all()


@each_path
def test_two_optimal_tokens_with_one_continuation_share_a_class(gradient_of: GradientOf) -> None:
    """n not injective: both optimal types keep their common gain while the leak is 1e-300."""
    samples = [((x,), y) for x, y in enumerate([2, 2, 3, 4, 0])] + [((0, 1, 4), 2)]
    corpus = Corpus.from_samples(samples, vocab_size=5)
    batch = pack([corpus], [recognise(corpus).collocation])
    scores = torch.zeros(1, 5, 1, dtype=torch.float64)
    scores[0, :2] = 690.0
    scores[0, 1] -= 1.0
    gradient, _ = gradient_of(scores, exact_margin(9.0, batch), batch)
    up = gradient.value[0, :, 0]
    assert up[0] < 0
    assert up[0] / up[1] == pytest.approx(np.e, rel=1e-12), "in proportion to their masses"
    assert up[4] == pytest.approx(-(up[0] + up[1]).item(), rel=1e-12)


@each_path
def test_a_run_does_not_depend_on_the_corpora_it_is_batched_with(gradient_of: GradientOf) -> None:
    small = generate(RealizableDataset(vocab_size=12, queries=2), np.random.default_rng(0))
    large = generate(RealizableDataset(vocab_size=12, queries=9), np.random.default_rng(1))
    n = [recognise(small).collocation, recognise(large).collocation]
    alone, both = pack([small], n[:1]), pack([small, large], n)
    one, _ = gradient_of(torch.zeros(1, 12, 2).double(), exact_margin(5, alone), alone)
    two, _ = gradient_of(torch.zeros(2, 12, 9).double(), exact_margin(5, both), both)
    torch.testing.assert_close(one.value[0], two.value[0, :, :2], rtol=1e-14, atol=0)
    assert not two.value[0, :, 2:].any()
    torch.testing.assert_close(one.log_scale[0], two.log_scale[0], rtol=1e-15, atol=0)
