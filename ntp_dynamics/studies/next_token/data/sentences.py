"""The free generator's draws in machine code: the orders of queries, and their sentences.

`data.generate` says what is drawn; here is in which order, which is part of the record and never
changes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, UInt64

from ntp_dynamics.studies.next_token.choices import Density
from ntp_dynamics.studies.next_token.data.compiled import compiled
from ntp_dynamics.studies.next_token.data.stream import below, share, shuffle
from ntp_dynamics.studies.next_token.groups import RealizableDataset


class Drawn(NamedTuple):
    """The sentences of some queries, one after the other."""

    tokens: Int[np.ndarray, " T"]
    start: Int[np.ndarray, " N+1"]
    """Where each sentence begins, and the last one ends."""
    optimum: Int[np.ndarray, " N"]
    """The optimal token of each sentence."""
    level_tokens: Int[np.ndarray, "Q most"]
    """The tokens of a query's order, from the top level down; the query first in its own."""
    level_start: Int[np.ndarray, "Q levels+1"]


def draw_sentences(
    knobs: RealizableDataset, queries: Int[np.ndarray, " Q"], stream: UInt64[np.ndarray, " 6"]
) -> Drawn:
    """The order and the sentences of each query; the stream moves on."""
    lower = knobs.optimal + knobs.non_optimal
    body = lower if knobs.density is Density.complete else min(lower, knobs.max_length - 1)
    longest = 2 + knobs.extra_optimal_copies + body * (1 + knobs.extra_wrong_copies)
    count = len(queries) * knobs.sentences_per_query
    drawn = Drawn(
        tokens=np.empty(count * longest, dtype=np.int32),
        start=np.zeros(count + 1, dtype=np.int64),
        optimum=np.empty(count, dtype=np.int32),
        level_tokens=np.empty((len(queries), lower), dtype=np.int32),
        level_start=np.zeros((len(queries), knobs.levels + 1), dtype=np.int64),
    )
    with np.errstate(over="ignore"):  # of Python's own integers, where numba is switched off
        size = _draw(
            stream,
            queries.astype(np.int64),
            knobs.vocab_size,
            knobs.optimal,
            knobs.non_optimal,
            knobs.p_star,
            knobs.sentences_per_query,
            knobs.density is Density.complete,
            knobs.max_length,
            knobs.extra_optimal_copies,
            knobs.extra_wrong_copies,
            *drawn,
        )
    return drawn._replace(tokens=drawn.tokens[:size].copy())


@compiled
def _draw(
    stream,
    queries,
    vocab_size,
    optimal,
    non_optimal,
    p_star,
    sentences,
    complete,
    max_length,
    extra_optimal,
    extra_wrong,
    tokens,
    start,
    optimum,
    level_tokens,
    level_start,
):
    levels = level_start.shape[1] - 1
    each, more = non_optimal // (levels - 1), non_optimal % (levels - 1)
    order = np.empty(vocab_size, dtype=np.int64)
    lower = np.empty(level_tokens.shape[1], dtype=np.int64)
    words = np.empty(2 + extra_optimal + len(lower) * (1 + extra_wrong), dtype=np.int64)
    end, row = 0, 0
    for q in range(len(queries)):
        query, who, first = queries[q], level_tokens[q], level_start[q]
        star = levels == 2 and share(stream) < p_star
        own = 0 if star else 1 + below(stream, levels - 1)
        for v in range(vocab_size):
            order[v] = v
        shuffle(stream, order, vocab_size)
        next_one = 0
        for level in range(levels):
            size = each + (1 if level >= levels - more else 0)
            if level == 0:
                size = 1 if star else optimal
            first[level + 1] = first[level] + size
            for i in range(first[level], first[level + 1]):
                if level == own and i == first[level]:
                    who[i] = query
                    continue
                if order[next_one] == query:
                    next_one += 1
                who[i] = order[next_one]
                next_one += 1

        for j in range(sentences):
            top = below(stream, min(own, levels - 2) + 1)
            best = who[first[top] + j % (first[top + 1] - first[top])]
            if top == own:
                best = query
            count = 0
            for i in range(first[top + 1], first[levels]):
                if who[i] != query:
                    lower[count] = who[i]
                    count += 1
            itself = 1 if best == query else 0  # then a sentence must say something else
            if not complete:
                most = min(count, max_length - 2 + itself)
                size = itself + below(stream, most + 1 - itself)
                shuffle(stream, lower, count)
                count = size
            copies = 1 + below(stream, extra_optimal + 1) - itself
            for i in range(copies):
                words[i] = best
            total = copies
            for _ in range(1 + extra_wrong):
                for i in range(count):
                    words[total] = lower[i]
                    total += 1
            shuffle(stream, words, total)
            for i in range(total):
                tokens[end + i] = words[i]
            tokens[end + total] = query
            end += total + 1
            row += 1
            start[row], optimum[row - 1] = end, best
    return end
