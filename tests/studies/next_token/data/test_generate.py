"""Generated corpora keep what the generator promises, over its knobs and at their edges."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.choices import Density, Weights
from ntp_dynamics.studies.next_token.data.generate import blueprint, generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import RealizableDataset


def random_knobs(rng):
    """Any knobs that the configuration allows, small ones."""

    def up_to(least, most):
        return int(rng.integers(least, most + 1))

    vocab_size = up_to(2, 12)
    levels = up_to(2, min(vocab_size, 4))
    non_optimal = up_to(levels - 1, vocab_size - 1)
    density = Density.complete if rng.random() < 0.4 else Density.random
    return RealizableDataset(
        vocab_size=vocab_size,
        queries=up_to(1, vocab_size),
        sentences_per_query=up_to(1, 6),
        optimal=up_to(1, vocab_size - non_optimal),
        non_optimal=non_optimal,
        max_length=up_to(2 if density is Density.random else non_optimal + 1, 14),
        levels=levels,
        p_star=float(rng.choice([0, 0.3, 1])),
        density=density,
        extra_optimal_copies=up_to(0, 2) * up_to(0, 1),
        extra_wrong_copies=up_to(0, 2) * up_to(0, 1),
        weights=Weights(rng.choice(list(Weights))),
        concentration=float(rng.choice([0.01, 1, 100])),
        decades=float(rng.choice([0.5, 6, 100])),
    )


@pytest.fixture(scope="module")
def drawn():
    """500 generated corpora: (knobs, blueprint, what the recogniser found)."""
    rng = np.random.default_rng(0)
    knobs = [random_knobs(rng) for _ in range(500)]
    blueprints = [blueprint(k, rng) for k in knobs]
    return [(k, b, recognise(b.corpus)) for k, b in zip(knobs, blueprints, strict=True)]


def level_of(blueprint, query):
    return {token: i for i, level in enumerate(blueprint.levels[query]) for token in level}


def test_every_generated_corpus_is_realizable(drawn):
    for knobs, made, found in drawn:
        assert found.realizable, knobs
        assert found.injective
        assert found.collocation == made.collocation
        assert made.corpus.vocab_size == knobs.vocab_size


def test_the_queries_are_as_many_as_asked_for(drawn):
    for knobs, made, _ in drawn:
        assert len(made.levels) == knobs.queries
        assert set(made.corpus.queries) == set(made.levels)
        longer = Counter(s[-1] for s in made.corpus.sentences if len(s) > 1)
        assert max(longer.values()) <= knobs.sentences_per_query


def test_levels_have_the_sizes_asked_for_and_hold_their_query(drawn):
    for knobs, made, _ in drawn:
        for query, levels in made.levels.items():
            tokens = [token for level in levels for token in level]
            assert len(tokens) == len(set(tokens))
            assert query in tokens
            star = knobs.levels == 2 and levels[0] == [query]
            assert len(levels[0]) == (1 if star else knobs.optimal)
            lower = [len(level) for level in levels[1:]]
            assert sum(lower) == knobs.non_optimal
            assert len(lower) == knobs.levels - 1
            assert lower == sorted(lower)
            assert lower[-1] - lower[0] <= 1
            if query in levels[0]:
                assert star
                assert knobs.p_star > 0
            else:
                assert knobs.p_star < 1 or knobs.levels > 2


def test_no_relation_contradicts_the_levels_it_was_made_from(drawn):
    relations = 0
    for knobs, made, found in drawn:
        for query, order in found.orders.items():
            level = level_of(made, query)
            for above, below in order.relations:
                assert level[above] < level[below], knobs
                relations += 1
    assert relations > 10_000


def test_no_token_is_confused_with_two_levels_and_many_are_with_more(drawn):
    for knobs, _, found in drawn:
        assert knobs.levels > 2 or not found.confused
        assert found.assumption1 == (not found.confused)
    assert sum(bool(found.confused) for _, _, found in drawn) > 100


def test_assumption_3_fails_only_where_extra_wrong_copies_are_asked_for(drawn):
    for knobs, _, found in drawn:
        assert knobs.extra_wrong_copies or not found.assumption3_violations
    assert sum(bool(found.assumption3_violations) for _, _, found in drawn) > 50


def test_no_sentence_is_longer_than_asked_for_unless_copies_are(drawn):
    reached = 0
    for knobs, made, _ in drawn:
        if not knobs.extra_optimal_copies and not knobs.extra_wrong_copies:
            assert made.corpus.max_length <= knobs.max_length
            reached += made.corpus.max_length == knobs.max_length
        body = min(knobs.max_length - 1, knobs.non_optimal) * (1 + knobs.extra_wrong_copies)
        assert made.corpus.max_length <= 2 + knobs.extra_optimal_copies + body
    assert reached > 20


def test_optimal_copies_are_as_many_as_asked_for(drawn):
    """One, up to so many more; a query that is its own optimum stands last in any case."""
    most = Counter()
    for knobs, made, _ in drawn:
        for sentence, following in zip(made.corpus.sentences, made.corpus.next_tokens, strict=True):
            copies = sum(made.collocation[token] == following for token in sentence)
            assert 1 <= copies <= 1 + knobs.extra_optimal_copies
            key = knobs.extra_optimal_copies
            most[key] = max(most[key], copies)
    assert most == {0: 1, 1: 2, 2: 3}


@pytest.mark.parametrize("p_star", [0.0, 1.0])
def test_complete_sentences_give_every_token_the_role_of_its_level(p_star):
    rng = np.random.default_rng(1)
    for _ in range(60):
        knobs = replace(random_knobs(rng), levels=2, density=Density.complete, p_star=p_star)
        knobs = replace(
            knobs,
            max_length=knobs.non_optimal + 1,
            sentences_per_query=knobs.optimal + int(rng.integers(0, 3)),
        )
        made = blueprint(knobs, rng)
        orders = recognise(made.corpus).orders
        assert orders is not None
        assert set(orders) == set(made.levels)
        for query, (top, bottom) in made.levels.items():
            assert orders[query].optimal == set(top)
            assert orders[query].non_optimal == set(bottom)
            assert len(orders[query].relations) == len(top) * len(bottom)
            assert (query in top) == (p_star == 1)


def test_equal_seeds_give_equal_corpora_and_others_do_not(drawn):
    for knobs, _, _ in drawn[:50]:
        assert blueprint(knobs, np.random.default_rng(7)) == blueprint(
            knobs, np.random.default_rng(7)
        )
    one, other = (generate(RealizableDataset(), np.random.default_rng(seed)) for seed in (1, 2))
    assert one.sentences != other.sentences


def test_the_weights_change_no_sentence():
    drawn = [
        generate(RealizableDataset(weights=weights), np.random.default_rng(3))
        for weights in (Weights.uniform, Weights.dirichlet, Weights.powers)
    ]
    for corpus in drawn[1:]:
        assert corpus.sentences == drawn[0].sentences
        assert corpus.next_tokens == drawn[0].next_tokens
        assert corpus.weights != drawn[0].weights


def weights_of(**knobs):
    return np.array(generate(RealizableDataset(**knobs), np.random.default_rng(5)).weights)


def test_uniform_weights_are_one():
    assert set(weights_of()) == {1.0}


@pytest.mark.parametrize("concentration", [1e-300, 0.01, 1.0, 1e6])
def test_dirichlet_weights_are_positive_and_sum_to_one(concentration):
    found = weights_of(weights=Weights.dirichlet, concentration=concentration)
    assert (found > 0).all()
    assert math.isclose(found.sum(), 1, rel_tol=1e-12)


def test_dirichlet_weights_concentrate_with_their_concentration():
    """The relative variance of Dirichlet(a, .., a) over N entries is (N - 1) / (N a + 1)."""
    for concentration in (0.1, 1.0, 10.0, 1000.0):
        found = weights_of(weights=Weights.dirichlet, concentration=concentration, vocab_size=1000)
        expected = (len(found) - 1) / (len(found) * concentration + 1)
        assert 0.6 < np.var(found * len(found)) / expected < 1.6


@pytest.mark.parametrize("decades", [0.1, 6.0, 300.0])
def test_powers_spread_evenly_over_the_decades_asked_for(decades):
    found = -np.log10(weights_of(weights=Weights.powers, decades=decades, vocab_size=1000))
    assert (found >= 0).all()
    assert (found <= decades).all()
    # Of N > 1000 uniform draws the mean and the ends are this close but once in 10^9.
    assert abs(found.mean() / decades - 0.5) < 0.06
    assert found.min() < 0.03 * decades
    assert found.max() > 0.97 * decades


EDGES = {
    "two tokens": {"vocab_size": 2, "queries": 2, "optimal": 1, "non_optimal": 1},
    "sentences of two": {"max_length": 2},
    "sentences of two, stars": {"max_length": 2, "p_star": 1.0},
    "every token a query": {"queries": 20},
    "every token in a level": {"optimal": 8, "non_optimal": 12},
    "a token a level": {"levels": 4, "non_optimal": 3, "optimal": 1},
    "as many levels as tokens": {"levels": 20, "non_optimal": 19, "optimal": 1},
    "one sentence a query": {"sentences_per_query": 1, "p_star": 1.0},
    "complete in no more than fits": {"density": Density.complete, "max_length": 4},
}


@pytest.mark.parametrize("edge", EDGES)
def test_the_edges_of_the_knobs_are_realizable(edge):
    knobs = RealizableDataset(**EDGES[edge])
    for seed in range(20):
        made = blueprint(knobs, np.random.default_rng(seed))
        found = recognise(made.corpus)
        assert found.realizable
        assert not found.assumption3_violations
        assert 2 <= made.corpus.max_length <= knobs.max_length
        assert len(made.corpus.queries) == knobs.queries
