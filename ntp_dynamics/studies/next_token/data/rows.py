"""Rows of tokens of different lengths, one after the other in one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise

import numpy as np
from jaxtyping import Int


@dataclass(frozen=True, eq=False)
class Rows:
    """N rows of T tokens in all; no row is empty."""

    flat: Int[np.ndarray, " T"]
    start: Int[np.ndarray, " N+1"]
    """Where each row begins, and the last one ends."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> Rows:
        """Rows as Python has them.  Raises OverflowError for a number beyond 32 bits."""
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        return cls(np.array(list(chain.from_iterable(rows)), dtype=np.int32), starts(lengths))

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, i: int) -> Int[np.ndarray, " K"]:
        return self.flat[self.start[i] : self.start[i + 1]]

    @cached_property
    def lengths(self) -> Int[np.ndarray, " N"]:
        return np.diff(self.start)

    @property
    def first(self) -> Int[np.ndarray, " N"]:
        return self.flat[self.start[:-1]]

    @property
    def last(self) -> Int[np.ndarray, " N"]:
        return self.flat[self.start[1:] - 1]

    def owner(self) -> Int[np.ndarray, " T"]:
        """The row of each token."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)

    def place(self) -> Int[np.ndarray, " T"]:
        """Where each token stands in its row."""
        return np.arange(len(self.flat)) - np.repeat(self.start[:-1], self.lengths)

    def lists(self) -> Iterator[list[int]]:
        """Row by row, as Python has them."""
        flat, start = self.flat.tolist(), self.start.tolist()
        return (flat[a:b] for a, b in pairwise(start))

    def take(self, which: Int[np.ndarray, " M"]) -> Rows:
        """Some of the rows."""
        lengths = self.lengths[which]
        start = starts(lengths)
        moved = np.repeat(self.start[:-1][which] - start[:-1], lengths)
        return Rows(self.flat[moved + np.arange(start[-1])], start)

    def ended_by(self, token: Int[np.ndarray, " N"]) -> Rows:
        """Every row with one token more."""
        longer = self.start + np.arange(len(self) + 1)
        flat = np.empty(longer[-1], dtype=np.int32)
        ends = longer[1:] - 1
        flat[ends] = token
        inside = np.ones(len(flat), dtype=bool)
        inside[ends] = False
        flat[inside] = self.flat
        return Rows(flat, longer)


def starts(lengths: Int[np.ndarray, " N"]) -> Int[np.ndarray, " N+1"]:
    """Where rows of these lengths begin, and the last one ends."""
    start = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=start[1:])
    return start


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """The rows of several, one after the other."""
    lengths = np.concatenate([part.lengths for part in parts])
    return Rows(np.concatenate([part.flat for part in parts]), starts(lengths))
