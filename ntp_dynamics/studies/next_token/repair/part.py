"""The largest realizable part of a corpus (theory/any_corpus.md 6), or what comes near it.

n begins as the better of two (`collocation`), what it keeps is taken greedily (`greedy`), both are
mended one token at a time (`search`); for a small corpus an integer program (`milp`) finds the
largest part, and proves it.  The problem is NP-hard: a minimum feedback arc set is one case.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.rows import Rows, joined_rows, starts
from ntp_dynamics.studies.next_token.repair import milp
from ntp_dynamics.studies.next_token.repair.collocation import (
    cooccurrence,
    covering,
    followers,
    injective,
    most_reached,
    total,
)
from ntp_dynamics.studies.next_token.repair.dropped import Dropped
from ntp_dynamics.studies.next_token.repair.greedy import Kept
from ntp_dynamics.studies.next_token.repair.search import Search
from ntp_dynamics.studies.next_token.repair.terms import Pairs, Terms, pairs_of
from ntp_dynamics.system.errors import UserError

SMALL = 200
"""Up to so many rows the integer program is run unasked."""


@dataclass(frozen=True)
class Part:
    """What is kept of a corpus, under which n, and how near the largest part that is.

    Weights are those of samples kept: ``greedy`` and ``search`` on the way, ``weight`` at the end,
    ``reach`` what this n reaches, ``bound`` what no part exceeds.
    """

    kept: Kept
    pairs: Pairs
    greedy: float
    search: float
    reach: float
    bound: float
    proved: bool

    @property
    def whole(self) -> Corpus:
        """The corpus that it is a part of."""
        return self.kept.corpus

    @property
    def weight(self) -> float:
        return self.kept.weight

    @property
    def mask(self) -> Bool[np.ndarray, " N"]:
        """Which samples are kept."""
        return self.kept.mask

    @property
    def collocation(self) -> Int[np.ndarray, " V"]:
        """n; -1 where a token needs none."""
        return self.kept.n

    @cached_property
    def dropped(self) -> Dropped:
        """Why the others are not kept."""
        return Dropped(self.kept)

    @cached_property
    def declared(self) -> Int[np.ndarray, " M"]:
        """The tokens of the part whose length-one sample is not among those kept; under Assumption
        1, where n is a permutation of the vocabulary, of all tokens."""
        asked = self.collocation >= 0
        if not self.kept.terms.assumption1:
            rows, asked = self.whole.rows, np.zeros(self.whole.vocab_size, dtype=bool)
            asked[rows.flat[np.repeat(self.mask, rows.lengths)]] = True
        return np.flatnonzero(asked & ~self._alone)

    @property
    def unstated(self) -> int:
        """So many tokens of the vocabulary have no continuation in the part."""
        return self.whole.vocab_size - int(self._alone.sum()) - len(self.declared)

    @cached_property
    def _alone(self) -> Bool[np.ndarray, " V"]:
        """The tokens whose length-one sample is kept."""
        rows, alone = self.whole.rows, np.zeros(self.whole.vocab_size, dtype=bool)
        alone[rows.last[self.mask & (rows.lengths == 1)]] = True
        return alone

    @cached_property
    def attested(self) -> Bool[np.ndarray, " M"]:
        """Of each declared token x, whether some sample ends in x and is followed by n(x)."""
        found = (self.pairs.find(x, int(self.collocation[x])) for x in self.declared.tolist())
        return np.array([i >= 0 and self.pairs.follows[i] > 0 for i in found], dtype=bool)

    def corpus(self) -> Corpus:
        """The kept samples, after a sample [x] -> n(x), of the least weight of the corpus, for each
        declared token x.  Raises UserError where nothing is kept."""
        rows, label, weight = self.whole.rows, self.whole.label, self.whole.weight
        which = np.flatnonzero(self.mask)
        if not len(which):
            raise UserError("corpus", "no part of it is realizable", "ask for less, or give more")
        alone = self.declared
        added = Rows(alone.astype(np.int32), starts(np.ones(len(alone), dtype=np.int64)))
        return Corpus.of_distinct(
            joined_rows([added, rows.take(which)]),
            np.concatenate([self.collocation[alone], label[which]]).astype(np.int32),
            np.concatenate([np.full(len(alone), weight.min()), weight[which]]),
            self.whole.vocab,
            self.whole.unused,
        )


def realizable_part(
    corpus: Corpus, terms: Terms | None = None, *, seconds: float | None = None
) -> Part:
    """The largest part that is as ``terms`` ask, or a maximal one for its n.

    ``seconds``: so long an integer program may look for a larger part and a proof; None: only where
    the corpus is small.  Raises UserError for an injective n over too many tokens, or a program too
    large.
    """
    if seconds is not None:
        milp.require_size(corpus)
    terms = terms or Terms()
    pairs, weight = pairs_of(corpus, terms.collocation), corpus.weight
    starts_of_n = _starts(corpus, terms, pairs)
    kept = max((Kept(corpus, terms, n) for n in starts_of_n), key=lambda k: k.weight)
    greedy, bound = kept.weight, most_reached(pairs, weight, kept.n)
    if terms.assumption1:  # a sample counts once for each token that reaches it, in the assignment
        bound = min(bound, total(pairs, cooccurrence(pairs, weight), starts_of_n[0]))
    Search(kept, pairs).run()
    searched = kept.weight
    if seconds is not None or milp.size_of(corpus) <= SMALL:
        optimum = milp.solve(corpus, terms, pairs, seconds)
        if optimum is not None:
            bound = min(bound, optimum.bound)
            kept = max(kept, optimum.kept, key=lambda k: k.weight)
    return Part(
        kept=kept,
        pairs=pairs,
        greedy=greedy,
        search=searched,
        reach=_reach(kept),
        bound=max(bound, kept.weight),
        proved=milp.is_proved(kept.weight, bound, weight),
    )


def _starts(corpus: Corpus, terms: Terms, pairs: Pairs) -> list[Int[np.ndarray, " V"]]:
    weight = corpus.weight
    if not terms.assumption1:
        return [covering(pairs, weight), followers(pairs, weight)]
    values: list[Float[np.ndarray, " P"]] = [cooccurrence(pairs, weight), pairs.follows]
    return [injective(corpus, pairs, value) for value in values]


def _reach(kept: Kept) -> float:
    """The weight of the samples with an optimal token."""
    begin = kept.room.start[:-1]
    return kept.weigh(np.logical_or.reduceat(kept.state.right, begin))
