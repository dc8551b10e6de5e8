"""The report says what holds, and shows by hand-checkable samples what does not."""

import json

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.prefix_closed import generate_prefix_closed
from ntp_dynamics.studies.next_token.groups import PrefixClosedDataset
from ntp_dynamics.studies.next_token.theory.assumptions import check

KEYS = [
    "realizable", "assumption1", "reason", "certificate", "injective", "confused",
    "assumption3_violations", "prefix_closed", "proposition2_holds", "vocab_size", "sentences",
    "failures",
]  # fmt: skip
ALPHABET = "abcdq"
SINGLES = "a>b b>c c>d d>q q>a"


def corpus(text):
    """``abq>c`` is the sentence a b q with next token c."""
    number = {letter: i for i, letter in enumerate(ALPHABET)}
    samples = [sample.split(">") for sample in text.split()]
    return Corpus.from_samples(
        (([number[x] for x in sentence], number[y]) for sentence, y in samples), vocab=ALPHABET
    )


def refusal(report):
    """What is said before the list of all failures, which there is."""
    said, title, _ = report.text().partition("\n\nEvery failure:\n")
    assert title
    return said


def test_golden_reports(golden, corpus_of):
    for name, case in golden.items():
        report = check(corpus_of(case))
        found = report.to_json()
        assert list(found) == KEYS
        assert found == json.loads(json.dumps(found)), name
        assert report.realizable
        assert found["realizable"]
        assert (found["reason"], found["certificate"], found["failures"]) == (None, [], [])
        assert found["injective"]
        assert found["assumption1"] == (not case["confused"])
        assert sorted(found["confused"]) == sorted(case["confused"])
        assert found["assumption3_violations"] == case["violates_assumption3"]
        if "proposition2_holds" in case:
            assert all(found["proposition2_holds"].values()) == case["proposition2_holds"]
            assert sorted(found["proposition2_holds"]) == sorted(case["w_kq_star"])
        else:
            confused = {str(query) for query, _ in case["confused"]}
            assert set(found["proposition2_holds"]) == set(case["w_kq_star"]) - confused
        assert found["vocab_size"] == case["vocab_size"]
        assert found["sentences"] == len(case["samples"])
        assert all(len(line) <= 120 for line in report.text().splitlines())


def test_tokens_are_named_in_a_named_corpus_and_numbered_in_another():
    confused = "abq>b caq>d"
    named = check(corpus(f"{SINGLES} {confused}"))
    assert named.to_json()["confused"] == [["q", "a"]]
    assert named.to_json()["proposition2_holds"] == {}
    unnamed = check(
        Corpus.from_samples(
            zip(named.corpus.sentences, named.corpus.next_tokens, strict=True), vocab_size=5
        )
    )
    assert unnamed.to_json()["confused"] == [[4, 0]]
    holds = check(corpus(f"{SINGLES} abq>b")).to_json()["proposition2_holds"]
    assert holds == {"q": True}


def test_a_realizable_corpus_in_words():
    text = """\
sentences 6, tokens 5, queries 1

realizable     yes  one continuation a token, every label is one of them, no order has a cycle
injective      yes  no two tokens share a continuation
not confused   yes  no token is above one token and below another under the same query
assumption 1   yes  realizable, injective and not confused
assumption 2   -    orthonormal embeddings: not a property of a corpus
assumption 3   yes  in every sentence the optimal token has the most copies
proposition 2  yes  queries whose max-margin column it gives: 1 of 1
prefix closed  NO   samples whose prefix is none (the paper's set-up; no claim asks for it): 1

Prefixes that are no sample:
  [a b q] -> b wants [a b] -> q"""
    assert check(corpus(f"{SINGLES} abq>b")).text() == text


