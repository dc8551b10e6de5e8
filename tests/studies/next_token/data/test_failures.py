"""Every failure is listed, with how much it is, beside the one that the recogniser names."""

from __future__ import annotations

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.failures import failures
from ntp_dynamics.studies.next_token.data.realizable import Reason, recognise
from ntp_dynamics.studies.next_token.theory.assumptions import check

# a b q w: n(a) = b, n(b) = q, n(q) = w; w has two, z none
NAMES = "abqwz"
A, B, Q, W, Z = range(5)
ALL = [
    ([A], B, 1.0),
    ([B], Q, 1.0),
    ([Q], W, 1.0),
    ([W], A, 2.0),  # 3
    ([W], B, 1.0),  # 4
    ([A, B, Q], B, 1.0),  # 5: a > b
    ([B, A, Q], Q, 3.0),  # 6: b > a
    ([B, Q], A, 4.0),  # 7: reached by none
    ([A, Z, Q], B, 2.0),  # 8: z has none
    ([W, Q], B, 1.0),  # 9: reached by w -> b
]


def found(samples: list) -> dict[Reason, tuple[list[int], list[int]]]:
    corpus = Corpus.from_samples(samples, vocab=NAMES)
    return {f.reason: (f.items.tolist(), f.samples.tolist()) for f in failures(corpus)}


def test_every_failure_by_hand() -> None:
    assert found(ALL) == {
        Reason.TWO_CONTINUATIONS: ([W], [3, 4]),
        Reason.MISSING_COLLOCATION: ([Z], [8]),
        Reason.UNREACHABLE_LABEL: ([7], [7]),
        Reason.CYCLE: ([Q], [5, 6]),
    }


def test_the_report_says_how_much_and_what_would_mend_it() -> None:
    corpus = Corpus.from_samples(ALL, vocab=NAMES)
    two, missing, unreachable, cycle = check(corpus).to_json()["failures"]
    assert two == {
        "reason": "two continuations",
        "of": "token",
        "count": 1,
        "items": ["w"],
        "samples": 2,
        "weight": 3 / 17,
        "mend": "keep the heaviest of each: 1 sample less, 5.88% of the weight",
    }
    assert (missing["items"], missing["mend"]) == (["z"], "add a sample of one token for 1 token")
    assert (unreachable["items"], unreachable["weight"]) == ([7], 4 / 17)
    assert (cycle["of"], cycle["items"], cycle["weight"]) == ("query", ["q"], 4 / 17)
    text = check(corpus).text()
    assert "\nEvery failure:\n" in text
    assert "  unreachable label: 1 sample, 23.53% of the weight\n    [b q] -> a\n" in text
    assert "--realizable-part OUT.jsonl" in text


def test_what_is_mended_is_listed_no_more() -> None:
    left = {
        Reason.TWO_CONTINUATIONS,
        Reason.MISSING_COLLOCATION,
        Reason.UNREACHABLE_LABEL,
        Reason.CYCLE,
    }
    samples = list(ALL)
    for reason, without, more in (
        (Reason.CYCLE, ALL[6], []),
        (Reason.UNREACHABLE_LABEL, ALL[7], []),
        (Reason.MISSING_COLLOCATION, None, [([Z], A, 1.0)]),
        (Reason.TWO_CONTINUATIONS, ALL[3], []),
    ):
        assert set(found(samples)) == left
        samples = [sample for sample in samples if sample is not without] + more
        left.remove(reason)
    assert found(samples) == {}
    assert recognise(Corpus.from_samples(samples, vocab=NAMES)).realizable
    report = check(Corpus.from_samples(samples, vocab=NAMES))
    assert report.to_json()["failures"] == []
    assert "Every failure" not in report.text()


@pytest.mark.parametrize("tokens", [3, 4])
def test_the_recogniser_refuses_for_the_first_that_is_listed(tokens: int) -> None:
    rng = np.random.default_rng(tokens)
    seen = set()
    for _ in range(300):
        rows = [rng.integers(tokens, size=rng.integers(1, 4)) for _ in range(rng.integers(1, 12))]
        samples = [(row.tolist(), int(rng.integers(tokens))) for row in rows]
        if rng.random() < 0.7:  # one continuation each
            alone = [([x], (x + 1) % tokens) for x in range(tokens)]
            samples = [*alone, *(s for s in samples if len(s[0]) > 1)]
        corpus = Corpus.from_samples(samples, vocab_size=tokens)
        certificate, every = recognise(corpus).certificate, failures(corpus)
        first = every[0].reason if every else None
        assert (certificate.reason if certificate else None) == first
        if certificate is not None and certificate.reason is not Reason.CYCLE:
            items = certificate.samples if first is Reason.UNREACHABLE_LABEL else certificate.tokens
            assert set(items) <= set(every[0].items.tolist())
        seen.add(first)
    assert len(seen) == 5
