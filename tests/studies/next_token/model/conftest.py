"""Corpora of every shape, and gradients in a thousand digits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mpmath
import numpy as np
import pytest
import torch

from benchmarks.any_corpora import any_corpus, batch_of, voting
from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.groups import Optimizer
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule

RUNS = 25


class Cases(NamedTuple):
    """Corpora of one vocabulary size with logits and scores to start from."""

    batch: Batch
    logits: torch.Tensor
    scores: torch.Tensor
    outside: torch.Tensor
    """Norm of W_kq outside the span of the token vectors."""

    @property
    def matrix(self) -> TokenMatrix:
        return TokenMatrix(self.scores, self.outside)

    @property
    def objective(self) -> AttentionObjective:
        return AttentionObjective(self.batch, self.matrix, self.logits)

    def dynamics(self, optimizer: Optimizer, step_size: float) -> AttentionKernel:
        return AttentionKernel(self.objective, kernel_rule(optimizer, step_size))

    def by_torch(self, optimizer: Optimizer, step_size: float, steps: int):
        return every_state(Descent(self.objective, make_rule(optimizer), [step_size]), steps)


def _any_cases(v: int, separable: bool, dense: bool = False, votes: bool = False) -> Cases:
    """``dense``: logits without any structure; ``votes``: two labels."""
    rng = np.random.default_rng([v, separable, dense])
    drawn = [any_corpus(v, separable, rng) for _ in range(RUNS)]
    drawn = [voting(*x, rng) for x in drawn] if votes else drawn
    batch, collocations = batch_of(drawn), [n for _, n in drawn]
    logits = np.tile(rng.standard_normal((RUNS, 1, v)), (1, batch.label_size, 1))
    for run, n in enumerate(collocations):
        gain = np.full(v, 9.23) if rng.random() < 0.5 else rng.uniform(0.5, 12.0, v)
        logits[run, n[n >= 0], np.arange(v)[n >= 0]] += gain[n >= 0]
    if dense:
        logits = 5 * rng.standard_normal((RUNS, batch.label_size, v))
    scale = rng.choice([0.0, 3.0], (RUNS, 1, 1))
    scores = scale * rng.standard_normal((RUNS, v, batch.n_queries))
    outside = torch.zeros(RUNS, dtype=torch.float64)
    return Cases(batch, torch.from_numpy(logits), torch.from_numpy(scores), outside)


@pytest.fixture
def any_cases() -> Callable[..., Cases]:
    """25 runs: any_cases(vocab_size, separable, dense=False, votes=False)."""
    return _any_cases


def _reference_gradient(scores, logits, corpus: Corpus) -> tuple[np.ndarray, float]:
    """dL/dS of one corpus in 1,000 digits."""
    with mpmath.workdps(1000):
        v = corpus.vocab_size
        column = {q: i for i, q in enumerate(corpus.queries)}
        total = [[mpmath.mpf(0)] * len(column) for _ in range(v)]
        for i, sentence in enumerate(corpus.sentences):
            if len(sentence) < 2:
                continue
            q, y = column[sentence[-1]], corpus.next_tokens[i]
            tokens = list(dict.fromkeys(sentence))
            a = [sentence.count(k) * mpmath.exp(mpmath.mpf(scores[k][q])) for k in tokens]
            a = [x / sum(a) for x in a]
            z = [sum(x * logits[j][k] for x, k in zip(a, tokens, strict=True)) for j in range(v)]
            p = [mpmath.exp(x) for x in z]
            p = [x / sum(p) for x in p]
            r = [x - (j == y) for j, x in enumerate(p)]
            u = [sum(r[j] * logits[j][k] for j in range(v)) for k in tokens]
            mean = sum(x * w for x, w in zip(a, u, strict=True))
            for x, w, k in zip(a, u, tokens, strict=True):
                total[k][q] += mpmath.mpf(corpus.pi[i]) * x * (w - mean)
        norm = mpmath.sqrt(sum(x * x for row in total for x in row))
        unit = np.array([[float(x / norm) for x in row] for row in total])
        return unit, float(mpmath.log(norm))


@pytest.fixture(scope="session")
def reference_gradient() -> Callable[..., tuple[np.ndarray, float]]:
    """Direction and log norm of the attention gradient of (scores, logits, corpus), exactly."""
    return _reference_gradient
