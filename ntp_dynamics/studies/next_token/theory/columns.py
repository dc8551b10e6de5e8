"""The columns of W*_kq of all queries, held in arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.theory.certificate import Proof
from ntp_dynamics.studies.next_token.theory.column import Column, Solved, column_of


@dataclass(frozen=True)
class Columns(Mapping[int, Column]):
    """Columns by query, in increasing order; each is spelled out when it is asked for.

    Exact ones stand in arrays: entry (v, q) of W is the number q V + v, and w = p / q there.
    """

    vocab_size: int
    entries: Int[np.ndarray, " T"]
    size: Int[np.ndarray, " T"]
    """Of how many tokens each entry speaks: 1, but in a `recession`."""
    p: np.ndarray
    q: np.ndarray
    above: Int[np.ndarray, " M"]
    """Places in `entries`, of every relation of an exact column."""
    below: Int[np.ndarray, " M"]
    tight: Bool[np.ndarray, " M"]
    forced_zero: Bool[np.ndarray, " M"]
    inexact: Mapping[int, Column] = field(default_factory=dict)

    @cached_property
    def _bounds(self) -> dict[int, tuple[int, int]]:
        """Where the entries of each exact column begin and end."""
        queries, begin = np.unique(self.entries // self.vocab_size, return_index=True)
        bounds = pairwise([*begin.tolist(), len(self.entries)])
        return dict(zip(queries.tolist(), bounds, strict=True))

    def __getitem__(self, query: int) -> Column:
        if query in self.inexact:
            return self.inexact[query]
        begin, end = self._bounds[query]
        entries = slice(begin, end)
        mine = (self.above >= begin) & (self.above < end)
        proof = Proof(True, True, self.tight[mine], self.forced_zero[mine])
        solved = Solved(
            self.entries[entries] % self.vocab_size,
            self.size[entries],
            self.p[entries],
            self.q[entries],
            self.above[mine] - begin,
            self.below[mine] - begin,
            proof,
        )
        return column_of(solved)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted({*self._bounds, *self.inexact}))

    def __len__(self) -> int:
        return len(self._bounds) + len(self.inexact)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    @property
    def norm_squared(self) -> Fraction | float:
        """||W*_kq||_F^2, exact where every column is."""
        alike = np.stack([abs(self.p), self.q, self.size])
        kinds, count = np.unique(alike, axis=1, return_counts=True)
        each = zip(*kinds.tolist(), count.tolist(), strict=True)
        squares = (n * size * Fraction(p, q) ** 2 for p, q, size, n in each)
        others = (column.norm_squared for column in self.inexact.values())
        return sum(others, start=sum(squares, start=Fraction(0)))

    def floats(self) -> tuple[Int[np.ndarray, " T"], Int[np.ndarray, " T"], np.ndarray]:
        """Token, query and value of every entry that a column has."""
        query, token = np.divmod(self.entries, self.vocab_size)
        others = [(v, q, w) for q, column in self.inexact.items() for v, w in column.values.items()]
        v, q, w = zip(*others, strict=True) if others else ((), (), ())
        return (
            np.concatenate([token, np.array(v, dtype=int)]),
            np.concatenate([query, np.array(q, dtype=int)]),
            np.concatenate([self.p / self.q, np.array(w, dtype=float)]),
        )
