"""Local search: one token gets another continuation wherever more weight is then kept.

With an injective n two tokens change places.  The tokens whose samples break the orders most come
first; of each, the continuations that reach most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.next_token.repair.collocation import cooccurrence
from ntp_dynamics.studies.next_token.repair.greedy import Kept
from ntp_dynamics.studies.next_token.repair.terms import Pairs

EFFORT = 100_000_000
"""So many tokens of samples are looked at again, at most."""
TRIES = 16
"""So many continuations of a token are tried in a round."""
SMALLEST = 1e-12
"""A gain below this share of all weight is rounding."""


@dataclass
class Search:
    """A kept part that changes for the better."""

    kept: Kept
    pairs: Pairs
    effort: int = EFFORT

    def run(self) -> None:
        """Round after round, until nothing is gained or the effort is spent."""
        value = cooccurrence(self.pairs, self.kept.corpus.weight)
        self._rounds(value)
        self._fill(value)

    def _rounds(self, value: Float[np.ndarray, " P"]) -> None:
        gained = True
        while gained and self.effort > 0:
            gained = False
            for token in self._tokens():
                for label in self._labels(int(token), value):
                    if self.effort <= 0:
                        return
                    moves = self._moves(int(token), label)
                    if moves and self._try(moves):
                        gained = True

    def _fill(self, value: Float[np.ndarray, " P"]) -> None:
        """Give tokens without a continuation one that is left over: none of their samples is kept,
        so that nothing is lost."""
        n = self.kept.n
        for token in np.flatnonzero((n < 0) & (np.diff(self.pairs.of_token) > 0)).tolist():
            free = [x for x in self._labels(token, value, tries=None) if x not in n]
            if free:
                seen = self._change({token: free[0]})
                self.kept.choose(np.unique(self.kept.corpus.rows.last[seen]))

    def _tokens(self) -> Int[np.ndarray, " U"]:
        """Those with several continuations to choose from, by the weight that orders cost."""
        state, pairs, size = self.kept.state, self.pairs, len(self.kept.n)
        lost = np.where(state.usable & ~state.kept, self.kept.corpus.weight, 0.0)
        costs = np.bincount(pairs.token, cooccurrence(pairs, lost), size)
        several = np.bincount(pairs.token[pairs.allowed], minlength=size) > 1
        several |= self.kept.terms.assumption1 & (np.diff(pairs.of_token) > 0)
        order = np.argsort(-costs, kind="stable")
        return order[several[order]]

    def _labels(
        self, token: int, value: Float[np.ndarray, " P"], tries: int | None = TRIES
    ) -> list[int]:
        """The continuations that a token may have, those of most samples first."""
        first, last = self.pairs.of_token[token], self.pairs.of_token[token + 1]
        order = first + np.argsort(-value[first:last], kind="stable")
        return self.pairs.label[order[self.pairs.allowed[order]][:tries]].tolist()

    def _moves(self, token: int, label: int) -> dict[int, int]:
        """The new continuations; none where nothing would change."""
        n = self.kept.n
        old = int(n[token])
        if old == label:
            return {}
        moves = {token: label}
        if self.kept.terms.assumption1 and len(holder := np.flatnonzero(n == label)):
            other = int(holder[0])
            moves[other] = old if self._may(other, old) else -1
        return moves

    def _may(self, token: int, label: int) -> bool:
        pair = self.pairs.find(token, label)
        return bool(self.pairs.allowed[pair]) if pair >= 0 else self.pairs.declared

    def _try(self, moves: Mapping[int, int]) -> bool:
        """Make the moves, and take them back where they do not keep more."""
        kept, weight = self.kept, self.kept.corpus.weight
        back = {token: int(kept.n[token]) for token in moves}
        seen = self._change(moves)
        queries = np.unique(kept.corpus.rows.last[seen])
        samples = kept.samples_of(queries)
        self.effort -= int(kept.lengths[samples].sum() + kept.lengths[seen].sum())
        was = kept.mask[samples]
        before, least = weight[samples[was]].sum(), SMALLEST * weight.sum()
        if weight[samples[kept.state.usable[samples]]].sum() > before + least:
            kept.choose(queries)
            if weight[samples[kept.mask[samples]]].sum() > before + least:
                return True
            kept.mask[samples] = was
        self._change(back)
        return False

    def _change(self, moves: Mapping[int, int]) -> Int[np.ndarray, " M"]:
        """Give tokens other continuations; the samples whose optimal tokens change."""
        kept, pairs, samples = self.kept, self.pairs, []
        for token, label in moves.items():
            old = int(kept.n[token])
            for pair, right in ((pairs.find(token, old), False), (pairs.find(token, label), True)):
                if pair >= 0:
                    entries = slice(pairs.start[pair], pairs.start[pair + 1])
                    kept.state.right[pairs.entry[entries]] = right
                    samples.append(pairs.sample[entries])
            if (old < 0) != (label < 0):
                first, last = pairs.of_token[token], pairs.of_token[token + 1]
                samples.append(pairs.sample[pairs.start[first] : pairs.start[last]])
            kept.n[token] = label
        seen = np.unique(np.concatenate(samples)) if samples else np.zeros(0, dtype=np.int64)
        kept.see(seen)
        return seen
