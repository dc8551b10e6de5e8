"""Traps: the margin that heavier sentences alone give a lighter one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.studies.next_token.choices import Weights
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.theory.column import solve_column
from ntp_dynamics.studies.next_token.theory.traps import (
    _least_margin,
    _relations,
    _splits,
    least_pull,
)

CORPORA = config_dir() / "corpora"


def pull(corpus: Corpus) -> float:
    return least_pull(corpus, recognise(corpus))


@pytest.mark.parametrize("ratio", [10, 100, 1000])
@pytest.mark.parametrize(
    ("shape", "r"), [("slope", -3 / 5), ("trap", -1.0), ("edge", -1.0), ("pit", -19 / 15)]
)
def test_the_shapes_of_trap_regimes(shape: str, ratio: int, r: float) -> None:
    """Exactly -1 must not be rounded to the side on which the claims speak."""
    found = pull(Corpus.read(CORPORA / f"{shape}_{ratio}.jsonl"))
    assert found == r if r == -1 else found == pytest.approx(r, rel=1e-15)


def test_the_pit_by_hand() -> None:
    """W_S: e1, e2, e3 above a and c, b above c, d1 and d2; ||W_S||^2 = 28/15."""
    e1, e2, e3, a, b, c, d1, d2 = range(8)
    heavy = {(e, x) for e in (e1, e2, e3) for x in (a, c)} | {(b, x) for x in (c, d1, d2)}
    column = solve_column(heavy)
    assert column.norm_squared == pytest.approx(28 / 15, rel=1e-15)
    assert math.sqrt(column.norm_squared) == pytest.approx(1.3663, abs=5e-5)
    assert column.values[a] - column.values[b] == pytest.approx(-19 / 15, rel=1e-15)


def weighted(*weights: float) -> Corpus:
    """[e a c] -> a, [b c] -> c, and [a b c] -> b under query c, with these weights."""
    e, a, b, c, f = range(5)
    n = {e: a, a: b, b: c, c: f, f: e}
    samples = [([x], y, 1.0) for x, y in n.items()]
    longer = [([e, a, c], a), ([b, c], c), ([a, b, c], b)]
    samples += [(*sample, w) for sample, w in zip(longer, weights, strict=True)]
    return Corpus.from_samples(samples)


@pytest.mark.parametrize(
    ("weights", "r"),
    [
        ((1, 1, 1), math.inf),
        ((9.9, 9.9, 1), math.inf),
        ((1e-4, 1e-4, 1e-5), -1.0),  # their quotient is 9.999999999999998
        ((10, 10, 1), -1.0),
        ((1, 1, 10), -2 / 3),  # a = 2/3 above b and c, e = 0
        ((40, 6, 1), -1 / 3),  # [b c] is too heavy to wait and too light to pull: a = -1/3, b = 0
    ],
)
def test_what_counts_as_lighter(weights: tuple[float, ...], r: float) -> None:
    assert pull(weighted(*weights)) == r


def test_without_confused_tokens_heavier_sentences_never_pull() -> None:
    """The lemma that spares the work: every r is at least 0."""
    found = []
    for seed in range(20):
        knobs = RealizableDataset(vocab_size=12, queries=4, weights=Weights.powers)
        corpus = generate(knobs, np.random.default_rng(seed))
        seen = recognise(corpus)
        assert not seen.confused
        assert least_pull(corpus, seen) == math.inf
        for sentences in _relations(corpus, seen, set(corpus.queries)).values():
            splits = _splits(sentences)
            found += [_least_margin(solve_column(split.heavier), split.lighter) for split in splits]
    assert len(found) > 100
    assert min(found) >= 0


def test_a_corpus_that_is_not_realizable_has_no_pull() -> None:
    corpus = Corpus.from_samples([([0], 1), ([0], 2)], vocab_size=3)
    assert math.isnan(pull(corpus))
