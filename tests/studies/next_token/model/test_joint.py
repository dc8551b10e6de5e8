"""The fused kernel of the joint stage against the torch path, on corpora of every shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.groups import NormalisedGradientDescent
from ntp_dynamics.studies.next_token.model.gradient import joint_gradient
from ntp_dynamics.studies.next_token.model.kernel_descent import JointSteps
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.optim.joint import JointKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import JointObjective


@pytest.mark.parametrize("v", range(2, 10))
@pytest.mark.parametrize("dense", [False, True])
def test_a_step_goes_along_both_gradients_on_any_corpus(
    any_cases: Callable[..., Any], v: int, dense: bool
) -> None:
    """Samples that contradict each other, tokens without a continuation, weights of any kind."""
    cases = any_cases(v, separable=False, dense=dense)
    batch, nothing = cases.batch, cases.outside
    starts = [TokenMatrix(x, nothing, nothing) for x in (cases.scores, cases.logits)]
    rule = kernel_rule(NormalisedGradientDescent(), 1.0)
    dynamics = JointKernel(JointObjective(batch, *starts), JointSteps(0, rule, rule, False))
    dynamics.advance(1, NO_STEPS)
    _, moved, length, *_ = dynamics.position()
    slopes = joint_gradient(cases.scores, cases.logits, batch)[:2]
    square = torch.zeros(batch.runs, dtype=torch.float64)
    for x, slope in zip(moved, slopes, strict=True):
        norm = torch.linalg.matrix_norm(slope.value)
        unit = slope.value / norm.where(norm > 0, 1.0)[:, None, None]
        assert (x + unit).abs().max() <= 1e-12
        square += (norm > 0).double()
    torch.testing.assert_close(length, square.sqrt(), rtol=1e-15, atol=0)
