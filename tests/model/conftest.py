"""Fixtures of the tests of gradients."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

from ntp_dynamics.data.corpus import Corpus


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
