"""Random realizable corpora: the free generator.

Every query q gets an order of ``levels`` levels (level 0 on top): k tokens in level 0, m below.
A sentence shows one optimal token o from some level t, a body drawn from the levels below, and q
last; its label is n(o).  Every relation it states goes down in level, so each order is acyclic by
construction; with two levels no token is confused; Assumption 3 holds unless extra copies of wrong
tokens are asked for.  (Sentences are not prefix closed; no theorem needs that.)
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus, numbers
from ntp_dynamics.studies.next_token.data.rows import Rows
from ntp_dynamics.studies.next_token.data.weights import draw_weights
from ntp_dynamics.studies.next_token.groups import RealizableDataset

if TYPE_CHECKING:
    from ntp_dynamics.studies.next_token.data.sentences import Drawn

Levels = list[list[int]]


class Blueprint(NamedTuple):
    """A generated corpus with the plan behind it: per query the tokens of each level."""

    corpus: Corpus
    collocation: tuple[int, ...]
    levels: dict[int, Levels]


def generate(knobs: RealizableDataset, rng: np.random.Generator) -> Corpus:
    """A random realizable corpus; equal knobs and generator states give equal corpora."""
    return _generate(knobs, rng)[0]


def blueprint(knobs: RealizableDataset, rng: np.random.Generator) -> Blueprint:
    """As `generate`, and the levels it was built from."""
    corpus, n, queries, drawn = _generate(knobs, rng)
    orders = zip(queries.tolist(), drawn.level_tokens, drawn.level_start, strict=True)
    levels = {
        query: [tokens[a:b].tolist() for a, b in pairwise(start)] for query, tokens, start in orders
    }
    return Blueprint(corpus, tuple(n.tolist()), levels)


def _generate(
    knobs: RealizableDataset, rng: np.random.Generator
) -> tuple[Corpus, Int[np.ndarray, " V"], Int[np.ndarray, " Q"], Drawn]:
    """The corpus, its collocation, the queries, and what was drawn for each."""
    from ntp_dynamics.studies.next_token.data.row_kernels import equals  # takes numba along
    from ntp_dynamics.studies.next_token.data.sentences import draw_sentences
    from ntp_dynamics.studies.next_token.data.stream import given_back, taken

    v = knobs.vocab_size
    n = rng.permutation(v).astype(np.int32)
    queries = rng.permutation(v)[: knobs.queries]
    stream = taken(rng)
    drawn = draw_sentences(knobs, queries, stream)
    given_back(rng, stream)

    rows = Rows(
        np.concatenate([np.arange(v, dtype=np.int32), drawn.tokens]),
        np.concatenate([np.arange(v), v + drawn.start]),
    )
    label = np.concatenate([n, n[drawn.optimum]])
    first = equals(rows.ended_by(label)).first
    distinct = np.flatnonzero(first == np.arange(len(first)))
    weight = draw_weights(knobs, len(distinct), rng)
    corpus = Corpus.of_distinct(rows.take(distinct), label[distinct], weight, numbers(v))
    return corpus, n, queries, drawn
