"""Sums over the tokens of sentences that share a score S[u,q].

Atomic additions of a GPU come in any order, so there the sum runs over sorted segments instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Segments(NamedTuple):
    """Entries in the order of their scores, and where those of each score begin."""

    order: Int[Tensor, " E"]
    offset: Int[Tensor, " P+1"]


@dataclass(frozen=True)
class Pairs:
    """Which of P scores, in a row, each of E tokens of sentences has."""

    index: Int[Tensor, " E"]
    size: int

    def read(self, scores: Float[Tensor, "R V Q"]) -> Float[Tensor, " E"]:
        """The score of every entry."""
        return scores.reshape(-1).index_select(0, self.index)

    def sum(self, entries: Float[Tensor, " E"]) -> Float[Tensor, " P"]:
        """The sum over the entries of each score, in an order that is always the same."""
        if entries.device.type == "cpu":
            return entries.new_zeros(self.size).scatter_add_(0, self.index, entries)
        return self.sum_segments(entries)

    def sum_segments(self, entries: Float[Tensor, " E"]) -> Float[Tensor, " P"]:
        """The same sum without atomic additions.

        As columns of width one: a GPU then takes a thread a segment, in order, where a block of
        threads a segment would idle on so few entries.
        """
        order, offset = self.segments
        column = entries.index_select(0, order)[:, None]
        return torch.segment_reduce(column, "sum", offsets=offset, unsafe=True)[:, 0]

    @cached_property
    def segments(self) -> Segments:
        ordered, order = self.index.sort(stable=True)
        bounds = torch.arange(self.size + 1, device=ordered.device)
        return Segments(order, torch.searchsorted(ordered, bounds))
