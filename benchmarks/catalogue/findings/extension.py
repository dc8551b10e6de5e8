"""Theorem 3: prompts with tokens that training never compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.catalogue import series
from benchmarks.catalogue.finding import Finding, Reading, Records, Row, between, number
from benchmarks.catalogue.findings.rates import label_row
from benchmarks.catalogue.plots import Chart, Series
from ntp_dynamics.data.realizable import Order, recognise
from ntp_dynamics.record import Record

Prompt = tuple[list[int], list[int]]
"""Tokens, the query last, and those that count as right."""
PROMPTS_PER_QUERY = 12


class Answers(NamedTuple):
    """To prompts of one kind, over the checkpoints: (R, C) each."""

    accuracy: np.ndarray
    """Share where a token that counts as right alone leads."""
    attention: np.ndarray
    """Mean attention on a token that counts as right."""


def generalisation(records: Records) -> Reading:
    """Accuracy and attention over the steps, for three kinds of prompts."""
    (record,) = records.values()
    t = record.stage("attention")["checkpoint"].values
    one = _measure(record, _one_stranger)
    several = _measure(record, _several_strangers)
    optimal = _measure(record, _optimal_and_strangers)
    rows = [*_rows(t, one, several, optimal), *_recorded_rows(record, records)]
    shown = t >= 1
    steps = t[shown].astype(float)
    attention = Chart(
        "attention on the token that should win",
        [
            Series("one non-comparable", steps, one.attention[:, shown]),
            Series("optimal + three", steps, optimal.attention[:, shown]),
            Series("each of three non-comparable", steps, several.attention[:, shown]),
        ],
        plain=True,
    )
    text = (
        "Training inserts every token it never compared between the optimal and the non-optimal "
        "ones of a query, as Theorem 3 says: a single stranger beats the non-optimal tokens, and "
        "loses to an optimal one. It does not order strangers among themselves: three share the "
        "attention equally and no class leads. The paper gives no experiment on this."
    )
    return Reading(rows, text, [attention], "Prompts outside the corpus, eight runs.")


def _rows(t: np.ndarray, one: Answers, several: Answers, optimal: Answers) -> list[Row]:
    """The checkpoints nearest to 50 and 200, and the last."""
    i50, i200 = (int(np.abs(t - step).argmin()) for step in (50, 200))
    early = f"one non-comparable + non-optimal tokens: accuracy at t = {t[i50]}"
    said = "optimal + three non-comparable: least accuracy from then on"
    shared = "three non-comparable + non-optimal: attention on each, last step"
    return [
        between(
            early,
            0.34,
            0.34,
            one.accuracy[:, i50],
            expected="0.34",
            why="the prompts of the notes may hold the query twice, and two copies outvote the "
            "stranger this early; here every token occurs once",
        ),
        between(f"the same at t = {t[i200]}", 1, 1, one.accuracy[:, i200], expected="1.00"),
        between(
            "the same: attention on the stranger, last step",
            0.99,
            1,
            one.attention[:, -1],
            expected="near 1",
        ),
        between(said, 1, 1, optimal.accuracy[:, i50:].min(1), expected="1.00"),
        number(shared, 1 / 3, several.attention[:, -1], slack=0.01),
        between("the same: accuracy", 0, 0, several.accuracy[:, -1], expected="0: a tie"),
    ]


def _recorded_rows(record: Record, records: Records) -> list[Row]:
    every = series.last(record, "order_extension_accuracy")
    what = "one non-comparable, every stranger and query (order_extension_accuracy), last step"
    return [
        between(what, 1, 1, every, expected="1"),
        label_row(records, "order.extension", "holds"),
    ]


def _measure(
    record: Record, draw: Callable[[Order, int, int, np.random.Generator], Prompt | None]
) -> Answers:
    """What the model of each run answers to prompts of one kind."""
    scores = record.stage("attention")["scores"].values
    logits = record.stage("attention")["logits"].values
    queries = record.trajectory.dataset["query_id"].values
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
                s = scores[run][:, tokens, list(queries[run]).index(query)]
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


GENERALISATION = Finding("generalisation", "Orders extend to tokens never compared", generalisation)
