"""One contract for every update rule, and what each one promises."""

from __future__ import annotations

import pytest
import torch

from ntp_dynamics.config import GROUPS
from ntp_dynamics.model.token_space import LogScaled, TokenMatrix, frobenius
from ntp_dynamics.optim.rules import RULES, gradient_descent, normalised_gradient_descent

ETA = 0.3


def matrix(gram: torch.Tensor | None = None) -> TokenMatrix:
    nothing = torch.zeros(2, dtype=torch.float64)
    start = torch.zeros(2, 3, 4, dtype=torch.float64)
    return TokenMatrix(start, nothing, nothing, left_gram=gram)


def gradient(log_scale: float = 0.0) -> LogScaled:
    value = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return LogScaled(value, torch.full((2,), log_scale, dtype=torch.float64))


def test_every_optimizer_of_the_configuration_has_a_rule() -> None:
    assert set(RULES) == set(GROUPS["optimizer"].values())


@pytest.mark.parametrize("make", RULES.values())
def test_a_rule_descends_reports_its_length_and_leaves_its_arguments_alone(make) -> None:
    rule, where, slope = make(ETA), matrix(), gradient()
    before = slope.value.clone()
    change, length, _ = rule.update(slope, where, rule.init(where))
    assert ((change * slope.value).sum((1, 2)) < 0).all()
    torch.testing.assert_close(length, frobenius(change))
    assert torch.equal(slope.value, before)


@pytest.mark.parametrize("make", RULES.values())
def test_a_gradient_of_exactly_zero_moves_nothing(make) -> None:
    rule, where = make(ETA), matrix()
    nothing = LogScaled(torch.zeros(2, 3, 4).double(), torch.full((2,), -torch.inf).double())
    change, length, _ = rule.update(nothing, where, rule.init(where))
    assert not change.any()
    assert not length.any()


def test_normalised_descent_does_not_see_the_scale_of_the_gradient() -> None:
    rule = normalised_gradient_descent(ETA)
    large = rule.update(gradient(0.0), matrix(), None).coefficients
    tiny = rule.update(gradient(-1e5), matrix(), None)
    assert torch.equal(large, tiny.coefficients)
    assert (tiny.length == ETA).all()


def test_normalised_descent_walks_eta_in_the_metric_of_the_full_matrix() -> None:
    """With Gram matrices it is ||L D R^T|| that is normalised, not ||D||."""
    root = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    where = matrix(root @ root.mT)
    change = normalised_gradient_descent(ETA).update(gradient(), where, None).coefficients
    torch.testing.assert_close(frobenius(root.mT @ change), torch.full((2,), ETA).double())


def test_plain_descent_scales_with_the_gradient_and_may_underflow_to_rest() -> None:
    rule = gradient_descent(ETA)
    one = rule.update(gradient(0.0), matrix(), None).coefficients
    torch.testing.assert_close(one, -ETA * gradient().value)
    assert not rule.update(gradient(-1e5), matrix(), None).coefficients.any()
