"""Prefix-closed corpora: realizable by construction, and what their knobs promise."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.choices import Weights
from ntp_dynamics.studies.next_token.data.prefix_closed import generate_prefix_closed
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import PrefixClosedDataset


def corpus(seed: int, **knobs):
    return generate_prefix_closed(PrefixClosedDataset(**knobs), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(200))
def test_every_draw_meets_assumptions_1_and_3_and_is_prefix_closed(seed: int) -> None:
    drawn = corpus(seed, max_length=2 + seed % 9, p_stop=(0.0, 0.2, 0.6)[seed % 3])
    found = recognise(drawn)
    assert found.assumption1
    assert not found.assumption3_violations
    assert drawn.max_length <= 2 + seed % 9
    continuation = dict(zip(drawn.sentences, drawn.next_tokens, strict=True))
    for sentence in drawn.sentences:
        if len(sentence) > 1:
            assert continuation[sentence[:-1]] == sentence[-1]


def test_corpora_have_the_size_of_the_reference() -> None:
    """200 draws at V = 20, at most 8 tokens with the continuation: 57 samples on average."""
    sizes = [corpus(seed, max_length=7, p_stop=0.15).size for seed in range(200)]
    assert 53 < np.mean(sizes) < 61
    assert max(sizes) < 100


def test_counts_are_of_whole_trajectories() -> None:
    """A prefix counts as often as its trajectory; every first token occurs."""
    drawn = corpus(0, draws=100)
    weight = dict(zip(drawn.sentences, drawn.weights, strict=True))
    first = {s[0]: w for s, w in weight.items() if len(s) == 1}
    assert sum(first.values()) == 100
    assert min(first.values()) >= 1
    assert len(Counter(first.values())) > 2
    assert all(w == first[sentence[0]] for sentence, w in weight.items())
    assert set(corpus(0, draws=1).weights) == {1.0}


def test_weights_of_other_kinds_are_as_in_the_free_generator() -> None:
    assert set(corpus(0, weights=Weights.uniform).weights) == {1.0}
    spread = np.log10(corpus(0, weights=Weights.powers, decades=4.0).weights)
    assert spread.min() > -4
    assert spread.max() < 0
    assert np.ptp(spread) > 2


def test_equal_seeds_give_equal_corpora() -> None:
    assert corpus(3) == corpus(3)
    assert corpus(3) != corpus(4)
