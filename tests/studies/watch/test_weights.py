"""Norms, gradients and stalled updates are those that the tensors themselves give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ntp_dynamics.studies.watch.weights import Step, weights_of
from ntp_dynamics.system.errors import UserError


def test_norms_are_those_before_the_step_by_module_and_together() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2, bias=False))
    expected = torch.cat([p.detach().flatten() for p in model.parameters()]).norm()
    second = model[1].weight.detach().norm().item()
    step = Step(weights_of(model))
    model(torch.ones(1, 3)).sum().backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(3.0)
    step.look_at_rest()
    found = step.measured()
    assert found["norm"] == pytest.approx(expected.item(), rel=1e-6)
    assert found["module_norm"][1] == pytest.approx(second, rel=1e-6)
    whole = torch.cat([g.flatten() for g in gradients]).norm().item()
    assert found["gradient_norm"] == pytest.approx(whole, rel=1e-6)
    assert np.linalg.norm(found["module_gradient_norm"]) == pytest.approx(whole, rel=1e-6)


def test_stalled_counts_the_updates_that_are_lost_to_the_bit() -> None:
    w = torch.tensor([1.0, 1.0, 1.0, 0.0], requires_grad=True)
    step = Step(weights_of([w]))
    w.grad = torch.tensor([1e-9, 1e-3, 0.0, 1e-9])
    with torch.no_grad():
        w -= w.grad
    step.look([w])
    assert step.measured()["stalled"] == pytest.approx(1 / 3)


def test_small_gradients_do_not_underflow_and_missing_ones_are_no_number() -> None:
    w = torch.ones(4, requires_grad=True)
    step = Step(weights_of([w]))
    assert np.isnan(step.measured()["gradient_norm"])
    assert np.isnan(step.measured()["stalled"])
    w.grad = torch.full((4,), 1e-30)
    step.look_at_rest()
    assert step.measured()["gradient_norm"] == pytest.approx(2e-30, rel=1e-6)


def test_a_gradient_that_was_shown_is_not_seen_a_second_time() -> None:
    w = torch.ones(2, requires_grad=True)
    step = Step(weights_of([w]))
    w.grad = torch.ones(2)
    step.look([w])
    w.grad.zero_()
    step.look_at_rest()
    assert step.measured()["gradient_norm"] == pytest.approx(2**0.5)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nn.Linear(2, 2, device="meta"), "meta device"),
        (nn.LazyLinear(2), "no shape yet"),
        (nn.ReLU(), "no parameter"),
        ([], "no parameter"),
        (["w"], "no tensor"),
        (3, "int has no parameters"),
    ],
)
def test_what_cannot_be_watched_is_a_line(model: object, said: str) -> None:
    with pytest.raises(UserError, match=said):
        weights_of(model)


def test_frozen_parameters_are_not_counted() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    weights = weights_of(model)
    assert [*weights.named] == ["1.weight", "1.bias"]
    assert (weights.modules, weights.size) == (["1"], 10)
