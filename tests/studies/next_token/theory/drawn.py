"""Orders, corpora and relations drawn at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from ntp_dynamics.studies.next_token.data.embedding import gaussian
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.orders import Order
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.theory.gram_dual import factor
from ntp_dynamics.studies.next_token.theory.separation import Relations

SIZE = 6
pairs = st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)).filter(lambda p: p[0] < p[1])
orders = st.dictionaries(
    st.integers(0, SIZE - 1),
    st.frozensets(pairs, min_size=1, max_size=6).map(lambda found: Order(dict.fromkeys(found, 0))),
    min_size=1,
    max_size=4,
)
seeds = st.integers(0, 10_000)


def triples(found):
    return [(a, b, q) for q, order in found.items() for a, b in order.relations]


def corpus_of_twenty(seed):
    dataset = RealizableDataset(vocab_size=20, queries=12)
    return recognise(generate(dataset, np.random.default_rng(seed)))


def relations_of_twenty(seed: int, dim: int, drawn: int) -> Relations:
    """Those of one corpus of 20 tokens, their vectors in ``dim`` dimensions."""
    root = factor(gaussian(20, dim, np.random.default_rng(drawn)).gram)
    found = corpus_of_twenty(seed).orders or {}
    return Relations(*np.array(triples(found)).T, root, root)
