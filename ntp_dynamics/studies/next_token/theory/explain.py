"""The report on a corpus in words: a line a condition, then the evidence for every failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import optimal_tokens, optimal_types
from ntp_dynamics.studies.next_token.data.realizable import Certificate, Reason, Recognition
from ntp_dynamics.studies.next_token.theory import column, proposition2

# So many failures of a kind are spelled out; the rest are counted.
SHOWN = 5

FEW = 20
"""So many tokens of a sentence are told of."""

WORD = {True: "yes", False: "NO", None: "-"}


def explain(corpus: Corpus, found: Recognition, proposition2_holds: Mapping[int, bool]) -> str:
    """A table of the conditions, then evidence that a person can check by hand.

    ``proposition2_holds`` by query, as in ``assumptions.Report``.
    """
    queries = len(corpus.queries)
    lines = [f"sentences {corpus.size:,}, tokens {corpus.token_count:,}, queries {queries:,}", ""]
    if corpus.labels:
        lines.insert(1, f"labels {' and '.join(map(corpus.label_name, range(len(corpus.labels))))}")
    for what, holds, meaning in _table(corpus, found, proposition2_holds):
        lines.append(f"{what:<15}{WORD[holds]:<5}{meaning}")
    if found.certificate is not None:
        lines += ["", *_refusal(corpus, found, found.certificate)]
    sections: list[tuple[str, Sequence[Any], Callable[..., str]]] = [
        ("Tokens that share a continuation:", found.non_injective, _pair),
    ]
    if found.realizable:
        failing = [query for query, holds in proposition2_holds.items() if not holds]
        sections += [
            ("Confused tokens:", found.confused, _confusion),
            ("Sentences against assumption 3:", found.assumption3_violations, _majority),
            ("Queries against proposition 2:", failing, _excess),
        ]
    if corpus.labels:
        sections.append(("Without one right voter:", _undecided(corpus, found), _voters))
    elif found.realizable:
        sections.append(("Prefixes that are no sample:", found.open_prefixes, _prefix))
    for title, items, tell in sections:
        if items:
            lines += ["", title, *_first(items, partial(tell, corpus, found))]
    return "\n".join(lines)


def _table(
    corpus: Corpus, found: Recognition, proposition2_holds: Mapping[int, bool]
) -> Iterator[tuple[str, bool | None, str]]:
    """A line a condition: its name, whether it is met (None: not asked), what that means."""
    reason = found.certificate.reason if found.certificate else None
    meaning = {
        None: "one continuation a token, every label is one of them, no order has a cycle",
        Reason.TWO_CONTINUATIONS: "a token has two continuations",
        Reason.MISSING_COLLOCATION: "a token has no continuation",
        Reason.UNREACHABLE_LABEL: "a label is the continuation of no token of its sentence",
        Reason.CYCLE: "the order of a query has a cycle",
    }
    yield "realizable", found.realizable, meaning[reason]
    count = len(found.non_injective)
    met = "no two tokens share a continuation"
    not_met = "pairs of tokens that share a continuation"
    yield "injective", not count, f"{not_met}: {count:,}" if count else met
    if found.realizable:
        count = len(found.confused)
        met = "no token is above one token and below another under the same query"
        not_met = "tokens above one token and below another under the same query"
        yield "not confused", not count, f"{not_met}: {count:,}" if count else met
    yield "assumption 1", found.assumption1, "realizable, injective and not confused"
    yield "assumption 2", None, "orthonormal embeddings: not a property of a corpus"
    if found.realizable:
        count = len(found.assumption3_violations)
        met = "in every sentence the optimal token has the most copies"
        not_met = "sentences in which a non-optimal token has more copies than the optimal"
        yield "assumption 3", not count, f"{not_met}: {count:,}" if count else met
        asked, held = len(proposition2_holds), sum(proposition2_holds.values())
        met = f"queries whose max-margin column it gives: {held:,} of {asked:,}"
        not_met = "it speaks of no query: each has a confused token, or no relation"
        yield "proposition 2", held == asked if asked else None, met if asked else not_met

    if corpus.labels:
        count = len(_undecided(corpus, found))
        met = "in every sentence one type of token votes for the label"
        not_met = "sentences in which not exactly one type of token votes for the label"
        yield "one voter", not count, f"{not_met}: {count:,}" if count else met
        return
    count = len(found.open_prefixes)
    met = "every prefix of a sample is a sample: the paper's set-up, which no claim asks for"
    not_met = "samples whose prefix is none (the paper's set-up; no claim asks for it)"
    yield "prefix closed", not count, f"{not_met}: {count:,}" if count else met


def _first(items: Sequence[Any], tell: Callable[[Any], str]) -> list[str]:
    lines = [f"  {tell(item)}" for item in items[:SHOWN]]
    return lines + [f"  ... and {len(items) - SHOWN:,} more"] * (len(items) > SHOWN)


def _refusal(corpus: Corpus, found: Recognition, certificate: Certificate) -> list[str]:
    """Why the corpus is not realizable, with the samples that show it."""
    samples = certificate.samples
    if certificate.reason is Reason.CYCLE:
        return _cycle(corpus, found, certificate)
    if certificate.reason is Reason.UNREACHABLE_LABEL:
        what = f"{corpus.label_name(certificate.tokens[0])} is the continuation of no token of"
        tokens = dict.fromkeys(corpus.sentences[samples[0]])
        where = [f"  where {_n(corpus, found, *tokens)}"]
    else:
        token = corpus.name(certificate.tokens[0])
        what = {
            Reason.TWO_CONTINUATIONS: f"{token} has two continuations",
            Reason.MISSING_COLLOCATION: f"no sentence is [{token}] alone, and {token} is used in",
        }[certificate.reason]
        where = []
    return [f"Not realizable: {what}", *_first(samples, corpus.spell), *where]


def _cycle(corpus: Corpus, found: Recognition, certificate: Certificate) -> list[str]:
    """A line a relation of the cycle, with its witness."""
    tokens = (*certificate.tokens, certificate.tokens[0])
    width = max(len(corpus.name(token)) for token in tokens)
    query = "" if certificate.query is None else corpus.name(certificate.query)
    lines = [f"Not realizable: under query {query} the order has a cycle"]
    for a, b, i in zip(tokens[:-1], tokens[1:], certificate.samples, strict=True):
        high, low = corpus.name(a), corpus.name(b)
        relation = f"{high:<{width}} > {low:<{width}}"
        because = f"{corpus.spell(i)} = n({high}), and {_n(corpus, found, b)}"
        lines.append(f"  {relation}  because {because}")
    return lines


def _n(corpus: Corpus, found: Recognition, *tokens: int) -> str:
    """``n(a) = c, n(b) = d``."""
    n, name = found.collocation, corpus.name
    told = [f"n({name(token)}) = {corpus.label_name(n[token])}" for token in tokens[:FEW]]
    return ", ".join([*told, *["..."] * (len(tokens) > FEW)])


def _pair(corpus: Corpus, found: Recognition, tokens: tuple[int, int]) -> str:
    return _n(corpus, found, *tokens)


def _undecided(corpus: Corpus, found: Recognition) -> list[int]:
    count = optimal_types(corpus, found.collocation)
    return np.flatnonzero((corpus.rows.lengths > 1) & (count != 1)).tolist()


def _voters(corpus: Corpus, found: Recognition, i: int) -> str:
    """``[a b q] -> +: a and b``."""
    optimal, _ = optimal_tokens(corpus, i, found.collocation)
    return f"{corpus.spell(i)}: {' and '.join(map(corpus.name, optimal[:FEW])) or 'none'}"


def _prefix(corpus: Corpus, found: Recognition, i: int) -> str:
    """``[a q] -> b wants [a] -> q``."""
    *prefix, last = corpus.sentences[i]
    words = [*map(corpus.name, prefix[:FEW]), *["..."] * (len(prefix) > FEW)]
    return f"{corpus.spell(i)} wants [{' '.join(words)}] -> {corpus.name(last)}"


def _confusion(corpus: Corpus, found: Recognition, confused: tuple[int, int]) -> str:
    """``under q: a > b because [..] -> n(a), but b > c because [..] -> n(b)``."""
    query, token = confused
    relations = (found.orders or {})[query].relations
    above = next(relation for relation in relations if relation[1] == token)
    below = next(relation for relation in relations if relation[0] == token)
    told = [
        f"{corpus.name(a)} > {corpus.name(b)} because {corpus.spell(relations[a, b])}"
        for a, b in (above, below)
    ]
    return f"under {corpus.name(query)}: {told[0]}, but {told[1]}"


def _majority(corpus: Corpus, found: Recognition, i: int) -> str:
    """``[b b a q] -> n(a): 2 copies of b to 1 of the optimal a``."""
    optimal, others = optimal_tokens(corpus, i, found.collocation)
    copies = corpus.sentences[i].count
    most = max(others, key=copies)
    names = " and ".join(corpus.name(token) for token in optimal)
    return (
        f"{corpus.spell(i)}: {copies(most)} copies of {corpus.name(most)} "
        f"to {sum(map(copies, optimal))} of the optimal {names}"
    )


def _excess(corpus: Corpus, found: Recognition, query: int) -> str:
    """Both columns are feasible; the proposition's has the larger norm."""
    order = (found.orders or {})[query]
    claimed = sum(w * w for w in proposition2.column(order).values())
    true = column.solve_column(order.relations).norm_squared
    return (
        f"under {corpus.name(query)}: {len(order.optimal)} optimal and {len(order.non_optimal)} "
        f"non-optimal tokens, squared norm {claimed} by the proposition, {true} at the optimum"
    )
