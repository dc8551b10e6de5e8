"""Every failure of a corpus in words and as plain data, and what would mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.failures import Failure
from ntp_dynamics.studies.next_token.data.realizable import Reason

SHOWN = 8
"""So many items of a reason are named."""
WHAT = {
    Reason.TWO_CONTINUATIONS: "token",
    Reason.MISSING_COLLOCATION: "token",
    Reason.UNREACHABLE_LABEL: "sample",
    Reason.CYCLE: "query",
}
PART = "ntp-check FILE --realizable-part OUT.jsonl"


def to_json(corpus: Corpus, found: Sequence[Failure]) -> list[dict[str, Any]]:
    """A reason each: what fails (samples by their number, counted from 0), how much that is."""
    name = (lambda v: v) if corpus.unnamed else corpus.vocab.__getitem__
    return [
        {
            "reason": str(failure.reason),
            "of": WHAT[failure.reason],
            "count": len(failure.items),
            "items": [
                i if failure.reason is Reason.UNREACHABLE_LABEL else name(i)
                for i in failure.items.tolist()
            ],
            "samples": len(failure.samples),
            "weight": _share(corpus, failure.samples),
            "mend": mend(corpus, failure),
        }
        for failure in found
    ]


def told(corpus: Corpus, found: Sequence[Failure]) -> list[str]:
    """A paragraph for a person; nothing where nothing fails."""
    if not found:
        return []
    lines = ["Every failure:"]
    for failure in found:
        count, samples = len(failure.items), failure.samples
        many = f"{many_of(count, WHAT[failure.reason])}, "
        many = "" if failure.reason is Reason.UNREACHABLE_LABEL else many
        share = f"{_share(corpus, samples):.2%} of the weight"
        lines.append(f"  {failure.reason}: {many}{many_of(len(samples), 'sample')}, {share}")
        lines += [f"    {_named(corpus, failure)}", f"    to mend it, {mend(corpus, failure)}"]
    return lines if corpus.labels else [*lines, f"  To keep as much as can be kept: {PART}"]


def mend(corpus: Corpus, failure: Failure) -> str:
    """What would undo all of one reason."""
    count = len(failure.items)
    if failure.reason is Reason.TWO_CONTINUATIONS:
        lighter = _lighter(corpus, failure)
        share = f"{_share(corpus, lighter):.2%} of the weight"
        return f"keep the heaviest of each: {many_of(len(lighter), 'sample')} less, {share}"
    if failure.reason is Reason.MISSING_COLLOCATION:
        return f"add a sample of one token for {many_of(count, 'token')}"
    if failure.reason is Reason.UNREACHABLE_LABEL:
        return "drop these samples, or let a token of each be continued by its label"
    return "drop a sample of each cycle"


def many_of(count: int, what: str) -> str:
    """``1 query``, ``2 queries``."""
    many = what.removesuffix("y") + "ies" if what.endswith("y") else what + "s"
    return f"{count:,} {what if count == 1 else many}"


def _named(corpus: Corpus, failure: Failure) -> str:
    """The first of them, those of most weight first."""
    if failure.reason is Reason.UNREACHABLE_LABEL:
        weight, few = corpus.weight[failure.items], SHOWN // 4
        first = failure.items[np.argsort(-weight, kind="stable")[:few]].tolist()
        words = [corpus.spell(i) for i in first]
    else:
        weight = np.bincount(corpus.rows.flat, minlength=corpus.vocab_size)[failure.items]
        few = SHOWN
        first = failure.items[np.argsort(-weight, kind="stable")[:few]].tolist()
        words = [corpus.name(x) for x in first]
    return ", ".join([*words, *["..."] * (len(failure.items) > few)])


def _lighter(corpus: Corpus, failure: Failure) -> np.ndarray:
    """The length-one samples beside the heaviest one of each token."""
    samples = failure.samples
    token = corpus.rows.first[samples]
    order = samples[np.lexsort((-corpus.weight[samples], token))]
    token = corpus.rows.first[order]
    return order[1:][token[1:] == token[:-1]]


def _share(corpus: Corpus, samples: np.ndarray) -> float:
    return float(corpus.weight[samples].sum() / corpus.weight.sum())
