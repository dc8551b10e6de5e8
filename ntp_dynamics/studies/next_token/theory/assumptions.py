"""Which assumptions of Huang, Liang, Yang (2024) a corpus meets; what `ntp-check` prints.

    realizable      complete single-valued collocation n, reachable labels, acyclic query orders
    assumption 1    realizable, n injective, no confused token        (the paper's sense)
    assumption 3    in no sentence has a non-optimal token more copies than the optimal ones
    prefix closed   every prefix of a sample is a sample: the paper's set-up; no claim asks for it
    proposition 2   its column is the max-margin one, under each query it speaks of

Assumption 2, orthonormal embeddings, is not a property of a corpus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.failures import Failure, failures
from ntp_dynamics.studies.next_token.data.orders import one_optimal
from ntp_dynamics.studies.next_token.data.realizable import Recognition, recognise
from ntp_dynamics.studies.next_token.theory import mend, proposition2
from ntp_dynamics.studies.next_token.theory.explain import explain


@dataclass(frozen=True)
class Report:
    """A corpus, what the recogniser found, and whether Proposition 2 is true of each query.

    ``proposition2_holds`` has the queries with relations and without confused tokens; it is empty
    where the corpus is not realizable.
    """

    corpus: Corpus
    recognition: Recognition
    proposition2_holds: Mapping[int, bool]
    failures: tuple[Failure, ...]
    """All that keeps it from being realizable."""

    @property
    def realizable(self) -> bool:
        return self.recognition.realizable

    def to_json(self) -> dict[str, Any]:
        """The report as plain data: tokens by name, or by number if the vocabulary is unnamed."""
        corpus, found = self.corpus, self.recognition
        name = (lambda v: v) if corpus.unnamed else corpus.vocab.__getitem__
        certificate = found.certificate
        return {
            "realizable": found.realizable,
            "assumption1": found.assumption1,
            "reason": None if certificate is None else str(certificate.reason),
            "certificate": [corpus.sample(i) for i in certificate.samples] if certificate else [],
            "injective": found.injective,
            "confused": [[name(query), name(token)] for query, token in found.confused],
            "assumption3_violations": len(found.assumption3_violations),
            "prefix_closed": found.prefix_closed,
            "proposition2_holds": {corpus.vocab[q]: h for q, h in self.proposition2_holds.items()},
            "vocab_size": corpus.token_count,
            **(self._of_votes() if corpus.labels else {}),
            "sentences": corpus.size,
            "failures": mend.to_json(corpus, self.failures),
        }

    def _of_votes(self) -> dict[str, Any]:
        found = one_optimal(self.corpus, self.recognition.collocation)
        return {"labels": list(self.corpus.labels), "one_right_voter": found}

    def text(self) -> str:
        """The report for a person, with what it takes to check a refusal by hand."""
        text = explain(self.corpus, self.recognition, self.proposition2_holds)
        every = mend.told(self.corpus, self.failures)
        return "\n".join([text, *([""] if every else []), *every])


def check(corpus: Corpus) -> Report:
    """Recognise the corpus and decide Proposition 2 for every query that it speaks of."""
    recognition = recognise(corpus)
    holds = {
        query: proposition2.holds(order)
        for query, order in (recognition.orders or {}).items()
        if not order.confused
    }
    every = () if recognition.realizable else failures(corpus)
    return Report(corpus, recognition, holds, every)
