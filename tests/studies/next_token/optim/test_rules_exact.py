"""Rules with a memory late in training, against 1,000-digit arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    AdamW,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    SignDescent,
    WithMomentum,
)
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import attention_matrix, exact_margin
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import COVARIANT, make_rule
from ntp_dynamics.study import Dynamics

V, QUERY, ETA, STEPS = 5, 4, 0.05, 12
LONG = [((0, 2, 3, 4), 1, 2.0), ((1, 4, 4), 2, 1.0)]
CORPUS = Corpus.from_samples([*(((x,), (x + 1) % V) for x in range(V)), *LONG], vocab_size=V)
TOTAL = V + sum(weight for *_, weight in LONG)
NARROW = np.array([[1, 0, 0, 0.25, -0.5], [0, 1, 0, -0.25, 0.5], [0, 0, 1, 0.5, 0.75]])
"""Vectors in three dimensions: 0 and 1 alone see the first two."""
OFFSETS = [0.0, 0.75, 0.5, -0.25, -0.5]
"""Of the scores; the optimal 0 and 1 stand deeper."""

exp = np.vectorize(mpmath.exp, otypes=[object])
root = np.vectorize(mpmath.sqrt, otypes=[object])
exactly = np.vectorize(mpf, otypes=[object])


def loss_and_slope(scores: np.ndarray, logits: np.ndarray) -> tuple[mpf, np.ndarray]:
    """L - inf L and dL/dS of the one query."""
    gap, slope = mpf(0), exactly(np.zeros(V))
    for sentence, label, weight in LONG:
        share = exp(scores) * [sentence.count(k) for k in range(V)]
        phi = share / share.sum()
        z, best = logits @ phi, logits[:, label - 1]
        odds = exp(z - z[label])
        v = (odds / odds.sum() - (np.arange(V) == label)) @ logits
        gap += weight / TOTAL * mpmath.log(odds.sum() / exp(best - best[label]).sum())
        slope += weight / TOTAL * phi * (v - phi @ v)
    return gap, slope


def exact_rule(optimizer: Optimizer) -> Callable[[mpf, np.ndarray], np.ndarray]:
    """What one step adds to a matrix, by the formulas of the textbooks."""
    m, v, t = mpf(0), mpf(0), 0

    def change(gap: mpf, g: np.ndarray) -> np.ndarray:
        nonlocal m, v, t
        t += 1
        if isinstance(optimizer, Adam):
            b1, b2 = mpf(optimizer.beta1), mpf(optimizer.beta2)
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            still = v == 0  # an entry that never had a gradient
            below = root(v / (1 - b2**t)) + optimizer.epsilon + still
            return -ETA * m / (1 - b1**t) / below
        if isinstance(optimizer, Polyak):
            return -ETA * gap * g / (g * g).sum()
        assert isinstance(optimizer, WithMomentum)
        m = mpf(optimizer.momentum) * m + g
        if isinstance(optimizer, SignDescent):
            return -ETA * exactly(np.where(m > 0, 1, np.where(m < 0, -1, 0)))
        return -ETA * m / mpmath.sqrt((m * m).sum())

    return change


@pytest.mark.parametrize(
    "optimizer",
    [
        NormalisedGradientDescent(momentum=0.9),
        NormalisedGradientDescent(momentum=0.97, weight_decay=0.125),
        SignDescent(momentum=0.75),
        Polyak(),
        Adam(epsilon=0.0),
        Adam(beta1=0.5, beta2=0.75, epsilon=0.0),
        AdamW(epsilon=0.0, weight_decay=0.125),
    ],
    ids=lambda o: type(o).__name__,
)
@pytest.mark.parametrize(("depth", "dim"), [(1600.0, V), (700.0, 3)])
def test_steps_are_right_however_small_gradients_are(
    optimizer: Optimizer, depth: float, dim: int
) -> None:
    """By tensors and by the kernel: gradients of 1e-690 in the standard basis, and of 1e-300 with
    five tokens in three dimensions; their squares and inverses are no floats."""
    e = np.eye(V) if dim == V else NARROW
    seen = (np.array([depth, depth, 0, 0, 0]) + OFFSETS)[:dim]
    start = np.outer(seen, e[:, QUERY]) / (e[:, QUERY] @ e[:, QUERY])
    vectors = TokenVectors(dim, dim == V, lambda: e, standard=dim == V)
    batch = pack([CORPUS], [recognise(CORPUS).collocation])
    assert batch.query_id.tolist() == [[QUERY]]
    logits = exact_margin(9.23, batch)
    matrix = attention_matrix([start], [vectors], batch, type(optimizer) not in COVARIANT)
    objective = AttentionObjective(batch, matrix, logits)
    both: list[Dynamics] = [
        Descent(objective, make_rule(optimizer), [ETA], optimizer.weight_decay),
        AttentionKernel(objective, kernel_rule(optimizer, ETA)),
    ]
    with mpmath.workdps(1000):
        exact_logits, weight, e = exactly(logits[0].numpy()), exactly(start), exactly(e)
        rule, kept = exact_rule(optimizer), 1 - mpf(ETA) * mpf(optimizer.weight_decay)
        for states in zip(*(every_state(one, STEPS) for one in both), strict=True):
            scores = e.T @ weight @ e[:, QUERY]
            for state in states:
                assert state.layer.gradient.log_scale.item() < -0.8 * depth
                error = state.layer.value.flatten().numpy() - scores
                assert max(abs(error)) <= 2e-15 * depth
            gap, slope = loss_and_slope(scores, exact_logits)
            weight = kept * weight + rule(gap, np.outer(e @ slope, e[:, QUERY]))
