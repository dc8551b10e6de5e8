"""Small corpora, and the largest part of one by trying everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.repair.terms import Choice, Terms

Sample = tuple[Sequence[int], int, float]
GOLDEN = json.loads((Path(__file__).parent / "realizable_part.json").read_text())


@pytest.fixture(params=GOLDEN, ids=lambda case: case["name"])
def golden_part(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A corpus of golden/any_corpus.json with what its largest part weighs, proved there."""
    return request.param


def drawn(seed: int, tokens: int, samples: int, longest: int = 4) -> Corpus:
    """A corpus of random sentences and next tokens, of weights 1 to 4."""
    rng = np.random.default_rng([16, seed])
    sentences = [rng.integers(tokens, size=rng.integers(1, longest + 1)) for _ in range(samples)]
    labels, weights = rng.integers(tokens, size=samples), rng.integers(1, 5, size=samples)
    return Corpus.from_samples(
        [
            (s.tolist(), int(y), float(w))
            for s, y, w in zip(sentences, labels, weights, strict=True)
        ],
        vocab_size=tokens,
    )


def samples_of(corpus: Corpus, which: Sequence[int]) -> list[Sample]:
    return [(corpus.sentences[i], corpus.next_tokens[i], corpus.weights[i]) for i in which]


def is_as_asked(samples: Sequence[Sample], n: Sequence[int], terms: Terms, size: int) -> bool:
    """What the recogniser says of samples beside [x] -> n(x) for each token x of theirs."""
    used = sorted({x for tokens, _, _ in samples for x in tokens})
    if any(n[x] < 0 for x in used):
        return False
    declared = [([x], n[x], 1.0) for x in used]
    found = recognise(Corpus.from_samples([*declared, *samples], vocab_size=size))
    return (
        found.realizable
        and (found.assumption1 or not terms.assumption1)
        and not (terms.assumption3 and found.assumption3_violations)
    )


def _collocations(corpus: Corpus, terms: Terms) -> Iterator[tuple[int, ...]]:
    """Every n that may be."""
    size = corpus.vocab_size
    choices: list[Sequence[int]] = [range(size)] * size
    if terms.collocation is Choice.attested:
        follow: list[set[int]] = [set() for _ in range(size)]
        for tokens, label in zip(corpus.sentences, corpus.next_tokens, strict=True):
            follow[tokens[-1]].add(label)
        choices = [[-1, *sorted(labels)] for labels in follow]
    return product(*choices)


def _largest(corpus: Corpus, terms: Terms) -> float:
    every = range(corpus.size)
    subsets = [s for k in every for s in combinations(every, k + 1)]
    subsets.sort(key=lambda s: -sum(corpus.weights[i] for i in s))
    best = 0.0
    for n in _collocations(corpus, terms):
        size = corpus.vocab_size
        alone = {i for i in every if is_as_asked(samples_of(corpus, [i]), n, terms, size)}
        for subset in subsets:
            weight = sum(corpus.weights[i] for i in subset)
            if weight <= best:
                break
            if alone.issuperset(subset) and is_as_asked(samples_of(corpus, subset), n, terms, size):
                best = weight
    return best


@pytest.fixture(scope="session")
def largest_by_trying() -> Callable[[Corpus, Terms], float]:
    """The weight of the largest part, by every n and every subset, through the recogniser."""
    return _largest
