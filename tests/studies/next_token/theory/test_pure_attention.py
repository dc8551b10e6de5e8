"""Whether attention on the optimal token alone is best, by the slope of the loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.theory.pure_attention import is_best, rates

CORPUS = Corpus.from_samples([([0], 1), ([1], 2), ([2], 0), ([0, 1], 1)])
FOUND = recognise(CORPUS)
EQUAL = np.eye(3)[:, [1, 2, 0]]


def test_rates_are_the_slope_of_the_loss():
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((7, 7))
    best, label, wrong = 2, 4, [0, 3, 6]

    def loss(phi: float, v: int) -> float:
        z = (1 - phi) * logits[:, best] + phi * logits[:, v]
        return np.log(np.exp(z - z[label]).sum())

    miss = 1 - np.exp(-loss(0, 0))
    slopes = [(loss(1e-6, v) - loss(-1e-6, v)) / 2e-6 / miss for v in wrong]
    found = rates(logits[None], np.array([best]), np.array([label]), np.ones((1, 7)))
    np.testing.assert_allclose(found[0, wrong], slopes, rtol=1e-8)


@pytest.mark.parametrize("margin", [0.1, 5.0, 5000.0])
def test_with_equal_margins_attention_on_the_optimal_token_is_best(margin):
    assert is_best([CORPUS], [FOUND], margin * EQUAL[None])


def test_a_wrong_token_that_tells_the_label_from_its_rival_better_helps():
    logits = 5 * EQUAL
    logits[:, 0] = [4.0, 5.0, -5.0]  # the optimal token: label 1, rival 0
    logits[:, 1] = [-9.0, 0.0, 5.0]  # the wrong one: for 2, but far rather 1 than 0
    assert not is_best([CORPUS], [FOUND], logits[None])


def test_a_corpus_that_is_not_realizable_has_no_best():
    corpus = Corpus.from_samples([([0], 1), ([0], 2)], vocab_size=3)
    runs = [CORPUS, corpus, CORPUS], [FOUND, recognise(corpus), FOUND]
    assert is_best(*runs, np.stack([EQUAL] * 3)).tolist() == [True, False, True]


def test_many_unused_tokens_weigh_what_they_stand_for():
    """The rival that the wrong token rules out stands for one token, or for many."""
    logits = 5 * EQUAL
    logits[:, 0] = [2.0, 5.0, 1.0]
    logits[:, 1] = [4.5, 5.0, -1.0]
    corpora = [CORPUS, replace(CORPUS, unused=1000)]
    best = is_best(corpora, [FOUND, FOUND], np.stack([logits, logits]))
    assert best.tolist() == [True, False]
