"""Random realizable corpora: the free generator.

Every query q gets an order of ``levels`` levels (level 0 on top): k tokens in level 0, m below.
A sentence shows one optimal token o from some level t, a body drawn from the levels below, and q
last; its label is n(o).  Every relation it states goes down in level, so each order is acyclic by
construction; with two levels no token is confused; Assumption 3 holds unless extra copies of wrong
tokens are asked for.  (Sentences are not prefix closed; no theorem needs that.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ntp_dynamics.studies.next_token.choices import Density
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.weights import draw_weights
from ntp_dynamics.studies.next_token.groups import RealizableDataset

Levels = list[list[int]]


class Blueprint(NamedTuple):
    """A generated corpus with the plan behind it: per query the tokens of each level."""

    corpus: Corpus
    collocation: tuple[int, ...]
    levels: dict[int, Levels]


def generate(knobs: RealizableDataset, rng: np.random.Generator) -> Corpus:
    """A random realizable corpus; equal knobs and generator states give equal corpora."""
    return blueprint(knobs, rng).corpus


def blueprint(knobs: RealizableDataset, rng: np.random.Generator) -> Blueprint:
    """As `generate`, and the levels it was built from."""
    n = [int(y) for y in rng.permutation(knobs.vocab_size)]
    samples: dict[tuple[tuple[int, ...], int], None] = {((x,), y): None for x, y in enumerate(n)}
    levels: dict[int, Levels] = {}
    for query in rng.permutation(knobs.vocab_size)[: knobs.queries].tolist():
        levels[query] = _draw_levels(knobs, query, rng)
        for j in range(knobs.sentences_per_query):
            optimum, sentence = _draw_sentence(knobs, query, levels[query], j, rng)
            samples[sentence, n[optimum]] = None
    weights = draw_weights(knobs, len(samples), rng)
    corpus = Corpus.from_samples(
        [(*sample, weight) for sample, weight in zip(samples, weights, strict=True)],
        vocab_size=knobs.vocab_size,
    )
    return Blueprint(corpus, tuple(n), levels)


def _draw_levels(knobs: RealizableDataset, query: int, rng: np.random.Generator) -> Levels:
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


def _draw_sentence(
    knobs: RealizableDataset, query: int, levels: Levels, j: int, rng: np.random.Generator
) -> tuple[int, tuple[int, ...]]:
    """The j-th sentence of a query: (its optimal token, the sentence)."""
    own_level = next(i for i, level in enumerate(levels) if query in level)
    top = int(rng.integers(0, min(own_level, len(levels) - 2) + 1))
    optimum = query if top == own_level else levels[top][j % len(levels[top])]
    lower = [v for level in levels[top + 1 :] for v in level if v != query]
    if knobs.density is Density.complete:
        body = lower
    else:
        fewest = 1 if optimum == query else 0  # a sentence must say something
        most = min(len(lower), knobs.max_length - 2 + fewest)
        size = int(rng.integers(fewest, most + 1))
        body = rng.permutation(lower)[:size].tolist()
    copies = 1 + int(rng.integers(0, knobs.extra_optimal_copies + 1))
    words = [optimum] * (copies - (optimum == query)) + body * (1 + knobs.extra_wrong_copies)
    return optimum, (*rng.permutation(words).astype(int).tolist(), query)
