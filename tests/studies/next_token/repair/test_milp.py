"""The integer program alone: what it finds without greedy and search, and what it may claim."""

from __future__ import annotations

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.repair.milp import is_proved, solve
from ntp_dynamics.studies.next_token.repair.part import realizable_part
from ntp_dynamics.studies.next_token.repair.terms import Choice, Terms, pairs_of
from tests.studies.next_token.repair.conftest import drawn


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize("assumption1", [False, True])
def test_it_finds_and_bounds_the_largest_by_itself(choice: Choice, assumption1: bool) -> None:
    """Long sentences of few tokens: copies matter for Assumption 3."""
    for seed in range(8):
        corpus = drawn(seed, tokens=3, samples=9, longest=7)
        terms = Terms(assumption1=assumption1, assumption3=True, collocation=choice)
        optimum = solve(corpus, terms, pairs_of(corpus, choice), None)
        assert optimum is not None
        part = realizable_part(corpus, terms)
        assert optimum.kept.weight == part.weight <= optimum.bound + 1e-6 * corpus.weight.sum()
        assert part.proved


def test_two_copies_of_an_optimal_token_outweigh_as_many_of_another() -> None:
    """Under Assumption 3 (x, x, q, q) -> n(x) may be kept, (x, q, q) -> n(x) may not."""
    alone = [([0], 1, 9.0), ([1], 0, 9.0)]
    for sentence, kept in (([0, 0, 1, 1], True), ([0, 1, 1], False)):
        corpus = Corpus.from_samples([*alone, (sentence, 1, 1.0)], vocab_size=2)
        terms = Terms(assumption3=True)
        optimum = solve(corpus, terms, pairs_of(corpus, Choice.declared), None)
        assert optimum is not None
        assert optimum.kept.mask.tolist() == [True, True, kept]
        assert optimum.bound == pytest.approx(18.0 + kept, abs=1e-4)


def test_between_two_sums_of_whole_weights_there_is_no_other() -> None:
    whole, broken = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.5, 3.0])
    assert is_proved(5.0, 5.9, whole)
    assert not is_proved(5.0, 6.0, whole)
    assert not is_proved(5.0, 5.9, broken)
    assert is_proved(5.5, 5.5 + 1e-6, broken)
    assert not is_proved(5.0, 6.5, np.full(10**6, 1.0))  # all but a millionth of 10**6