@pytest.mark.parametrize(
    ("longer", "open_prefixes"),
    [
        ("", 0),
        ("ab>b", 0),  # [a] -> b is there
        ("ab>b abb>c", 0),
        ("abb>c", 1),  # [a b] -> b is not
        ("aq>b", 1),  # [a] is a sample, but goes on to b
        ("abb>c abbc>d", 1),  # one token less at a time
    ],
)
def test_prefix_closure_looks_at_every_prefix(longer, open_prefixes):
    report = check(corpus(f"{SINGLES} {longer}"))
    assert len(report.recognition.open_prefixes) == open_prefixes
    assert report.to_json()["prefix_closed"] == (open_prefixes == 0)
    assert ("prefix closed  yes" in report.text()) == (open_prefixes == 0)


def test_generated_trajectories_are_prefix_closed():
    knobs = PrefixClosedDataset(vocab_size=9)
    drawn = [generate_prefix_closed(knobs, np.random.default_rng(seed)) for seed in range(10)]
    assert all(check(one).recognition.prefix_closed for one in drawn)


def test_a_cycle_is_shown_relation_by_relation():
    report = check(corpus(f"{SINGLES} abq>b bcq>c caq>d"))
    found = report.to_json()
    assert not report.realizable
    assert not found["assumption1"]
    assert found["reason"] == "cycle"
    assert len(found["certificate"]) == 3
    assert {"tokens": ["a", "b", "q"], "next": "b", "weight": 1.0} in found["certificate"]
    title, *relations = refusal(report).splitlines()[-4:]
    assert title == "Not realizable: under query q the order has a cycle"
    assert sorted(relations) == [
        "  a > b  because [a b q] -> b = n(a), and n(b) = c",
        "  b > c  because [b c q] -> c = n(b), and n(c) = d",
        "  c > a  because [c a q] -> d = n(c), and n(a) = b",
    ]


@pytest.mark.parametrize(
    ("text", "reason", "shown"),
    [
        ("a>b a>c", "two continuations", ["a has two continuations", "  [a] -> b", "  [a] -> c"]),
        (
            "a>b b>c q>a abcq>b cq>b",
            "missing collocation",
            [
                "no sentence is [c] alone, and c is used in",
                "  [a b c q] -> b",
                "  [c q] -> b",
            ],
        ),
        (
            f"{SINGLES} abq>d",
            "unreachable label",
            [
                "d is the continuation of no token of",
                "  [a b q] -> d",
                "  where n(a) = b, n(b) = c, n(q) = a",
            ],
        ),
    ],
)
def test_other_refusals_show_their_samples(text, reason, shown):
    report = check(corpus(text))
    assert report.to_json()["reason"] == reason
    assert refusal(report).endswith("\n\nNot realizable: " + "\n".join(shown))
    assert report.to_json()["failures"][0]["reason"] == reason
    assert "assumption 3" not in report.text()


def test_failures_of_a_realizable_corpus_are_shown_with_their_witnesses():
    text = check(corpus(f"{SINGLES} aaabq>c")).text()
    assert "assumption 3   NO " in text
    assert "  [a a a b q] -> c: 3 copies of a to 1 of the optimal b" in text

    text = check(corpus(f"{SINGLES} abq>c caq>b")).text()
    assert "  under q: b > a because [a b q] -> c, but a > c because [c a q] -> b" in text
    assert "not confused   NO " in text
    assert "assumption 1   NO " in text

    text = check(corpus("a>c b>c q>a abq>c")).text()
    assert "  n(a) = c, n(b) = c" in text
    assert "injective      NO " in text

    text = check(corpus(f"{SINGLES} acdq>b bq>c")).text()
    assert (
        "  under q: 2 optimal and 3 non-optimal tokens, "
        "squared norm 6/5 by the proposition, 7/6 at the optimum"
    ) in text


def test_long_lists_are_cut_and_counted(golden, corpus_of):
    text = check(corpus_of(golden["violates_a3"])).text()
    assert text.count(" to 1 of the optimal ") == 5
    assert "  ... and 60 more" in text
