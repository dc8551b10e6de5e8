"""The torch path on a device that is not the CPU: fake tensors have a device and no values, refuse
to meet one of another device, and cannot be looked at.  A pretended CUDA device needs a torch that
is built for one; "meta" does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    RealizableDataset,
    SignDescent,
)
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.cross_entropy import CrossEntropy, cross_entropy
from ntp_dynamics.studies.next_token.model.gradient import DenseCrossEntropy
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.structured import Structured
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.optim.engine import Engine
from ntp_dynamics.studies.next_token.optim.graphed import GraphedDescent
from ntp_dynamics.studies.next_token.optim.memory import leaves
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
    JointObjective,
)
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.optim.state import State

OTHER = torch.device("meta")
KNOBS = RealizableDataset(vocab_size=8, queries=3, extra_optimal_copies=2)
OPTIMIZERS = [
    NormalisedGradientDescent(),
    NormalisedGradientDescent(momentum=0.9, weight_decay=0.5),
    GradientDescent(),
    SignDescent(),
    Adam(),
]


@dataclass(frozen=True)
class Ready(Engine):
    """An engine whose loss is laid out already: laying out reads values, which fakes lack."""

    loss: CrossEntropy

    def attention(self, logits: torch.Tensor, batch: Batch) -> CrossEntropy:
        return self.loss


def elsewhere(x: torch.Tensor) -> torch.Tensor:
    return torch.empty(x.shape, dtype=x.dtype, device=OTHER)


def matrix(batch: Batch, columns: int) -> TokenMatrix:
    shape = batch.runs, batch.vocab_size
    start = torch.zeros(*shape, columns, dtype=torch.float64, device=OTHER)
    nothing = start.new_zeros(batch.runs)
    return TokenMatrix(start, nothing, start.new_ones(shape[1], 1))


def real_batch() -> Batch:
    corpora = [generate(KNOBS, np.random.default_rng(seed)) for seed in range(2)]
    return pack(corpora, [recognise(corpus).collocation for corpus in corpora])


def tensors_of(state: State) -> Iterator[torch.Tensor]:
    yield state.path_length
    yield from vars(state.forward).values()
    yield from vars(state.layer.gradient).values()
    yield state.layer.coefficients


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
@pytest.mark.parametrize("stage", ["attention, gains", "attention, dense", "feed_forward", "joint"])
def test_no_tensor_of_a_descent_is_made_on_another_device(stage: str, optimizer: Optimizer) -> None:
    batch = real_batch()
    logits = exact_margin(5.0, batch)
    (structured,) = cross_entropy(logits, batch).losses
    assert isinstance(structured, Structured)
    with FakeTensorMode(allow_non_fake_inputs=False):
        batch, logits = batch.each(elsewhere), elsewhere(logits)
        attention = matrix(batch, batch.n_queries)
        feed_forward = matrix(batch, batch.vocab_size)
        rule, weight_decay = make_rule(optimizer), optimizer.weight_decay
        if stage == "feed_forward":
            objective = FeedForwardObjective(batch, feed_forward)
        elif stage == "joint":
            objective = JointObjective(batch, attention, feed_forward)
        else:
            gains = Structured(structured.slots.each(elsewhere))
            engine = Ready(
                gains if stage == "attention, gains" else DenseCrossEntropy(logits, batch)
            )
            objective = AttentionObjective(batch, attention, logits, engine)
        sizes = [0.1] * len(objective.matrices)
        descent = GraphedDescent(objective, rule, sizes, weight_decay, OTHER)
        for _ in range(2):
            descent.take(look=lambda gap: gap)
            assert {x.device for x in leaves(descent.place)} == {OTHER}
            state = objective.evaluated(descent.place.at)
            assert {x.device for x in tensors_of(state)} == {OTHER}
