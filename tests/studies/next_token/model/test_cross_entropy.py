"""The structured loss against the dense one, on corpora of every shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model import cross_entropy as module
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.cross_entropy import cross_entropy
from ntp_dynamics.studies.next_token.model.gradient import DenseCrossEntropy
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.structured import Structured
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, frobenius


def log_norm(gradient: LogScaled) -> torch.Tensor:
    return frobenius(gradient.value).log() + gradient.log_scale


@pytest.mark.parametrize("depth", [1.0, 30.0, 300.0])
@pytest.mark.parametrize("separable", [True, False])
@pytest.mark.parametrize("v", range(2, 10))
def test_gradient_and_forward_pass_agree_with_the_dense_ones(
    any_cases: Callable[..., Any], v: int, separable: bool, depth: float
) -> None:
    """Any number of optimal tokens, copies, shared classes, unequal gains, labels that no token
    predicts: 400 corpora, scores up to a thousand apart."""
    batch, logits, scores, _ = any_cases(v, separable)
    loss = cross_entropy(logits, batch)
    assert all(isinstance(block, Structured) for block in loss.losses)
    slope, forward = loss.gradient(depth * scores)
    dense, expected = DenseCrossEntropy(logits, batch).gradient(depth * scores)
    norm, size = frobenius(slope.value), frobenius(dense.value)
    assert torch.equal(norm == 0, size == 0)
    moving = size > 0
    direction = slope.value[moving] / norm[moving, None, None]
    assert (direction - dense.value[moving] / size[moving, None, None]).abs().max() <= 1e-14
    torch.testing.assert_close(log_norm(slope), log_norm(dense), rtol=1e-14, atol=1e-14)
    real = batch.log_pi > -torch.inf
    torch.testing.assert_close(forward.log_phi, expected.log_phi, rtol=1e-13, atol=1e-13)
    for name in ("log_loss", "wrong_margin"):
        got, wanted = getattr(forward, name)[real], getattr(expected, name)[real]
        torch.testing.assert_close(got, wanted, rtol=1e-14, atol=1e-14)


def test_logits_without_gains_are_dense(any_cases: Callable[..., Any]) -> None:
    batch, logits, scores, _ = any_cases(5, separable=True, dense=True)
    loss = cross_entropy(logits, batch)
    assert all(isinstance(block, DenseCrossEntropy) for block in loss.losses)
    slope, _ = loss.gradient(scores)
    torch.testing.assert_close(
        slope.value, DenseCrossEntropy(logits, batch).gradient(scores)[0].value
    )


@pytest.mark.parametrize("dense", [False, True])
def test_blocks_of_runs_change_nothing_beyond_rounding(
    any_cases: Callable[..., Any], dense: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, logits, scores, _ = any_cases(6, separable=False, dense=dense)
    together = cross_entropy(logits, batch)
    monkeypatch.setattr(module, "BLOCK", 7 * batch.token[0].numel())
    apart = cross_entropy(logits, batch)
    assert len(together.losses) < len(apart.losses)
    for one, other in zip(together.gradient(scores), apart.gradient(scores), strict=True):
        torch.testing.assert_close(vars(one), vars(other), rtol=1e-13, atol=1e-14)


def test_the_same_call_gives_the_same_bits(any_cases: Callable[..., Any]) -> None:
    batch, logits, scores, _ = any_cases(7, separable=False)
    first, second = (cross_entropy(logits, batch).gradient(scores) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(vars(one), vars(other), rtol=0, atol=0)


def test_a_sentence_at_rest_does_not_hide_a_gradient_of_another() -> None:
    """Two wrong tokens in balance beside a gradient of e^-2000, which is then all there is."""
    samples = [((x,), y) for x, y in enumerate([1, 2, 3, 4, 0])]
    corpus = Corpus.from_samples([*samples, ((0, 1), 4), ((0, 1, 2), 1)], vocab_size=5)
    batch = pack([corpus], [[1, 2, 3, 4, 0]])
    scores = torch.zeros(1, 5, batch.n_queries, dtype=torch.float64)
    scores[0, 0, list(corpus.queries).index(2)] = 2000.0
    slope, _ = cross_entropy(exact_margin(9.23, batch), batch).gradient(scores)
    assert log_norm(slope).item() == pytest.approx(-2000, abs=20)
    assert not slope.value[0, :, list(corpus.queries).index(1)].any()


def test_sums_over_sorted_segments_are_those_of_the_scattered(
    any_cases: Callable[..., Any],
) -> None:
    """What a GPU does in place of atomic additions."""
    batch, logits, _, _ = any_cases(6, separable=True)
    loss = cross_entropy(logits, batch).losses[0]
    assert isinstance(loss, Structured)
    entries = torch.from_numpy(
        np.random.default_rng(0).standard_normal(len(loss.slots.pairs.index))
    )
    assert torch.equal(loss.slots.pairs.sum_segments(entries), loss.slots.pairs.sum(entries))
