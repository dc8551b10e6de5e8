"""What rows of tokens have in common, and how often each token stands in a row: in one pass."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.compiled import compiled, inlined
from ntp_dynamics.studies.next_token.data.rows import Rows

SEED, PRIME, FAR = (np.uint64(x) for x in (0xCBF29CE484222325, 0x100000001B3, 32))
"""Of the hash FNV-1a."""


class Equals(NamedTuple):
    """The first row that equals each row, and one that equals it short of its last token."""

    first: Int[np.ndarray, " N"]
    before: Int[np.ndarray, " N"]
    """-1 where there is none."""


class Bags(NamedTuple):
    """The distinct tokens of rows, by first occurrence."""

    tokens: Rows
    copies: Int[np.ndarray, " E"]
    """How often each stands in its row."""


def equals(rows: Rows) -> Equals:
    """Which rows are equal, and which are another with one token more."""
    size = 1 << (2 * len(rows)).bit_length()
    found = Equals(np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64))
    with np.errstate(over="ignore"):  # of Python's own integers, where numba is switched off
        _equals(rows.flat, rows.start, np.full(size, -1, dtype=np.int64), *found)
    return found


def bags(rows: Rows, vocab_size: int) -> Bags:
    """The distinct tokens of each row with their copies."""
    tokens, copies = np.empty((2, len(rows.flat)), dtype=np.int32)
    start = np.zeros(len(rows) + 1, dtype=np.int64)
    room = np.full(vocab_size, -1, dtype=np.int64)
    size = _bags(rows.flat, rows.start, room, tokens, copies, start)
    if size < len(tokens):
        tokens, copies = tokens[:size].copy(), copies[:size].copy()
    return Bags(Rows(tokens, start), copies)


@inlined
def _find(flat, start, table, begin, end, digest):
    """Where the table has a row that equals flat[begin:end], or has room for it."""
    last = len(table) - 1
    place = np.int64(digest ^ (digest >> FAR)) & last
    while True:
        row = table[place]
        if row < 0:
            return place
        if start[row + 1] - start[row] == end - begin:
            same = True
            for i in range(end - begin):
                if flat[start[row] + i] != flat[begin + i]:
                    same = False
                    break
            if same:
                return place
        place = (place + 1) & last


@compiled
def _equals(flat, start, table, first, before):
    for row in range(len(first)):
        digest = SEED
        for i in range(start[row], start[row + 1]):
            digest = (digest ^ np.uint64(flat[i])) * PRIME
        place = _find(flat, start, table, start[row], start[row + 1], digest)
        if table[place] < 0:
            table[place] = row
        first[row] = table[place]
    for row in range(len(first)):
        digest = SEED
        for i in range(start[row], start[row + 1] - 1):
            digest = (digest ^ np.uint64(flat[i])) * PRIME
        place = _find(flat, start, table, start[row], start[row + 1] - 1, digest)
        before[row] = table[place]


@compiled
def _bags(flat, start, room, tokens, copies, start_of_bag):
    """``room``: where each token of the vocabulary stands in the bag that is being filled."""
    end = 0
    for row in range(len(start) - 1):
        begin = end
        for i in range(start[row], start[row + 1]):
            token = flat[i]
            if room[token] < begin:
                room[token] = end
                tokens[end] = token
                copies[end] = 1
                end += 1
            else:
                copies[room[token]] += 1
        start_of_bag[row + 1] = end
    return end
