"""Generated votes keep what the generator promises, over its knobs and at their edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.choices import Weights
from ntp_dynamics.studies.next_token.data.orders import one_optimal, optimal_tokens
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.data.votes import LABELS, generate_votes, most_of_a_vote
from ntp_dynamics.studies.next_token.groups import VotesDataset


def random_knobs(rng: np.random.Generator) -> VotesDataset:
    """Any knobs that the configuration allows, small ones."""

    def up_to(least: int, most: int) -> int:
        return int(rng.integers(least, most + 1))

    while True:
        vocab_size, levels = up_to(2, 14), up_to(2, 4)
        knobs = VotesDataset(
            vocab_size=vocab_size,
            queries=up_to(1, vocab_size),
            sentences_per_query=up_to(1, 6),
            optimal=up_to(1, 4),
            non_optimal=up_to(levels - 1, 8),
            max_length=up_to(2, 8),
            levels=levels,
            p_star=float(rng.choice([0, 0.3, 1])),
            weights=Weights(rng.choice(["uniform", "dirichlet", "powers"])),
        )
        fits = knobs.optimal + knobs.non_optimal <= vocab_size
        if fits and most_of_a_vote(knobs) <= vocab_size // 2:
            return knobs


@pytest.fixture(scope="module")
def drawn():
    """300 generated corpora: (knobs, corpus, what the recogniser found)."""
    rng = np.random.default_rng(0)
    knobs = [random_knobs(rng) for _ in range(300)]
    corpora = [generate_votes(k, rng) for k in knobs]
    return [(k, c, recognise(c)) for k, c in zip(knobs, corpora, strict=True)]


def test_every_corpus_is_realizable_and_each_half_of_the_tokens_votes_for_one_label(drawn) -> None:
    for knobs, corpus, found in drawn:
        assert found.realizable, knobs
        assert corpus.labels == LABELS
        votes = np.bincount(found.collocation, minlength=2)
        assert votes.tolist() == [(knobs.vocab_size + 1) // 2, knobs.vocab_size // 2]


def test_every_sentence_has_one_right_voter_and_says_something_else(drawn) -> None:
    for knobs, corpus, found in drawn:
        assert one_optimal(corpus, found.collocation), knobs
        for i in np.flatnonzero(corpus.rows.lengths > 1).tolist():
            optimal, others = optimal_tokens(corpus, i, found.collocation)
            assert len(optimal) == 1
            assert others
            assert len(corpus.sentences[i]) <= knobs.max_length


def test_two_levels_confuse_no_token_and_more_levels_do(drawn) -> None:
    deep = [found.confused for knobs, _, found in drawn if knobs.levels > 2]
    assert not any(found.confused for knobs, _, found in drawn if knobs.levels == 2)
    assert any(deep)


def test_both_labels_are_asked_for_and_stars_where_they_are_likely(drawn) -> None:
    asked = [set(c.label[c.rows.lengths > 1].tolist()) for _, c, _ in drawn]
    assert {0, 1} in asked
    for knobs, corpus, found in drawn:
        if knobs.levels == 2 and knobs.p_star == 1:
            longer = corpus.rows.lengths > 1
            assert (np.array(found.collocation)[corpus.rows.last] == corpus.label)[longer].all()


def test_equal_seeds_give_equal_corpora_and_others_others() -> None:
    knobs = replace(VotesDataset(), weights=Weights.powers)
    one, again, other = (generate_votes(knobs, np.random.default_rng(s)) for s in (3, 3, 4))
    assert one == again
    assert one != other
