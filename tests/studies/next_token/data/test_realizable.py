"""The recogniser against the definition, golden cases, and an independent check of certificates."""

import json
from collections import Counter
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data import cycles
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import Reason, recognise, require_collocation
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.theory.assumptions import check
from ntp_dynamics.system.errors import UserError

GOLDEN_REASON = {
    "NOT: cycle under query": Reason.CYCLE,
    "NOT: next token reachable from no token of the sentence": Reason.UNREACHABLE_LABEL,
}


def continuations(samples):
    """Token -> the continuations that the length-one samples give it."""
    n = {}
    for tokens, following in samples:
        if len(tokens) == 1:
            n.setdefault(tokens[0], set()).add(following)
    return n


def split(n, tokens, following):
    """(optimal tokens, the others) of a sentence whose continuations are single."""
    optimal = {x for x in tokens if n[x] == {following}}
    return optimal, set(tokens) - optimal


def proves(report, samples):
    """Whether the certificate of a JSON report shows its reason; no library code is asked."""
    shown = [(tuple(s["tokens"]), s["next"]) for s in report["certificate"]]
    if not shown or not set(shown) <= set(samples):
        return False
    n, (tokens, following) = continuations(samples), shown[0]
    if report["reason"] == "two continuations":
        return len(shown) == 2 == len(set(shown)) and tokens == shown[1][0] and len(tokens) == 1
    if report["reason"] == "missing collocation":
        unknown = set.intersection(*(set(words) for words, _ in shown)) - set(n)
        return any({s for s in samples if x in s[0]} == set(shown) for x in unknown)
    if any(len(n.get(x, ())) != 1 for words, _ in shown for x in words):
        return False
    if report["reason"] == "unreachable label":
        return len(shown) == 1 and not split(n, tokens, following)[0]
    halves = [split(n, *sample) for sample in shown]
    steps = zip(halves, halves[1:] + halves[:1], strict=True)
    closed = all(below & above for (_, below), (above, _) in steps)
    return report["reason"] == "cycle" and len({words[-1] for words, _ in shown}) == 1 and closed


def closure(relations):
    """Transitive closure by Warshall's rule."""
    nodes = {x for relation in relations for x in relation}
    closed = set(relations)
    for middle, a, b in product(nodes, nodes, nodes):
        if (a, middle) in closed and (middle, b) in closed:
            closed.add((a, b))
    return closed


def by_definition(samples):
    """(reason or None, relations by query) straight from the definitions, in the stated order."""
    n = continuations(samples)
    if any(len(ys) > 1 for ys in n.values()):
        return Reason.TWO_CONTINUATIONS, {}
    if any(x not in n for tokens, _ in samples for x in tokens):
        return Reason.MISSING_COLLOCATION, {}
    if any(not split(n, *sample)[0] for sample in samples):
        return Reason.UNREACHABLE_LABEL, {}
    relations = {}
    for tokens, following in samples:
        if pairs := set(product(*split(n, tokens, following))):
            relations.setdefault(tokens[-1], set()).update(pairs)
    if any(a == b for pairs in relations.values() for a, b in closure(pairs)):
        return Reason.CYCLE, {}
    return None, relations


def samples_of(corpus):
    return list(zip(corpus.sentences, corpus.next_tokens, strict=True))


# Small corpora: mostly with a complete collocation, so that each of the four answers is common.
token = st.integers(0, 3)
sentence = st.lists(token, min_size=2, max_size=4).map(tuple)
complete = st.lists(token, min_size=4, max_size=4).map(
    lambda n: [((x,), y) for x, y in enumerate(n)]
)
alone = st.lists(st.tuples(st.tuples(token), token), max_size=6)
longer = st.lists(st.tuples(sentence, token), max_size=6)
small = st.one_of(
    st.builds(lambda n, more: n + more, complete, longer),
    st.builds(lambda n, more: n + more, alone, longer).filter(bool),
)


@given(small)
@example([((0,), 1), ((1,), 2), ((2,), 0), ((0, 1, 2), 1), ((1, 0, 2), 2)])
@settings(max_examples=500, deadline=None)
def test_the_verdict_is_that_of_the_definition(samples):
    corpus = Corpus.from_samples(samples, vocab_size=4)
    reason, relations = by_definition(samples)
    found = recognise(corpus)
    assert found.realizable == (reason is None)
    assert (found.certificate.reason if found.certificate else None) == reason
    if found.orders is None:
        assert reason
        return
    assert {q: set(order.relations) for q, order in found.orders.items()} == relations
    for query, order in found.orders.items():
        above = {a for a, _ in relations[query]}
        below = {b for _, b in relations[query]}
        assert order.optimal == above - below
        assert order.non_optimal == below - above
        assert order.confused == above & below
        assert order.non_comparable(4) == set(range(4)) - above - below
        for (a, b), witness in order.relations.items():
            tokens, following = corpus.sentences[witness], corpus.next_tokens[witness]
            assert tokens[-1] == query
            assert {a, b} <= set(tokens)
            assert found.collocation[a] == following != found.collocation[b]


