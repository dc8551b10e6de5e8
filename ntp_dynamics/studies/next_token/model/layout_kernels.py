"""Sentences put into blocks, token by token, without a table of all that is said of a token.

Integers and moves only: what a kernel computes with them stands in `model.kernel`.
"""

from __future__ import annotations

import math

import numpy as np

from ntp_dynamics.studies.next_token.data.compiled import compiled

ABSENT = -2.0
"""The kind of no token."""


@compiled
def look_at_rows(token, log_copies, label, n, gain, kind, width, predictor, mixed):
    """Of each sentence: its slots, the token that raises its label (-1: none, then a slot more),
    whether its tokens have different columns."""
    for row in range(len(token)):
        count, found, differ = 0, -1, False
        first = kind[token[row, 0]]
        for k in range(token.shape[1]):
            if log_copies[row, k] == -math.inf:
                break
            u = token[row, k]
            if found < 0 and gain[u] > 0 and n[u] == label[row]:
                found = k
            differ = differ or kind[u] != first
            count += 1
        width[row] = count + (1 if found < 0 else 0)
        predictor[row] = found
        mixed[row] = differ


@compiled
def number_pairs(token, log_copies, query, by_query, vocab_size, number, occurring):
    """Number the pairs that occur by query, then token; how many there are.

    ``by_query``: the sentences in the order of their queries.  ``occurring`` takes query V + token
    of each."""
    where = np.empty(vocab_size, dtype=np.int64)
    pairs, begin = 0, 0
    while begin < len(by_query):
        q = query[by_query[begin]]
        for v in range(vocab_size):
            where[v] = -1
        end = begin
        while end < len(by_query) and query[by_query[end]] == q:
            row = by_query[end]
            for k in range(token.shape[1]):
                if log_copies[row, k] == -math.inf:
                    break
                where[token[row, k]] = 0
            end += 1
        for v in range(vocab_size):
            if where[v] == 0:
                where[v] = pairs
                occurring[pairs] = q * vocab_size + v
                pairs += 1
        for i in range(begin, end):
            row = by_query[i]
            for k in range(token.shape[1]):
                if log_copies[row, k] == -math.inf:
                    break
                number[row, k] = where[token[row, k]]
        begin = end
    return pairs


@compiled
def fill_blocks(
    token,
    log_copies,
    label,
    n,
    gain_of,
    kind_of,
    number,
    predictor,
    order,
    first,
    lanes,
    pair,
    copies,
    shift,
    kind,
    gain,
    optimal,
):
    """Write the sentences ``order`` into blocks of so many lanes, slot by slot, a lane each: the
    predictor first (an absent token where there is none), absent tokens last.  ``pair`` holds the
    number of no pair beforehand, the others zeros."""
    for place in range(len(order)):
        row, block = order[place], place // lanes
        at, end = first[block] * lanes + place % lanes, first[block + 1] * lanes
        for i in range(at, end, lanes):
            kind[i] = ABSENT
        slot = at + lanes
        for k in range(token.shape[1]):
            if log_copies[row, k] == -math.inf:
                break
            u, i = token[row, k], slot
            if k == predictor[row]:
                i = at
            else:
                slot += lanes
            often = round(math.exp(log_copies[row, k]))
            shift[i] = round(math.log2(often))
            copies[i] = often * 2.0 ** -shift[i]
            pair[i], kind[i], gain[i] = number[row, k], kind_of[u], gain_of[u]
            optimal[i] = 1.0 if n[u] == label[row] else 0.0
