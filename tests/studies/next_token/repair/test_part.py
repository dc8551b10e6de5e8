"""The largest realizable part: optimal where it is proved, maximal everywhere, as was asked."""

from __future__ import annotations

from collections.abc import Callable
from pydoc_data.topics import topics
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.repair.dropped import Cause
from ntp_dynamics.studies.next_token.repair.part import Part, realizable_part
from ntp_dynamics.studies.next_token.repair.terms import Choice, Terms
from ntp_dynamics.system.errors import UserError
from tests.studies.next_token.repair.conftest import GOLDEN, drawn, is_as_asked, samples_of

TERMS = {
    "realizable": Terms(),
    "assumption 1": Terms(assumption1=True),
    "assumption 3": Terms(assumption3=True),
    "attested": Terms(collocation=Choice.attested),
    "everything": Terms(assumption1=True, assumption3=True, collocation=Choice.attested),
}


@pytest.fixture(params=TERMS)
def terms(request: pytest.FixtureRequest) -> Terms:
    return TERMS[request.param]


def test_the_integer_program_finds_what_trying_everything_finds(
    terms: Terms, largest_by_trying: Callable[[Corpus, Terms], float]
) -> None:
    for seed in range(6):
        corpus = drawn(seed, tokens=3 + seed % 2, samples=6)
        part = realizable_part(corpus, terms)
        assert part.proved
        assert part.weight == largest_by_trying(corpus, terms)


def test_the_largest_parts_of_the_golden_corpora(golden_part: dict[str, Any]) -> None:
    """The larger ones take seconds to prove: they are held to the bound that is had at once."""
    corpus = Corpus.from_samples(golden_part["samples"])
    assert corpus.weight.sum() == golden_part["total"]
    part = realizable_part(corpus)
    assert part.search <= golden_part["largest"] <= part.bound
    if "random" in golden_part["name"]:
        assert part.proved
        assert part.weight == golden_part["largest"]
    else:
        assert part.search >= golden_part["local_search"] - 1


def test_a_licence_is_proved_when_time_is_given() -> None:
    (case,) = (case for case in GOLDEN if case["name"] == "licence V=40 c=5")
    part = realizable_part(Corpus.from_samples(case["samples"]), seconds=300.0)
    assert part.proved
    assert part.weight == case["largest"]


def test_each_stage_is_at_least_the_one_before(terms: Terms) -> None:
    for seed in range(20):
        corpus = drawn(seed, tokens=5, samples=12)
        part = realizable_part(corpus, terms)
        assert part.greedy <= part.search <= part.weight <= part.reach <= corpus.weight.sum()
        assert part.weight <= part.bound <= corpus.weight.sum()


def test_what_is_kept_is_as_was_asked(terms: Terms) -> None:
    for seed in range(20):
        part = realizable_part(drawn(seed, tokens=9, samples=60), terms)
        kept = part.corpus()
        found = recognise(kept)
        assert found.realizable
        assert found.assumption1 or not terms.assumption1
        assert not (terms.assumption3 and found.assumption3_violations)
        assert kept.weight.sum() == part.weight + len(part.declared) * part.whole.weight.min()
        assert kept.vocab == part.whole.vocab
        assert terms.collocation is Choice.declared or part.attested.all()


def test_attested_continuations_are_those_of_samples_that_end_in_the_token() -> None:
    """Also of tokens that the part does not use, and where each pair of the samples is one."""
    for seed in range(20):
        corpus = drawn(seed, tokens=3 + seed % 3, samples=9, longest=7)
        ends = {(s[-1], y) for s, y in zip(corpus.sentences, corpus.next_tokens, strict=True)}
        for strict in (False, True):
            terms = Terms(assumption1=strict, collocation=Choice.attested)
            n = realizable_part(corpus, terms).collocation.tolist()
            assert {(x, y) for x, y in enumerate(n) if y >= 0} <= ends


def test_under_assumption_1_n_is_a_permutation_of_the_vocabulary_in_the_part() -> None:
    """Tokens that no sample uses too: the paper's n is complete, and so are its claims'."""
    samples = samples_of(drawn(0, tokens=9, samples=60), range(50))
    corpus = Corpus.from_samples(samples, vocab_size=12)
    part = realizable_part(corpus, Terms(assumption1=True))
    assert sorted(part.collocation.tolist()) == list(range(12))
    assert part.unstated == 0
    assert sorted(recognise(part.corpus()).collocation) == list(range(12))
    attested = realizable_part(corpus, TERMS["everything"])
    assert attested.unstated == 12 - (attested.collocation >= 0).sum() >= 3
    assert realizable_part(corpus).unstated == 3


