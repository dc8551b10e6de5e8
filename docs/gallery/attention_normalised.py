"""One softmax attention layer, normalised gradient descent: the attention that is misplaced falls
exponentially.

In the form of the sparsification rates of Vasudeva, Deora and Thrampoulidis (2024).  True: the loss
is -log of the attention to the right token in three sentences, and every normalised step adds a
margin that is bounded below, since the right tokens are separable.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ntp_dynamics.judging.door import judge_curve

CLAIMS: list[dict[str, Any]] = [
    {
        "law": "exp(-c t)",
        "text": "softmax attention, normalised steps: leak falls exponentially",
        "source": "Vasudeva, Deora and Thrampoulidis 2024 (form)",
    },
]
TRUTH = [True]


def curve() -> tuple[np.ndarray, np.ndarray]:
    """The largest leak of three sentences of four tokens along 5,000 steps of length 0.1."""
    rng = np.random.default_rng(8)
    tokens = rng.normal(size=(3, 4, 12)) / np.sqrt(12)
    apart = tokens[:, :1] - tokens[:, 1:]  # sentence, other token, direction
    w, values = np.zeros(12), []
    for _ in range(5_000):
        scores = -apart @ w
        log_others = np.logaddexp.reduce(scores, axis=1)
        log_leak = log_others - np.logaddexp(0, log_others)
        values.append(log_leak.max())
        share = np.exp(scores - log_others[:, None] + (log_leak - log_leak.max())[:, None])
        ascent = np.einsum("sk,skd->d", share, apart)
        w += 0.1 * ascent / np.linalg.norm(ascent)
    return np.arange(1.0, 5_001), np.exp(values)


if __name__ == "__main__":
    t, y = curve()
    for claim in CLAIMS:
        print(judge_curve(t, y, **claim).sentence)
