"""Rules with a memory late in training, against 1,000-digit arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import torch
from mpmath import mpf

from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.data.corpus import Corpus
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
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, frobenius
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule

V, QUERY, ETA, STEPS = 5, 4, 0.05, 20
LONG = [((0, 2, 3, 4), 1, 2.0), ((1, 4, 4), 2, 1.0)]
CORPUS = Corpus.from_samples([*(((x,), (x + 1) % V) for x in range(V)), *LONG], vocab_size=V)
TOTAL = V + sum(weight for *_, weight in LONG)
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
    """What one step adds, by the formulas of the textbooks."""
    m, v, t = exactly(np.zeros(V)), exactly(np.zeros(V)), 0

    def change(gap: mpf, g: np.ndarray) -> np.ndarray:
        nonlocal m, v, t
        t += 1
        if isinstance(optimizer, Adam):
            b1, b2 = mpf(optimizer.beta1), mpf(optimizer.beta2)
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
            return -ETA * m / (1 - b1**t) / (root(v / (1 - b2**t)) + optimizer.epsilon)
        if isinstance(optimizer, Polyak):
            return -ETA * gap * g / (g @ g)
        assert isinstance(optimizer, WithMomentum)
        m = mpf(optimizer.momentum) * m + g
        if isinstance(optimizer, SignDescent):
            return -ETA * exactly(np.where(m > 0, 1, -1))
        return -ETA * m / mpmath.sqrt(m @ m)

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
@pytest.mark.parametrize("depth", [700.0, 1600.0])
def test_steps_are_right_however_small_gradients_are(optimizer: Optimizer, depth: float) -> None:
    """Gradients of 1e-300 and of 1e-690, whose squares and inverses are no floats."""
    start = (torch.tensor(OFFSETS) + torch.tensor([depth, depth, 0, 0, 0])).double().view(1, V, 1)
    batch = pack([CORPUS], [recognise(CORPUS).collocation])
    assert batch.query_id.tolist() == [[QUERY]]
    logits = exact_margin(9.23, batch)
    matrix = TokenMatrix(start, frobenius(start), torch.zeros(1).double())
    objective = AttentionObjective(batch, matrix, logits)
    descent = Descent(objective, make_rule(optimizer), [ETA], optimizer.weight_decay)
    with mpmath.workdps(1000):
        exact_logits, scores = exactly(logits[0].numpy()), exactly(start.flatten().numpy())
        rule, kept = exact_rule(optimizer), 1 - mpf(ETA) * mpf(optimizer.weight_decay)
        for state in every_state(descent, STEPS):
            assert state.layer.gradient.log_scale.item() < -0.85 * depth
            error = state.layer.value.flatten().numpy() - scores
            assert max(abs(error)) <= 1e-15 * depth
            scores = kept * scores + rule(*loss_and_slope(scores, exact_logits))