def test_with_any_dropped_sample_it_would_not_be(terms: Terms) -> None:
    for seed in range(5):
        part = realizable_part(drawn(seed, tokens=6, samples=50), terms)
        whole, n = part.whole, part.collocation.tolist()
        kept = samples_of(whole, np.flatnonzero(part.mask).tolist())
        every = [([x], n[x], 1.0) for x in range(6) if n[x] >= 0]
        assert is_as_asked([*kept, *every], n, terms, 6)
        for i in np.flatnonzero(~part.mask).tolist():
            assert not is_as_asked([*kept, *every, *samples_of(whole, [i])], n, terms, 6)


def roles(part: Part, i: int) -> tuple[set[int], set[int]]:
    """(optimal, other) tokens of a sample, by hand."""
    tokens, label = set(part.whole.sentences[i]), part.whole.next_tokens[i]
    optimal = {x for x in tokens if part.collocation[x] == label}
    return optimal, tokens - optimal


def shows(part: Part, cause: Cause, i: int) -> bool:
    """Whether the certificate of a dropped sample convinces a reader who has the kept samples."""
    sentence, label = part.whole.sentences[i], part.whole.next_tokens[i]
    evidence, n = part.dropped.evidence(cause, i), part.collocation
    optimal, others = roles(part, i)
    assert all(
        part.mask[j] and part.whole.sentences[j][-1] == sentence[-1] for j in evidence.samples
    )
    if cause is Cause.TWO_CONTINUATIONS:
        return len(sentence) == 1 and evidence.tokens == sentence and n[sentence[0]] != label
    if cause is Cause.MISSING_COLLOCATION:
        return bool(evidence.tokens) and all(x in sentence and n[x] < 0 for x in evidence.tokens)
    if cause is Cause.UNREACHABLE_LABEL:
        return set(evidence.tokens) == set(sentence) and all(n[x] != label for x in sentence)
    if cause is Cause.MAJORITY:
        *right, wrong = evidence.tokens
        most = sum(map(sentence.count, right))
        return set(right) == optimal and wrong in others and sentence.count(wrong) > most
    if cause is Cause.CONFUSED:
        (x,), (j,) = evidence.tokens, evidence.samples
        above, below = roles(part, j)
        return (x in optimal and x in below and bool(above)) or (
            x in others and x in above and bool(below)
        )
    way = list(zip(evidence.tokens, evidence.tokens[1:], evidence.samples, strict=False))
    assert len(way) == len(evidence.samples) == len(evidence.tokens) - 1
    down = all(a in roles(part, j)[0] and b in roles(part, j)[1] for a, b, j in way)
    return down and evidence.tokens[0] in others and evidence.tokens[-1] in optimal


def test_the_certificate_of_each_dropped_sample_can_be_checked_by_hand(terms: Terms) -> None:
    seen = set()
    for seed in range(10):
        part = realizable_part(drawn(seed, tokens=8, samples=80), terms)
        causes = part.dropped.causes()
        dropped = np.concatenate([*causes.values()])
        assert sorted(dropped.tolist()) == np.flatnonzero(~part.mask).tolist()
        for cause, samples in causes.items():
            seen.add(cause)
            assert all(shows(part, cause, i) for i in samples.tolist())
    assert {Cause.TWO_CONTINUATIONS, Cause.UNREACHABLE_LABEL} <= seen
    assert (Cause.CONFUSED if terms.assumption1 else Cause.CYCLE) in seen
    assert (Cause.MAJORITY in seen) == terms.assumption3


def test_a_realizable_corpus_is_kept_whole() -> None:
    """The paper's own kind: what is there suffices, and nothing is added."""
    samples = [([0], 1), ([1], 2), ([2], 3), ([3], 0), ([0, 1, 3], 1), ([1, 2, 3], 2)]
    corpus = Corpus.from_samples(samples, vocab_size=4)
    part = realizable_part(corpus)
    assert part.mask.all()
    assert part.proved
    assert part.corpus() == corpus
    assert part.collocation.tolist() == [1, 2, 3, 0]
    assert part.dropped.causes() == {}


