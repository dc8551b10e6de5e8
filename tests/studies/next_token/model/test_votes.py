"""Two labels: the cross-entropy is logistic in Delta (phi_+ - phi_-), whoever computes it."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch
from torch import Tensor

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.data.votes import generate_votes
from ntp_dynamics.studies.next_token.groups import NormalisedGradientDescent, VotesDataset
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.cross_entropy import cross_entropy
from ntp_dynamics.studies.next_token.model.excess import log_excess
from ntp_dynamics.studies.next_token.model.gradient import DenseCrossEntropy, feed_forward_gradient
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.kernel import Layout
from ntp_dynamics.studies.next_token.model.layout import lay_out
from ntp_dynamics.studies.next_token.model.transformer import Transformer

NGD = NormalisedGradientDescent()
DELTA = 3.0


def packed(corpus: Corpus) -> Batch:
    return pack([corpus], [recognise(corpus).collocation])


def drawn(seed: int) -> tuple[Corpus, Batch, Tensor]:
    """Random votes, a confused order among them, and scores to look at them with."""
    rng = np.random.default_rng(seed)
    knobs = VotesDataset(vocab_size=12, queries=6, levels=2 + seed % 2, max_length=5)
    corpus = generate_votes(knobs, rng)
    batch = packed(corpus)
    return corpus, batch, torch.from_numpy(rng.standard_normal((1, 12, batch.n_queries)))


def module_of(corpus: Corpus, batch: Batch, scores: Tensor, logits: Tensor) -> Transformer:
    """The plain module at these scores and logits, on the standard basis."""
    v = corpus.vocab_size
    model = Transformer(torch.eye(v, dtype=torch.float64), len(corpus.labels))
    model.attention.weight.data[:, list(corpus.queries)] = scores[0]
    model.feed_forward.weight.data = logits[0].clone()
    return model


@pytest.mark.parametrize("seed", range(6))
def test_slopes_and_loss_are_those_of_the_plain_module(seed: int) -> None:
    """Structured, dense and by autograd, where that is right."""
    corpus, batch, scores = drawn(seed)
    logits = exact_margin(DELTA, batch)
    assert logits.shape == (1, 2, 12)
    assert logits.abs().eq(DELTA / 2).all()
    model = module_of(corpus, batch, scores, logits)
    loss = model.loss(corpus)
    loss.backward()
    assert model.attention.weight.grad is not None
    slope = model.attention.weight.grad[:, list(corpus.queries)]
    for engine in (cross_entropy(logits, batch), DenseCrossEntropy(logits, batch)):
        gradient, forward = engine.gradient(scores)
        found = gradient.value[0] * gradient.log_scale.exp()
        torch.testing.assert_close(found, slope, rtol=1e-12, atol=1e-15)
        total = (forward.log_loss + batch.log_pi).logsumexp(-1).exp()
        torch.testing.assert_close(total[0], loss.detach(), rtol=1e-13, atol=0)


@pytest.mark.parametrize("seed", range(6))
def test_the_loss_is_logistic_in_the_difference_of_attention(seed: int) -> None:
    """softplus(-Delta (phi_+ - phi_-)) sentence by sentence, and its slope by autograd."""
    corpus, batch, scores = drawn(seed)
    found = recognise(corpus).collocation
    column = {q: i for i, q in enumerate(corpus.queries)}
    s = scores[0].clone().requires_grad_()
    loss = torch.zeros((), dtype=torch.float64)
    for i, sentence in enumerate(corpus.sentences):
        query = s[:, column[sentence[-1]]] if sentence[-1] in column else torch.zeros_like(s[:, 0])
        phi = query[list(sentence)].softmax(0)
        right = torch.tensor([found[x] == corpus.next_tokens[i] for x in sentence])
        f = DELTA * (phi[right].sum() - phi[~right].sum())
        loss = loss + corpus.pi[i] * torch.nn.functional.softplus(-f)
    (slope,) = torch.autograd.grad(loss, s)
    gradient, forward = cross_entropy(exact_margin(DELTA, batch), batch).gradient(scores)
    total = (forward.log_loss + batch.log_pi).logsumexp(-1).exp()
    torch.testing.assert_close(total[0], loss.detach(), rtol=1e-13, atol=0)
    found_slope = gradient.value[0] * gradient.log_scale.exp()
    torch.testing.assert_close(found_slope, slope, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("scale", [0.0, 2.0, 30.0, 3000.0])
def test_the_excess_loss_is_exact_however_small_it_is(scale: float) -> None:
    """Against 3,000 digits; scores so far apart that the leak falls below e^-2000."""
    corpus, batch, scores = drawn(2)
    scores = scores * scale
    collocation, column = (
        recognise(corpus).collocation,
        {q: i for i, q in enumerate(corpus.queries)},
    )
    with mpmath.workdps(3000):
        least = mpmath.log1p(mpmath.exp(-mpmath.mpf(DELTA)))
        excess = mpmath.mpf(0)
        for i, sentence in enumerate(corpus.sentences):
            if len(sentence) == 1:
                continue
            a = [
                mpmath.exp(mpmath.mpf(float(scores[0, x, column[sentence[-1]]]))) for x in sentence
            ]
            right = [collocation[x] == corpus.next_tokens[i] for x in sentence]
            wrong = sum(y for y, hit in zip(a, right, strict=True) if not hit) / sum(a)
            f = DELTA * (1 - 2 * wrong)
            excess += mpmath.mpf(corpus.pi[i]) * (mpmath.log1p(mpmath.exp(-f)) - least)
        expected = float(mpmath.log(excess))
    logits = exact_margin(DELTA, batch)
    _, forward = cross_entropy(logits, batch).gradient(scores)
    assert log_excess(forward, logits, batch).item() == pytest.approx(
        expected, rel=1e-12, abs=1e-12
    )


def test_the_excess_of_one_sentence_by_hand_in_the_far_tail() -> None:
    """Leak r = e^-2000 to first order: the excess is 2 Delta r p0, p0 = 1 / (1 + e^Delta)."""
    samples = [([0], 0), ([1], 1), ([0, 1], 0)]
    corpus = Corpus.from_samples(samples, vocab_size=2, labels="+-")
    batch = packed(corpus)
    scores = torch.tensor([[[2000.0], [0.0]]], dtype=torch.float64)
    logits = exact_margin(DELTA, batch)
    _, forward = cross_entropy(logits, batch).gradient(scores)
    expected = math.log(2 * DELTA / (1 + math.exp(DELTA)) / 3) - 2000
    assert log_excess(forward, logits, batch).item() == pytest.approx(expected, rel=1e-13)


def test_no_sentence_of_a_layout_lacks_more_classes_than_there_are() -> None:
    """A sentence of two tokens beside one of six: four slots stand empty, and no class is left."""
    alone = [([0], 0), *(([token], 1) for token in range(1, 6))]
    samples = [*alone, ([0, 1], 0), ([0, 1, 2, 3, 4, 5], 0)]
    batch = packed(Corpus.from_samples(samples, vocab_size=6, labels="+-"))
    laid = lay_out(batch, 0, exact_margin(DELTA, batch)[0])
    assert isinstance(laid.layout, Layout)
    assert laid.layout.rest[laid.row].tolist() == [1.0] * 6 + [0.0] * 2


def test_stage_one_of_two_labels_is_that_of_the_plain_module() -> None:
    corpus, batch, _ = drawn(0)
    logits = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 2, 12)))
    model = module_of(corpus, batch, torch.zeros(1, 12, batch.n_queries).double(), logits)
    loss = model.collocation_loss(recognise(corpus).collocation)
    (slope,) = torch.autograd.grad(loss, model.feed_forward.weight)
    gradient, forward = feed_forward_gradient(logits, batch)
    torch.testing.assert_close(gradient.value[0] * gradient.log_scale.exp(), slope)
    torch.testing.assert_close(forward.log_loss.logsumexp(-1).exp()[0], loss.detach())
