"""Softmax-linear problems for tests: those of the golden file, and random ones."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.rows import Rows
from ntp_dynamics.studies.next_token.theory.problems import (
    attention_problem,
    log_head,
    soft_labels,
)
from ntp_dynamics.studies.next_token.theory.recession import Recession, Samples, recession

FILE = Path(__file__).parents[1] / "any_corpus.json"
GOLDEN = {
    name: corpus
    for name, corpus in json.loads(FILE.read_text())["corpora"].items()
    if "coordinates" in corpus
}
"""Those with orthonormal vectors."""


def of_golden(corpus: dict[str, Any]) -> Samples:
    """The samples of a golden corpus."""
    if "counts" in corpus:
        counts = [
            (int(x), int(z), n) for x, row in corpus["counts"].items() for z, n in row.items()
        ]
        return of_counts(counts, corpus["vocab_size"])
    samples = [(s["tokens"], s["next"], s["weight"]) for s in corpus["samples"]]
    read = Corpus.from_samples(samples, len(corpus["collocation"]))
    found = attention_problem(read, np.array(corpus["collocation"]))
    assert found is not None
    return found


def of_counts(counts: list[tuple[int, int, float]], vocab_size: int) -> Samples:
    """Soft labels of (context, next, count)."""
    x, z, n = (np.array(column) for column in zip(*counts, strict=True))
    return soft_labels(x, z, n.astype(float), vocab_size)


def of_sentences(
    sentences: list[tuple[int, dict[int, int], int, float]], vocab_size: int
) -> Samples:
    """The log head of (query, copies of each token, optimal token, weight)."""
    tokens = Rows.of([list(copies) for _, copies, _, _ in sentences])
    copies = np.array([m for _, of_one, _, _ in sentences for m in of_one.values()])
    query, holder = (np.array([s[i] for s in sentences]) for i in (0, 2))
    weight = np.array([s[3] for s in sentences], float)
    return log_head(tokens, copies, query, holder, weight, vocab_size)


def drawn(seed: int, vocab_size: int = 6, queries: int = 2) -> Samples:
    """A random log head: cycles, copies, unequal weights."""
    rng = np.random.default_rng(seed)
    sentences = []
    for _ in range(int(rng.integers(2, 9))):
        tokens = rng.choice(vocab_size, int(rng.integers(2, 5)), replace=False).tolist()
        copies = {v: int(rng.integers(1, 4)) for v in tokens}
        holder = int(rng.choice(tokens))
        weight = float(rng.choice([1, 2, 3, 10, 0.01]))
        sentences.append((int(rng.integers(queries)), copies, holder, weight))
    return of_sentences(sentences, vocab_size)


def loss(samples: Samples, problem: Recession, w: np.ndarray) -> float:
    """L(w), as it is written down."""
    start, y = samples.tokens.start[:-1], w[problem.node] + np.log(samples.copies)
    asked = np.add.reduceat(samples.target * y, start)
    return float(samples.pi @ (np.logaddexp.reduceat(y, start) - asked))


def levels(problem: Recession) -> dict[tuple[int, int], Fraction]:
    """W_svm of every node, exact; 0 where no arc is."""
    first = problem.first[problem.component]
    found = {}
    for i, (q, v) in enumerate(zip(problem.column.tolist(), problem.token.tolist(), strict=True)):
        own = problem.columns[q].values if q in problem.columns else {}
        found[q, v] = Fraction(own.get(int(problem.token[first[i]]), 0))
    return found


def solved(samples: Samples) -> Recession:
    """With a proved direction."""
    problem = recession(samples)
    assert not problem.columns.inexact
    return problem
