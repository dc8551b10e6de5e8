"""Corpora of every shape, for comparisons of one way of training with another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.reference import Reference


def any_corpus(
    v: int, separable: bool, rng: np.random.Generator, injective: bool = False
) -> tuple[Corpus, Int[np.ndarray, " V"]]:
    """A corpus and a continuation of each token, -1 where it is unknown.

    Any number of optimal tokens, copies and unknown continuations, equal continuations unless
    ``injective``, weights over six decades.  Not separable: also contradictions, labels that no
    token predicts, sentences of the whole vocabulary.
    """
    n = rng.permutation(v) if rng.random() < 0.5 else rng.integers(0, v, v)
    n = np.where(rng.random(v) < rng.choice([0.0, 0.3]), -1, n)
    n[0] = 0
    if injective:
        seen = set()
        for x in range(v):
            n[x] = -1 if n[x] in seen else n[x]
            seen.add(n[x])
    rank = rng.permutation(v)  # the known token of the lowest rank is optimal
    samples = {}
    for _ in range(int(rng.integers(1, 25))):
        sentence = tuple(rng.integers(0, v, int(rng.integers(1, 12))).tolist())
        known = [x for x in sentence if n[x] >= 0]
        if separable and not known:
            continue
        label = n[min(known, key=lambda x: rank[x])] if known else 0
        if not separable and rng.random() < 0.3:
            label = rng.integers(0, v)
        samples[sentence] = (sentence, int(label), float(10 ** -rng.uniform(0, 6)))
    samples[0, 0] = ((0, 0), 0, 1.0)
    return Corpus.from_samples(list(samples.values()), vocab_size=v), n


def voting(
    corpus: Corpus, n: Int[np.ndarray, " V"], rng: np.random.Generator
) -> tuple[Corpus, Int[np.ndarray, " V"]]:
    """The same sentences with two labels, every class of the corpus counted as one of them."""
    vote = rng.integers(0, 2, corpus.vocab_size).astype(np.int32)
    labels = vote[corpus.label]
    told = corpus.rows, labels, corpus.weight, corpus.vocab, 0, ("+", "-")
    return Corpus.from_arrays(*told), np.where(n < 0, -1, vote[n])


def batch_of(drawn: Sequence[tuple[Corpus, Int[np.ndarray, " V"]]]) -> Batch:
    """Such corpora as one batch."""
    corpora, collocations = zip(*drawn, strict=True)
    return pack(corpora, [n.tolist() for n in collocations])


def any_reference(batch: Batch) -> Reference:
    """Targets, relations and roles of no meaning, the first two on pairs that occur."""
    rng = np.random.default_rng(batch.vocab_size)
    runs, v, q = batch.runs, batch.vocab_size, batch.n_queries
    occurs = torch.zeros(runs, v * q, dtype=torch.bool)
    real = batch.present & (batch.log_pi > -math.inf)[..., None]
    for run in range(runs):
        occurs[run, batch.score_index[run][real[run]]] = True
    kq = torch.from_numpy(rng.standard_normal((runs, v * q))).masked_fill(~occurs, 0.0)
    kq = kq.view(runs, v, q)
    ov = torch.from_numpy(rng.standard_normal((runs, batch.label_size, v)))
    relations = torch.full((2, runs, 11), -1)
    for run in range(runs):
        count = int(rng.integers(0, 12))
        found = occurs[run].nonzero()[:, 0].numpy()
        relations[:, run, :count] = torch.from_numpy(rng.choice(found, (2, count)))
    role = torch.from_numpy(rng.integers(0, 4, (runs, v, q)))
    kq_norm, ov_norm = (x.square().sum((1, 2)).sqrt() for x in (kq, ov))
    above, below = relations
    roles = role == 1, role == 2, role == 3
    return Reference(ov, ov, ov_norm, kq, kq, kq_norm, above, below, *roles)
