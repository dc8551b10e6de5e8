"""Theorem 3: prompts with tokens that training never compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.expectation import above, exactly, near
from benchmarks.catalogue.finding import Finding, Row
from benchmarks.catalogue.findings.bounds import only
from benchmarks.catalogue.labels import verdict
from benchmarks.catalogue.plots import Chart, Series
from benchmarks.catalogue.watched import Records, Watched
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import recognise

Prompt = tuple[list[int], list[int]]
"""Tokens, the query last, and those that count as right."""
PROMPTS_PER_QUERY = 12


class Answers(NamedTuple):
    """To prompts of one kind, over the checkpoints: (R, C) each."""

    accuracy: np.ndarray
    """Share where a token that counts as right alone leads."""
    attention: np.ndarray
    """Mean attention on a token that counts as right."""


def _measure(
    record: Watched, draw: Callable[[Order, int, int, np.random.Generator], Prompt | None]
) -> Answers:
    """What the model of each run answers to prompts of one kind."""
    scores = record.stage("attention")["scores"].values
    logits = record.stage("attention")["logits"].values
    right = np.zeros(scores.shape[:2])
    mass = np.zeros(scores.shape[:2])
    for run, corpus in enumerate(record.corpora):
        found = recognise(corpus)
        rng = np.random.default_rng(run)
        asked = 0
        for query, order in (found.orders or {}).items():
            for _ in range(PROMPTS_PER_QUERY):
                prompt = draw(order, query, corpus.vocab_size, rng)
                if prompt is None:
                    continue
                tokens, winners = prompt
                asked += 1
                s = scores[run][:, tokens, record.queries[run].index(query)]
                phi = np.exp(s - s.max(1, keepdims=True))
                phi /= phi.sum(1, keepdims=True)
                z = phi @ logits[run][:, tokens].T
                labels = [found.collocation[w] for w in winners]
                rest = np.delete(z, labels[0], axis=1).max(1)
                right[run] += z[:, labels[0]] > rest + 1e-9
                mass[run] += phi[:, [tokens.index(w) for w in winners]].mean(1)
        right[run] /= asked
        mass[run] /= asked
    return Answers(right, mass)


def _strangers(order: Order, query: int, vocab_size: int, many: int, rng) -> list[int] | None:
    pool = sorted(order.non_comparable(vocab_size) - {query})
    return rng.choice(pool, many, replace=False).tolist() if len(pool) >= many else None


def _below(order: Order, query: int, rng: np.random.Generator) -> list[int]:
    """Up to two non-optimal tokens other than the query."""
    pool = sorted(order.non_optimal - {query})
    return rng.choice(pool, min(2, len(pool)), replace=False).tolist()


def _one_stranger(order, query, vocab_size, rng) -> Prompt | None:
    if query not in order.non_optimal or not (new := _strangers(order, query, vocab_size, 1, rng)):
        return None
    return [*new, *_below(order, query, rng), query], new


def _several_strangers(order, query, vocab_size, rng) -> Prompt | None:
    if query not in order.non_optimal or not (new := _strangers(order, query, vocab_size, 3, rng)):
        return None
    return [*new, *_below(order, query, rng), query], new


def _optimal_and_strangers(order, query, vocab_size, rng) -> Prompt | None:
    if not order.optimal or not (new := _strangers(order, query, vocab_size, 3, rng)):
        return None
    best = int(rng.choice(sorted(order.optimal)))
    return [best, *new] + [query] * (query != best), [best]


def _at(record: Watched, step: int) -> int:
    """The checkpoint nearest to a step."""
    return int(np.abs(record.stage("attention")["checkpoint"].values - step).argmin())


def _accuracy(records: Records, draw: Callable, step: int) -> np.ndarray:
    record = only(records)
    return _measure(record, draw).accuracy[:, _at(record, step)]


def _least(records: Records) -> np.ndarray:
    """With an optimal token: the least accuracy from the checkpoint near 50 on."""
    record = only(records)
    return _measure(record, _optimal_and_strangers).accuracy[:, _at(record, 50) :].min(1)


def _picture(records: Records) -> Sequence[Chart]:
    record = only(records)
    t = record.stage("attention")["checkpoint"].values
    curves = [
        Series(name, t[t >= 1].astype(float), _measure(record, draw).attention[:, t >= 1])
        for name, draw in (
            ("one non-comparable", _one_stranger),
            ("optimal + three", _optimal_and_strangers),
            ("each of three non-comparable", _several_strangers),
        )
    ]
    return [Chart("attention on the token that should win", curves, plain=True)]


GENERALISATION = Finding(
    "generalisation",
    "Orders extend to tokens never compared",
    rows=[
        Row(
            "one non-comparable + non-optimal tokens: accuracy at the checkpoint near t = 50",
            near(0.34, within=0.05),
            lambda r: _accuracy(r, _one_stranger, 50),
            "the prompts of the notes may hold the query twice, and two copies outvote the "
            "stranger this early; here every token occurs once",
        ),
        Row("the same near t = 200", exactly(1), lambda r: _accuracy(r, _one_stranger, 200)),
        Row(
            "the same: attention on the stranger, last step",
            above(0.99),
            lambda r: _measure(only(r), _one_stranger).attention[:, -1],
        ),
        Row(
            "optimal + three non-comparable: least accuracy from near t = 50 on",
            exactly(1),
            _least,
        ),
        Row(
            "three non-comparable + non-optimal: attention on each, last step",
            near(1 / 3, within=0.01),
            lambda r: _measure(only(r), _several_strangers).attention[:, -1],
        ),
        Row(
            "the same: accuracy (0: a tie)",
            exactly(0),
            lambda r: _measure(only(r), _several_strangers).accuracy[:, -1],
        ),
        Row(
            "one non-comparable, every stranger and query (order_extension_accuracy), last step",
            exactly(1),
            lambda r: series.last(only(r), "order_extension_accuracy"),
        ),
        verdict("order.extension", "holds"),
    ],
    text=(
        "Training inserts every token it never compared between the optimal and the non-optimal "
        "ones of a query, as Theorem 3 says: a single stranger beats the non-optimal tokens, and "
        "loses to an optimal one. It does not order strangers among themselves: three share the "
        "attention equally and no class leads. The paper gives no experiment on this."
    ),
    picture=_picture,
    caption="Prompts outside the corpus, eight runs.",
)
