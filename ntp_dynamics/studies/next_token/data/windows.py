"""Samples of a sequence of tokens: windows of a length, or prefixes of sentences.

A token outside the vocabulary is -1: no sample holds one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.rows import Rows, joined_rows, starts


class Cut(NamedTuple):
    """Sentences with the token that follows each."""

    rows: Rows
    label: Int[np.ndarray, " M"]
    possible: int
    """How many there would be if every token were in the vocabulary."""


def windows(tokens: Rows, length: int) -> Cut:
    """Every ``length`` tokens that follow one another in a row, and the token after them."""
    flat, last = tokens.flat, len(tokens.flat) - length
    if last <= 0:
        return Cut(Rows(flat[:0], starts(flat[:0])), flat[:0], 0)
    owner = tokens.owner()
    within = owner[:last] == owner[length:]
    unknown = starts(flat < 0)
    known = unknown[length + 1 :] == unknown[:last]
    begin = np.flatnonzero(within & known)
    rows = np.lib.stride_tricks.sliding_window_view(flat, length)[begin]
    start = np.arange(len(begin) + 1, dtype=np.int64) * length
    return Cut(Rows(rows.reshape(-1), start), flat[begin + length], int(within.sum()))


def prefixes(tokens: Rows, longest: int) -> Cut:
    """Every beginning of a row, of at most ``longest`` tokens, and the token after it."""
    place, owner = tokens.place(), tokens.owner()
    first = tokens.start[:-1][owner]
    unknown = starts(tokens.flat < 0)
    follows = (place > 0) & (place <= longest)
    known = unknown[1:] == unknown[first]
    end = np.flatnonzero(follows & known)
    start = starts(place[end])
    moved = np.repeat(first[end] - start[:-1], place[end])
    flat = tokens.flat[moved + np.arange(start[-1])]
    return Cut(Rows(flat, start), tokens.flat[end], int((place > 0).sum()))


def prefix_tokens(tokens: Rows, longest: int) -> int:
    """So many tokens `prefixes` would write at most."""
    shorter = np.minimum(tokens.lengths - 1, longest)
    return int((shorter * (shorter + 1) // 2).sum())


def joined(cuts: Sequence[Cut]) -> Cut:
    """One after the other."""
    label = np.concatenate([cut.label for cut in cuts])
    return Cut(joined_rows([cut.rows for cut in cuts]), label, sum(cut.possible for cut in cuts))