@given(small)
@settings(max_examples=300, deadline=None)
def test_what_is_reported_besides_the_verdict_is_that_of_the_definition(samples):
    corpus = Corpus.from_samples(samples, vocab_size=4)
    found = recognise(corpus)
    n = {x: min(ys) for x, ys in continuations(samples).items() if len(ys) == 1}
    assert found.collocation == tuple(n.get(x, -1) for x in range(4))
    assert found.injective == (len(set(n.values())) == len(n))
    for a, b in found.non_injective:
        assert a != b
        assert n[a] == n[b]
    broken = []
    for i, (tokens, following) in enumerate(samples_of(corpus)):
        optimal = sum(n.get(x) == following for x in tokens)
        wrong = Counter(x for x in tokens if n.get(x) != following)
        if optimal and wrong and max(wrong.values()) > optimal:
            broken.append(i)
    assert found.assumption3_violations == tuple(broken)


def test_the_forty_golden_cases_are_recognised():
    path = Path(__file__).parents[3] / "golden" / "recogniser_cases.json"
    cases = json.loads(path.read_text())
    assert len(cases) == 40
    for case in cases:
        corpus = Corpus.from_samples(case["samples"], vocab_size=case["vocab_size"])
        found = recognise(corpus)
        assert found.realizable == (case["verdict"] == "REALIZABLE")
        if found.certificate is None:
            assert len(found.confused) == case["confused"]
            assert len(found.non_injective) == case["non_injective"]
            assert found.assumption1 == (case["confused"] == case["non_injective"] == 0)
        else:
            assert found.certificate.reason == GOLDEN_REASON[case["reason"]]
            assert proves(check(corpus).to_json(), samples_of(corpus))


def test_the_golden_corpora_are_recognised(golden, corpus_of):
    assert len(golden) == 12
    for name, case in golden.items():
        corpus = corpus_of(case)
        found = recognise(corpus)
        assert found.realizable, name
        assert list(found.collocation) == case["collocation"]
        assert [list(pair) for pair in found.confused] == sorted(case["confused"])
        assert len(found.assumption3_violations) == case["violates_assumption3"]
        assert set(found.orders or {}) == {int(query) for query in case["w_kq_star"]}


def corrupted(rng):
    """A generated corpus with one thing wrong, or a random one: (samples, vocabulary size)."""
    size = 8
    levels = int(rng.integers(2, 4))
    knobs = RealizableDataset(vocab_size=size, queries=5, sentences_per_query=4, levels=levels)
    samples = samples_of(generate(knobs, rng))
    n = {tokens[0]: y for tokens, y in samples if len(tokens) == 1}
    at = int(rng.integers(size, len(samples)))  # the first ones are those of length one
    words, _ = samples[at]
    other = n[words[rng.integers(len(words))]]
    match int(rng.integers(7)):
        case 0:
            samples[at] = (words, int(rng.integers(size)))
        case 1:
            samples[at] = (words, other)
        case 2:
            del samples[rng.integers(size)]
        case 3:
            samples.append(((int(rng.integers(size)),), int(rng.integers(size))))
        case 4:
            samples.append(((*rng.permutation(words[:-1]).tolist(), words[-1]), other))
        case 5:
            a, b, c, query = rng.permutation(size)[:4].tolist()
            samples += [((x, y, query), n[x]) for x, y in ((a, b), (b, c), (c, a))]
        case 6:
            size = 4
            samples = [((x,), int(y)) for x, y in enumerate(rng.integers(size, size=size))]
            for _ in range(5):
                words = tuple(rng.integers(size, size=rng.integers(2, 5)).tolist())
                samples.append((words, samples[rng.choice(words)][1]))
    return [samples[i] for i in rng.permutation(len(samples))], size


@pytest.fixture(scope="module")
def refusals():
    """500 corpora that are not realizable: (JSON report, samples)."""
    rng = np.random.default_rng(0)
    found = []
    while len(found) < 500:
        samples, size = corrupted(rng)
        report = check(Corpus.from_samples(samples, vocab_size=size)).to_json()
        if not report["realizable"]:
            found.append((report, samples))
    return found


def test_certificates_prove_their_reason(refusals):
    reasons = Counter(report["reason"] for report, _ in refusals)
    assert set(reasons) == set(Reason)
    assert min(reasons.values()) >= 40
    assert sum(len(r["certificate"]) > 2 for r, _ in refusals if r["reason"] == "cycle") >= 20
    for report, samples in refusals:
        assert proves(report, samples), report
        assert report["assumption1"] is False
        assert report["confused"] == []
        assert report["proposition2_holds"] == {}


def test_reasons_are_looked_for_in_the_stated_order_among_500_refusals(refusals):
    for report, samples in refusals:
        assert report["reason"] == by_definition(samples)[0]


