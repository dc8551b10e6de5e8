"""What is asked of the kept part, and which continuations a token may have."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.rows import starts


class Choice(StrEnum):
    """Which n(x) a token x may have."""

    declared = "declared"
    """The next token of any sample that holds x: its length-one sample need not be data."""
    attested = "attested"
    """The next token of a sample that ends in x."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the kept part must be beside realizable."""

    assumption1: bool = False
    """n injective, no confused token."""
    assumption3: bool = False
    """In no sample has a non-optimal token more copies than the optimal ones together."""
    collocation: Choice = Choice.declared


@dataclass(frozen=True)
class Pairs:
    """The P pairs (token x, next token y) of the samples that hold x, by token, then by label.

    Entries are the distinct tokens of samples, as `Corpus.bags` has them.
    """

    token: Int[np.ndarray, " P"]
    label: Int[np.ndarray, " P"]
    allowed: Bool[np.ndarray, " P"]
    """Whether n(x) = y may be."""
    declared: bool
    """Whether n(x) may also be a token that no sample of x has as its label."""
    of_token: Int[np.ndarray, " V+1"]
    """Where the pairs of each token begin."""
    entry: Int[np.ndarray, " E"]
    """The entries, pair by pair."""
    sample: Int[np.ndarray, " E"]
    """The sample of each of them."""
    start: Int[np.ndarray, " P+1"]
    """Where the entries of each pair begin."""
    follows: Float[np.ndarray, " P"]
    """The weight of the samples that end in x and are followed by y."""

    @property
    def of_entry(self) -> Int[np.ndarray, " E"]:
        """The pair of each of `entry`."""
        return np.repeat(np.arange(len(self.token)), np.diff(self.start))

    def find(self, token: int, label: int) -> int:
        """The pair, or -1."""
        begin, end = self.of_token[token], self.of_token[token + 1]
        place = begin + int(np.searchsorted(self.label[begin:end], label))
        return place if place < end and self.label[place] == label else -1


def pairs_of(corpus: Corpus, choice: Choice) -> Pairs:
    """Every pair of a corpus; one pass and a sort."""
    bags, v = corpus.bags.tokens, np.int64(corpus.vocab_size)
    owner = bags.owner()
    keys, which = np.unique(bags.flat * v + corpus.label[owner], return_inverse=True)
    entry = np.argsort(which, kind="stable")
    token, label = np.divmod(keys, v)
    ends = np.searchsorted(keys, corpus.rows.last * v + corpus.label)
    follows = np.bincount(ends, corpus.weight, len(keys))
    declared = choice is Choice.declared
    return Pairs(
        token=token,
        label=label,
        allowed=(follows > 0) | declared,
        declared=declared,
        of_token=np.searchsorted(token, np.arange(v + 1)),
        entry=entry,
        sample=owner[entry],
        start=starts(np.bincount(which, minlength=len(keys))),
        follows=follows,
    )
