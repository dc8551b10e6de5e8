"""Draws in machine code are numpy's own, one call at a time."""

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.choices import Density
from ntp_dynamics.studies.next_token.data.compiled import compiled
from ntp_dynamics.studies.next_token.data.sentences import draw_sentences
from ntp_dynamics.studies.next_token.data.stream import below, given_back, share, shuffle, taken
from tests.studies.next_token.data.test_generate import random_knobs


@compiled
def draws(stream, sizes, shares, bounded, shuffled):
    for i in range(len(sizes)):
        shares[i] = share(stream)
        bounded[i] = below(stream, sizes[i])
        shuffle(stream, shuffled[i], 1 + i % shuffled.shape[1])


def test_shares_bounded_integers_and_shuffles_are_those_of_a_generator():
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    sizes = 1 + theirs.integers(2**31, size=300) // 2 ** ours.integers(31, size=300)
    theirs.bit_generator.state = ours.bit_generator.state
    shares, bounded = np.empty(300), np.empty(300, dtype=np.int64)
    shuffled = np.tile(np.arange(9), (300, 1))
    stream = taken(ours)
    draws(stream, sizes, shares, bounded, shuffled)
    given_back(ours, stream)
    for i in range(300):
        assert shares[i] == theirs.random()
        assert bounded[i] == theirs.integers(sizes[i])
        assert (shuffled[i, : 1 + i % 9] == theirs.permutation(1 + i % 9)).all()
    assert ours.bit_generator.state == theirs.bit_generator.state


def test_a_stream_of_another_generator_is_refused():
    with pytest.raises(ValueError, match="MT19937"):
        taken(np.random.Generator(np.random.MT19937(0)))


def levels_by_numpy(knobs, query, rng):
    """Distinct tokens for each level, the query among those of its own."""
    below = knobs.levels - 1
    star = knobs.levels == 2 and rng.random() < knobs.p_star
    own_level = 0 if star else int(rng.integers(1, knobs.levels))
    sizes = [1 if star else knobs.optimal] + [knobs.non_optimal // below] * below
    for i in range(knobs.non_optimal % below):  # what is left over goes to the lowest levels
        sizes[-1 - i] += 1
    others = iter(v for v in rng.permutation(knobs.vocab_size).tolist() if v != query)
    return [
        [query] * (level == own_level) + [next(others) for _ in range(size - (level == own_level))]
        for level, size in enumerate(sizes)
    ]


def sentence_by_numpy(knobs, query, levels, j, rng):
    """The j-th sentence of a query: (its optimal token, the sentence)."""
    own_level = next(i for i, level in enumerate(levels) if query in level)
    top = int(rng.integers(0, min(own_level, len(levels) - 2) + 1))
    optimum = query if top == own_level else levels[top][j % len(levels[top])]
    lower = [v for level in levels[top + 1 :] for v in level if v != query]
    body = lower
    if knobs.density is Density.random:
        fewest = 1 if optimum == query else 0
        most = min(len(lower), knobs.max_length - 2 + fewest)
        size = int(rng.integers(fewest, most + 1))
        body = rng.permutation(lower)[:size].tolist()
    copies = 1 + int(rng.integers(0, knobs.extra_optimal_copies + 1))
    words = [optimum] * (copies - (optimum == query)) + body * (1 + knobs.extra_wrong_copies)
    return optimum, [*rng.permutation(words).astype(int).tolist(), query]


def test_sentences_are_those_of_the_generator_written_in_numpy():
    source = np.random.default_rng(1)
    for seed in range(150):
        knobs = random_knobs(source)
        ours, theirs = np.random.default_rng(seed), np.random.default_rng(seed)
        queries = np.arange(knobs.vocab_size)[: knobs.queries]
        stream = taken(ours)
        drawn = draw_sentences(knobs, queries, stream)
        given_back(ours, stream)
        sentences = np.split(drawn.tokens, drawn.start[1:-1])
        by_query = np.split(np.arange(len(sentences)), len(queries))
        for q, query in enumerate(queries.tolist()):
            levels = levels_by_numpy(knobs, query, theirs)
            flat = [token for level in levels for token in level]
            assert flat == drawn.level_tokens[q][: len(flat)].tolist()
            for j, i in enumerate(by_query[q]):
                wanted = sentence_by_numpy(knobs, query, levels, j, theirs)
                assert (drawn.optimum[i], sentences[i].tolist()) == wanted
        assert ours.bit_generator.state == theirs.bit_generator.state