def test_the_check_of_certificates_can_fail(refusals):
    """Otherwise the tests above show nothing."""
    for report, samples in refusals:
        for other in set(Reason) - {report["reason"]}:
            assert not proves(report | {"reason": other}, samples)
        assert not proves(report | {"certificate": []}, samples)
        if len(report["certificate"]) == 2 or report["reason"] != "cycle":
            assert not proves(report | {"certificate": report["certificate"][1:]}, samples)
        changed = [s | {"next": s["next"] + 100} for s in report["certificate"]]
        assert not proves(report | {"certificate": changed}, samples)


def test_reasons_are_reported_in_the_stated_order():
    """One corpus with all four faults; each is mended in turn."""
    faults = {
        Reason.TWO_CONTINUATIONS: ((0,), 2),
        Reason.MISSING_COLLOCATION: ((4,), 0),  # mended by adding it
        Reason.UNREACHABLE_LABEL: ((0, 1, 3), 3),
        Reason.CYCLE: ((1, 0, 3), 2),
    }
    samples = [((0,), 1), ((1,), 2), ((2,), 3), ((3,), 0), ((0, 1, 3), 1), ((4, 3), 0)]
    wrong = [s for reason, s in faults.items() if reason is not Reason.MISSING_COLLOCATION]
    samples = [*reversed(wrong), *samples]
    for reason, fault in faults.items():
        certificate = recognise(Corpus.from_samples(samples, vocab_size=5)).certificate
        assert certificate is not None
        assert certificate.reason is reason
        if reason is Reason.MISSING_COLLOCATION:
            samples = [*samples, fault]
        else:
            samples = [s for s in samples if s != fault]
    assert recognise(Corpus.from_samples(samples, vocab_size=5)).realizable


def test_a_cycle_names_its_tokens_witnesses_and_query(refusals):
    for report, samples in refusals:
        if report["reason"] != "cycle":
            continue
        corpus = Corpus.from_samples(samples)
        found = recognise(corpus)
        cycle = found.certificate
        assert cycle is not None
        assert len(cycle.tokens) == len(cycle.samples) == len(set(cycle.tokens)) >= 2
        below = (*cycle.tokens[1:], cycle.tokens[0])
        for a, b, i in zip(cycle.tokens, below, cycle.samples, strict=True):
            tokens, following = corpus.sentences[i], corpus.next_tokens[i]
            assert tokens[-1] == cycle.query
            assert {a, b} <= set(tokens)
            assert found.collocation[a] == following != found.collocation[b]


def test_a_cycle_is_looked_for_among_as_many_edges_as_tokens(monkeypatch):
    """One sentence of 4,096 tokens states 2,047 x 2,049 relations if n is not injective."""
    edges = []

    class Counting(TopologicalSorter):
        def add(self, node, *predecessors):
            edges.extend((predecessor, node) for predecessor in predecessors)
            super().add(node, *predecessors)

    size = 4096
    alone = [((x,), 0 if x < 2047 else 1) for x in range(size)]
    long = (tuple(range(size)), 0)
    contradiction = ((2047, 0, size - 1), 1)  # so that no order has to be spelled out
    corpus = Corpus.from_samples([*alone, long, contradiction], vocab_size=size)
    monkeypatch.setattr(cycles, "TopologicalSorter", Counting)
    certificate = recognise(corpus).certificate
    assert certificate is not None
    assert certificate.reason is Reason.CYCLE
    assert set(certificate.samples) == {size, size + 1}
    assert 0 < len(edges) <= size + 3


def test_a_label_that_cannot_be_reached_names_the_query_of_its_sentence():
    samples = [((0,), 1), ((1,), 2), ((2,), 0), ((2, 0, 1), 1), ((0, 1), 0)]
    certificate = recognise(Corpus.from_samples(samples, vocab_size=3)).certificate
    assert certificate is not None
    assert certificate.reason is Reason.UNREACHABLE_LABEL
    assert (certificate.tokens, certificate.samples, certificate.query) == ((0,), (4,), 1)


def test_one_token_with_a_known_continuation_is_enough_to_train_on():
    """Be it token 0; a sentence of two tokens says nothing about either alone."""
    require_collocation(Corpus.from_samples([((1,), 0), ((0, 1), 1)], vocab_size=2), "it.jsonl")
    with pytest.raises(UserError, match="no token has a known continuation"):
        require_collocation(Corpus.from_samples([((0, 1), 1)], vocab_size=2), "it.jsonl")


def test_the_optimal_tokens_of_a_sentence_count_together_in_assumption_3():
    """Tokens 0 and 1 are both continued by 2: three copies of another token are too many."""
    alone = [((0,), 2), ((1,), 2), ((2,), 0)]
    samples = [*alone, ((2, 2, 0, 1), 2), ((2, 2, 2, 0, 1), 2)]
    assert recognise(Corpus.from_samples(samples, vocab_size=3)).assumption3_violations == (4,)
