"""What is kept under one n: samples by falling weight, each where the order of its query allows.

What is left out would break what is kept, so the kept part is maximal for its n.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import is_optimal
from ntp_dynamics.studies.next_token.data.rows import Rows
from ntp_dynamics.studies.next_token.repair.terms import Terms


class Kept:
    """A corpus under an n that may change, and the samples kept of it."""

    def __init__(
        self,
        corpus: Corpus,
        terms: Terms,
        n: Int[np.ndarray, " V"],
        first: Bool[np.ndarray, " N"] | None = None,
    ):
        """``first``: samples that are taken before the others."""
        from ntp_dynamics.studies.next_token.repair.order_kernel import Room, State, Turns

        self.corpus, self.terms, self.n = corpus, terms, n.copy()
        self.room = Room.of(corpus.bags.tokens, corpus.vocab_size)
        self.lengths = corpus.bags.tokens.lengths
        later = np.zeros(corpus.size, dtype=bool) if first is None else ~first
        last = corpus.rows.last
        turn = np.lexsort((self.lengths, -corpus.weight, later, last))
        bound = np.searchsorted(last[turn], np.arange(corpus.vocab_size + 1))
        self.turns = Turns(turn, bound[:-1], bound[1:])
        right = is_optimal(corpus, self.n)
        kept = np.zeros(corpus.size, dtype=bool)
        self.state = State(right, np.zeros(corpus.size, dtype=bool), kept)
        self.see(np.arange(corpus.size))
        self.choose(np.flatnonzero(bound[1:] > bound[:-1]))

    @property
    def mask(self) -> Bool[np.ndarray, " N"]:
        """Which samples are kept."""
        return self.state.kept

    @property
    def weight(self) -> float:
        """Of what is kept."""
        return self.weigh(self.mask)

    def weigh(self, mask: Bool[np.ndarray, " N"]) -> float:
        return float(self.corpus.weight[mask].sum())

    def samples_of(self, queries: Int[np.ndarray, " Q"]) -> Int[np.ndarray, " M"]:
        """The samples that end in one of the queries."""
        begin, end = self.turns.begin[queries], self.turns.end[queries]
        return np.concatenate([self.turns.turn[a:b] for a, b in zip(begin, end, strict=True)])

    def choose(self, queries: Int[np.ndarray, " Q"]) -> None:
        """Keep what fits of the samples of some queries."""
        from ntp_dynamics.studies.next_token.repair import order_kernel as kernel

        keep = kernel.keep_two_levels if self.terms.assumption1 else kernel.keep_acyclic
        turns = kernel.Turns(self.turns.turn, self.turns.begin[queries], self.turns.end[queries])
        keep(turns, self.room, self.state)

    def see(self, samples: Int[np.ndarray, " M"]) -> None:
        """Find out which of some samples may be kept under n, whatever is kept beside them."""
        self.state.usable[samples] = ~self.faults(samples).any(axis=0)

    def faults(self, samples: Int[np.ndarray, " M"]) -> Bool[np.ndarray, "3 M"]:
        """Of some samples: whether a token has no continuation, none leads to the next token, one
        has too many copies for Assumption 3."""
        bags = self.corpus.bags
        entries = Rows(self.entries, bags.tokens.start).take(samples)
        begin, right = entries.start[:-1], self.state.right[entries.flat]
        known = self.n[bags.tokens.flat[entries.flat]] >= 0
        faults = np.zeros((3, len(samples)), dtype=bool)
        faults[0] = ~np.logical_and.reduceat(known, begin)
        faults[1] = ~np.logical_or.reduceat(right, begin)
        if self.terms.assumption3:
            copies = bags.copies[entries.flat]
            optimal = np.add.reduceat(np.where(right, copies, 0), begin)
            faults[2] = np.maximum.reduceat(np.where(right, 0, copies), begin) > optimal
        return faults

    @cached_property
    def entries(self) -> Int[np.ndarray, " E"]:
        """The numbers of the entries."""
        return np.arange(len(self.room.token))