def test_a_cycle_by_hand_loses_its_lighter_half() -> None:
    alone = [([x], y, 9.0) for x, y in [(0, 1), (1, 2), (2, 3), (3, 0)]]
    corpus = Corpus.from_samples([*alone, ([0, 1, 3], 1, 2.0), ([1, 0, 3], 2, 1.0)], vocab_size=4)
    part = realizable_part(corpus)
    assert np.flatnonzero(~part.mask).tolist() == [5]
    evidence = part.dropped.evidence(Cause.CYCLE, 5)
    assert (evidence.tokens, evidence.samples) == ((0, 1), (4,))


def test_minimum_feedback_arcs_are_a_case_of_it() -> None:
    """Sentences (a, b, q) -> n(a) under one q: what is dropped is the lightest set of arcs whose
    removal leaves no cycle, here of two triangles that share an arc."""
    arcs = {(0, 1): 5.0, (1, 2): 2.0, (2, 0): 3.0, (1, 3): 2.0, (3, 0): 4.0}
    alone = [([x], (x + 1) % 5, 50.0) for x in range(5)]
    heavy = [*alone, *(([a, b, 4], (a + 1) % 5, w) for (a, b), w in arcs.items())]
    part = realizable_part(Corpus.from_samples(heavy, vocab_size=5))
    assert part.proved
    assert part.whole.weight.sum() - part.weight == min(5.0, 2.0 + 2.0, 3.0 + 4.0, 2.0 + 4.0)


def test_scaling_the_weights_changes_nothing(terms: Terms) -> None:
    corpus = drawn(3, tokens=7, samples=40)
    samples = samples_of(corpus, range(corpus.size))
    scaled = Corpus.from_samples([(s, y, w / 1024) for s, y, w in samples], vocab_size=7)
    one, other = realizable_part(corpus, terms), realizable_part(scaled, terms)
    assert (one.mask == other.mask).all()
    assert (one.collocation == other.collocation).all()


def test_unused_tokens_that_stand_together_are_no_continuation() -> None:
    samples = [([0], 1), ([1], 0), ([0, 1], 1), ([1, 0], 1)]
    corpus = Corpus.from_samples(samples, vocab=["a", "b", "others"], unused=50)
    for terms in TERMS.values():
        part = realizable_part(corpus, terms)
        assert part.collocation.max() < 2
        assert part.corpus().unused == 50


def test_an_injective_n_over_too_many_tokens_is_refused() -> None:
    corpus = Corpus.from_samples([([x], x + 1) for x in range(5_001)])
    with pytest.raises(UserError, match="5,001 tokens are used"):
        realizable_part(corpus, Terms(assumption1=True))
    assert realizable_part(corpus).mask.all()


def test_a_program_too_large_to_write_down_is_refused() -> None:
    corpus = Corpus.from_samples([(range(1_000), x) for x in range(501)], vocab_size=1_000)
    with pytest.raises(UserError, match="the integer program would have 1,002,000 rows"):
        realizable_part(corpus, seconds=1.0)


def test_no_part_is_told_in_one_line() -> None:
    corpus = Corpus.from_samples([([0, 1], 2)], vocab_size=3)
    with pytest.raises(UserError, match="no part of it is realizable"):
        realizable_part(corpus, Terms(collocation=Choice.attested)).corpus()


@pytest.mark.parametrize("strict", [False, True])
def test_english_is_realizable_in_part(strict: bool) -> None:
    """The help topics of Python, some 64,000 words: between a quarter and a half of the windows of
    the commonest hundred words, a tenth to a third under Assumptions 1 and 3."""
    corpus = Corpus.from_text(" ".join(topics.values()), vocabulary=100, window=4)
    part = realizable_part(corpus, Terms(assumption1=strict, assumption3=strict))
    low, high = (0.1, 1 / 3) if strict else (0.25, 0.5)
    assert low < part.weight / corpus.weight.sum() < high
    found = recognise(part.corpus())
    assert found.assumption1 if strict else found.realizable
    assert not (strict and found.assumption3_violations)
    for cause, samples in part.dropped.causes().items():
        assert all(shows(part, cause, i) for i in samples[::10].tolist())
