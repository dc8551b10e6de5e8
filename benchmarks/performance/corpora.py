"""What the benchmarks train: N sentences of L distinct tokens, realizable, n injective."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.reference import Reference, SolvedReference

MARGIN = 9.23


class Shape(NamedTuple):
    """Vocabulary, tokens of a sentence, sentences."""

    v: int
    l: int  # noqa: E741
    n: int

    def __str__(self) -> str:
        return f"({self.v}, {self.l}, {self.n})"


def corpus(shape: Shape, seed: int = 0, pairs: bool = False) -> tuple[Corpus, list[int]]:
    """A corpus and n; every query has one random order of all tokens.  ``pairs``: with the
    one-token sentences that state n, which a recogniser needs and a step does not."""
    rng = np.random.default_rng([*shape, seed])
    follows = rng.permutation(shape.v)
    rank = rng.permuted(np.tile(np.arange(shape.v), (shape.v, 1)), axis=1)
    samples = [((x,), int(follows[x]), 1.0) for x in range(shape.v) if pairs]
    for _ in range(shape.n):
        words = rng.permutation(shape.v)[: shape.l]
        top = words[rank[words[-1]][words].argmin()]
        samples.append((tuple(words.tolist()), int(follows[top]), 1.0))
    return Corpus.from_samples(samples, vocab_size=shape.v), follows.tolist()


class Problem(NamedTuple):
    """An attention stage at the exact margin, R runs."""

    corpora: list[Corpus]
    batch: Batch
    logits: torch.Tensor
    reference: Reference
    """The order of the tokens under each query, without targets."""


def problem(shape: Shape, runs: int, fresh: bool = False) -> Problem:
    """Runs on one corpus, or each on its own."""
    seeds = [run if fresh else 0 for run in range(runs)]
    drawn = [corpus(shape, seed) for seed in seeds]
    batch = pack([c for c, _ in drawn], [n for _, n in drawn])
    # One-token sentences state n, which a recogniser needs and a step does not.
    recognised = {seed: recognise(corpus(shape, seed, pairs=True)[0]) for seed in set(seeds)}
    nothing = [None] * runs  # the direction gap is nan, at the same cost
    reference = SolvedReference(batch, [recognised[seed] for seed in seeds], nothing, nothing)
    return Problem([c for c, _ in drawn], batch, exact_margin(MARGIN, batch), reference)
