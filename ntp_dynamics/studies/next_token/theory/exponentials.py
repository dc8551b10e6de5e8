"""The attention stage as a sum of exponentials, with what is known of it in exact numbers.

Where pure attention is close, the loss of sentence n is proportional to its leak, and the leak of
all sentences is at most

    sum_r C_r e^{-<z_r, W>},   z_r = (e_a - e_b) e_q^T,   C_r = sum_n w_n copies_b / copies_a,

over the relations r: a above b under q, and the sentences n (weight w_n) that state r.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.orders import is_optimal
from ntp_dynamics.studies.next_token.theory.columns import Columns
from ntp_dynamics.studies.next_token.theory.interval import Interval
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget


@dataclass(frozen=True, eq=False)
class Exponentials:
    """Relations in the order of an exact target (`columns`), with coefficients C_r.

    ``above`` and ``below`` are places in the entries of the target; ``least`` is the smallest
    weight of a sentence that states a relation, ``total`` the sum of all weights; ``classes`` is
    |V|, ``confused`` whether a token is above one and below another under one query.
    """

    columns: Columns
    coefficient: Interval
    least: float
    total: Interval
    classes: int
    confused: bool

    @property
    def above(self) -> Int[np.ndarray, " M"]:
        return self.columns.above

    @property
    def below(self) -> Int[np.ndarray, " M"]:
        return self.columns.below

    @property
    def size(self) -> int:
        """Entries of W that a relation is about."""
        return len(self.columns.entries)

    @cached_property
    def values(self) -> list[Fraction]:
        """W* at its entries."""
        pairs = zip(self.columns.p.tolist(), self.columns.q.tolist(), strict=True)
        return [Fraction(p, q) for p, q in pairs]

    @cached_property
    def norm_squared(self) -> Fraction:
        """||W*||^2."""
        return Fraction(self.columns.norm_squared)

    @property
    def carrying(self) -> Bool[np.ndarray, " M"]:
        """Relations that can have a positive multiplier."""
        return self.columns.tight & ~self.columns.forced_zero

    @cached_property
    def slack(self) -> Interval:
        """<z_r, W*> - 1 >= 0."""
        w = self.values
        pairs = zip(self.above.tolist(), self.below.tolist(), strict=True)
        return Interval.of([w[a] - w[b] - 1 for a, b in pairs]).not_negative()

    def at(
        self, scores: Float[np.ndarray, "V Q"], queries: Sequence[int]
    ) -> Float[np.ndarray, " T"]:
        """Scores at the entries; ``queries`` are those of the columns."""
        query, token = np.divmod(self.columns.entries, self.columns.vocab_size)
        place = np.full(self.columns.vocab_size, -1)
        place[np.asarray(queries, dtype=int)] = np.arange(len(queries))
        return scores[token, place[query]]


def exponentials(
    corpus: Corpus, collocation: Sequence[int], target: AttentionTarget
) -> Exponentials:
    """Of a corpus with one optimal token type a sentence, and its exact target."""
    columns, v = target.columns, corpus.vocab_size
    bags = corpus.bags
    right = is_optimal(corpus, np.asarray(collocation))
    owner = bags.tokens.owner()
    optimal = np.zeros(corpus.size, dtype=np.int64)
    optimal[owner[right]] = np.flatnonzero(right)
    wrong = np.flatnonzero(~right)
    best = optimal[owner[wrong]]
    query = corpus.rows.last[owner[wrong]].astype(np.int64)
    keys = (query * v + bags.tokens.flat[best]) * v + bags.tokens.flat[wrong]
    own = columns.entries[columns.above] * v + columns.entries[columns.below] % v
    order = np.argsort(own)
    relation = order[np.searchsorted(own[order], keys)]
    weight = corpus.weight[owner[wrong]]
    terms = Interval.exactly(weight) * Interval.exactly(bags.copies[wrong])
    terms = terms / Interval.exactly(bags.copies[best])
    both = np.intersect1d(columns.above, columns.below)
    return Exponentials(
        columns=columns,
        coefficient=terms.sums(relation, len(own)),
        least=float(weight.min()),
        total=Interval.exactly(corpus.weight).sum(),
        classes=corpus.classes,
        confused=bool(both.size),
    )
