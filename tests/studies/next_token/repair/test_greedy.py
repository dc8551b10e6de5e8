"""What is kept under one n, beside the same rule in a few lines; and where n begins."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import product

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.repair.collocation import (
    cooccurrence,
    covering,
    followers,
    injective,
    most_reached,
)
from ntp_dynamics.studies.next_token.repair.greedy import Kept
from ntp_dynamics.studies.next_token.repair.search import Search
from ntp_dynamics.studies.next_token.repair.terms import Choice, Terms, pairs_of
from tests.studies.next_token.repair.conftest import drawn


def acyclic(relations: set[tuple[int, int]]) -> bool:
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for above, below in relations:
        sorter.add(above, below)
    try:
        sorter.prepare()
    except CycleError:
        return False
    return True


def by_the_rule(corpus: Corpus, n: np.ndarray, two_levels: bool) -> list[bool]:
    """Samples by falling weight, then fewer distinct tokens, each where it breaks nothing."""
    kept, orders = [False] * corpus.size, {q: set() for q in range(corpus.vocab_size)}
    size = [len(set(sentence)) for sentence in corpus.sentences]
    for i in sorted(range(corpus.size), key=lambda i: (-corpus.weights[i], size[i])):
        tokens, label = set(corpus.sentences[i]), corpus.next_tokens[i]
        optimal = {x for x in tokens if n[x] == label}
        if not optimal or any(n[x] < 0 for x in tokens):
            continue
        order = orders[corpus.sentences[i][-1]]
        more = order | set(product(optimal, tokens - optimal))
        confused = {a for a, _ in more} & {b for _, b in more}
        if not confused if two_levels else acyclic(more):
            kept[i] = True
            order |= more
    return kept


@pytest.mark.parametrize("two_levels", [False, True])
def test_what_is_kept_is_what_the_rule_keeps(two_levels: bool) -> None:
    for seed in range(30):
        corpus = drawn(seed, tokens=12, samples=250, longest=5)
        n = np.random.default_rng(seed).integers(-1 if seed % 3 == 0 else 0, 12, size=12)
        kept = Kept(corpus, Terms(assumption1=two_levels), n)
        assert kept.mask.tolist() == by_the_rule(corpus, n, two_levels)
        assert kept.mask.any()
        assert not kept.mask.all()


def test_queries_chosen_again_give_what_all_together_gave() -> None:
    corpus = drawn(1, tokens=8, samples=200)
    n = covering(pairs_of(corpus, Choice.declared), corpus.weight)
    kept = Kept(corpus, Terms(), n)
    before = kept.mask.copy()
    for query in np.random.default_rng(0).permutation(8):
        kept.choose(np.array([query]))
    assert (kept.mask == before).all()


@pytest.mark.parametrize("terms", [Terms(), Terms(assumption1=True)], ids=["any", "injective"])
def test_a_search_leaves_the_state_that_its_n_gives(terms: Terms) -> None:
    for choice in Choice:
        asked = Terms(assumption1=terms.assumption1, assumption3=True, collocation=choice)
        for seed in range(5):
            corpus = drawn(seed, tokens=9, samples=120)
            pairs = pairs_of(corpus, choice)
            start = followers(pairs, corpus.weight)
            if terms.assumption1:
                start = injective(corpus, pairs, cooccurrence(pairs, corpus.weight))
            kept = Kept(corpus, asked, start)
            before = kept.weight
            Search(kept, pairs).run()
            anew = Kept(corpus, asked, kept.n)
            assert (kept.mask == anew.mask).all()
            assert (kept.state.right == anew.state.right).all()
            assert (kept.state.usable == anew.state.usable).all()
            assert kept.weight >= before


def reached(corpus: Corpus, n: tuple[int, ...]) -> float:
    return sum(
        weight
        for tokens, label, weight in zip(
            corpus.sentences, corpus.next_tokens, corpus.weights, strict=True
        )
        if any(n[x] == label for x in tokens)
    )


def test_coverage_is_within_a_half_of_the_best_and_its_bound_above_it() -> None:
    gaps = []
    for seed in range(12):
        corpus = drawn(seed, tokens=4, samples=20)
        best = max(reached(corpus, n) for n in product(range(4), repeat=4))
        pairs = pairs_of(corpus, Choice.declared)
        n = covering(pairs, corpus.weight)
        found = reached(corpus, tuple(n.tolist()))
        assert best / 2 <= found <= best <= most_reached(pairs, corpus.weight, n)
        gaps.append(found / best)
    assert np.mean(gaps) > 0.95  # a half is what is proved; coordinate ascent does better


def test_the_commonest_follower_by_hand() -> None:
    samples = [([0], 1, 1.0), ([1, 0], 2, 3.0), ([0, 1], 0, 1.0), ([2, 1], 0, 1.0), ([1], 2, 1.5)]
    pairs = pairs_of(corpus := Corpus.from_samples(samples, vocab_size=3), Choice.declared)
    assert followers(pairs, corpus.weight).tolist() == [2, 0, 0]  # 2 ends no sample: its best label


def test_an_injective_n_is_the_assignment_of_most_value() -> None:
    corpus = drawn(5, tokens=4, samples=30)
    pairs = pairs_of(corpus, Choice.declared)
    value = cooccurrence(pairs, corpus.weight)
    n = injective(corpus, pairs, value)
    assert sorted(n.tolist()) == [0, 1, 2, 3]

    def of(n: tuple[int, ...]) -> float:
        found = (pairs.find(x, y) for x, y in enumerate(n))
        return sum(float(value[i]) for i in found if i >= 0)

    assert of(tuple(n.tolist())) == max(
        of(m) for m in product(range(4), repeat=4) if len({*m}) == 4
    )
