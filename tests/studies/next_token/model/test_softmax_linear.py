"""Soft labels and the log head: gradients, excess loss and steps, against other ways to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
import torch

from benchmarks.any_corpus import Problem, log_problem, soft_problem
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.choices import Counted
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
)
from ntp_dynamics.studies.next_token.model.linear_excess import (
    distance,
    log_fluctuation,
    log_leak_loss,
    log_linear_excess,
    second_order,
)
from ntp_dynamics.studies.next_token.model.linear_pass import LinearPass
from ntp_dynamics.studies.next_token.model.naive import naive_softmax_linear
from ntp_dynamics.studies.next_token.model.softmax_linear import SoftmaxLinear
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.linear_dynamics import LinearKernel
from ntp_dynamics.studies.next_token.optim.linear_objective import LinearObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.quantities import direction_gap, norm_of
from ntp_dynamics.study import Dynamics
from tests.studies.next_token.linear_jobs import (
    CYCLIC,
    SOFT,
    bigrams,
    many_digits,
    sentences,
)

RULES = {"gd": GradientDescent(), "ngd": NormalisedGradientDescent()}
ROWS = [(name, rule) for name in (*SOFT, *CYCLIC) for rule in RULES]


def golden_problem(name: str) -> Problem:
    if name in SOFT:
        return soft_problem([bigrams(SOFT[name]["counts"], SOFT[name]["vocab_size"])])
    corpus, collocation = sentences(CYCLIC[name])
    return log_problem([corpus], [collocation])


def by_tensors(objective: LinearObjective, optimizer: Optimizer, step_size: float) -> Dynamics:
    return Descent(objective, make_rule(optimizer), [step_size])


def by_kernel(objective: LinearObjective, optimizer: Optimizer, step_size: float) -> Dynamics:
    return LinearKernel(objective, kernel_rule(optimizer, step_size), None)


@pytest.mark.parametrize("engine", [by_tensors, by_kernel])
@pytest.mark.parametrize(("name", "rule"), ROWS, ids=[f"{n}, {r}" for n, r in ROWS])
def test_steps_are_those_of_eighty_digits(
    name: str, rule: str, engine: Callable[..., Dynamics]
) -> None:
    """NGD to t = 10 only: later it amplifies rounding (any two programs differ)."""
    objective, (target,) = golden_problem(name)
    case = {**SOFT, **CYCLIC}[name]["trajectories"][rule]
    svm = torch.from_numpy(target.direction)[None]
    descent = engine(objective, RULES[rule], float(case["step_size"]))
    for row in case["rows"]:
        if not row["reliable"] or (rule == "ngd" and row["t"] > 10):
            continue
        descent.advance(row["t"], NO_STEPS)
        state = descent.state()
        loss = (state.forward.log_loss + objective.loss.log_weight).logsumexp(-1).exp().item()
        assert loss == pytest.approx(float(row["loss"]), rel=1e-10)
        excess = objective.log_gap(state).exp().item()
        assert excess == pytest.approx(float(row["excess"]), rel=1e-10)
        assert norm_of(state.layer).item() == pytest.approx(float(row["norm"]), rel=1e-10)
        away = distance(objective.loss, state.layer.value).norm().item()
        assert away == pytest.approx(float(row["fin_distance"]), rel=1e-9, abs=1e-13)
        gap = direction_gap(
            state.layer, svm, torch.tensor([target.norm], dtype=torch.float64)
        ).item()
        assert gap == pytest.approx(float(row["one_minus_cos"]), rel=1e-9, abs=1e-29)


def a_loss() -> tuple[SoftmaxLinear, Any]:
    """Components of two tokens, three, and one; and a token that is no context."""
    counts = {"0": {"1": 3, "2": 1}, "1": {"2": 2, "3": 1, "4": 5}, "2": {"0": 4}}
    objective, (target,) = soft_problem([bigrams(counts, 5)])
    return objective.loss, target


def test_the_slope_is_that_of_automatic_differentiation_where_that_is_right() -> None:
    loss, _ = a_loss()
    w = torch.randn(loss.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    found, naive = loss.gradient(w).together, naive_softmax_linear(loss, w, torch.float64)
    torch.testing.assert_close(
        found.value * found.log_scale.exp(), naive.value, rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize("far", [0.0, 3.0, 30.0, 60.0])
def test_both_parts_of_the_slope_keep_their_digits_however_small_the_leak(far: float) -> None:
    """At W_fin + far W_svm + noise; automatic differentiation has lost the second part by far =
    60."""
    loss, target = a_loss()
    noise = torch.randn(loss.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    w = torch.from_numpy(target.finite + far * target.direction)[None] + noise / 8
    finite, other = loss.gradient(w)
    _, exact = many_digits(loss, w)
    with mpmath.workdps(60):
        component = target.component.ravel()
        means = {
            c: mpmath.fsum(exact[i] for i in np.flatnonzero(component == c)) for c in component
        }
        level = [means[c] / int((component == c).sum()) for c in component]
        leak = [x * mpmath.exp(-other.log_scale.item()) for x in level]
        inside = [(e - x) for e, x in zip(exact, level, strict=True)]
    size = max(abs(x) for x in leak)
    np.testing.assert_allclose(
        other.value.flatten(), np.array(leak, float), rtol=0, atol=1e-13 * float(size)
    )
    np.testing.assert_allclose(
        (finite.value * finite.log_scale.exp()).flatten(), np.array(inside, float), atol=1e-16
    )


@pytest.mark.parametrize("far", [0.5, 5.0, 20.0])
@pytest.mark.parametrize("near", [1.0, 1e-3, 1e-7])
def test_the_excess_is_that_of_sixty_digits(far: float, near: float) -> None:
    """Where the loss itself differs from its infimum in the last digits only, or not at all.

    W_fin is good to 1e-16: at a distance of 1e-7 the fluctuation is good to about 1e-9.
    """
    loss, target = a_loss()
    noise = torch.randn(loss.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    w = torch.from_numpy(target.finite + far * target.direction)[None] + near * noise
    value, _ = many_digits(loss, w)
    with mpmath.workdps(60):
        share = [[mpmath.mpf(x) for x in row] for row in loss.target[0].tolist()]
        infimum = mpmath.fsum(
            -mpmath.exp(log_weight) * mpmath.fsum(p * mpmath.log(p) for p in row if p)
            for row, log_weight in zip(share, loss.log_weight[0].tolist(), strict=True)
            if log_weight > -mpmath.inf
        )
        expected = float(value - infimum)
    found = log_linear_excess(loss, w).exp().item()
    assert found == pytest.approx(expected, rel=1e-8 if near < 1e-6 else 1e-10)
    parts = log_leak_loss(loss, w).exp() + log_fluctuation(loss, w).exp()
    assert found == pytest.approx(parts.item(), rel=1e-14)


def test_the_second_order_of_the_exponential_is_right_on_both_sides_of_the_switch() -> None:
    y = torch.tensor([-3.0, -0.50001, -0.49999, -1e-9, 0.0, 1e-5, 0.49999, 0.50001, 20.0])
    y = y.double()
    with mpmath.workdps(40):
        expected = [float(mpmath.expm1(mpmath.mpf(x)) - mpmath.mpf(x)) for x in y.tolist()]
    np.testing.assert_allclose(second_order(y), expected, rtol=1e-14)


def test_the_loss_keeps_its_digits_where_one_token_takes_all() -> None:
    """-log of a softmax of nearly 1 is the mass of the others."""
    objective, _ = soft_problem([bigrams({"0": {"1": 1}, "1": {"0": 1}}, 2)])
    w = torch.tensor([[[0.0, 45.0], [40.0, 0.0]]], dtype=torch.float64)
    log_loss = LinearPass(objective.loss, w).log_loss
    np.testing.assert_allclose(log_loss, [[-40.0, -45.0]], rtol=1e-15)


def test_runs_are_what_they_are_alone() -> None:
    """A run of a batch takes the steps of a batch of its own, to the bit."""
    counts = [
        {"0": {"1": 3, "2": 1}, "2": {"0": 1}},
        {"1": {"0": 2}, "2": {"0": 1, "1": 1, "2": 7}},
    ]
    corpora = [bigrams(c, 3) for c in counts]
    together = Descent(soft_problem(corpora)[0], make_rule(RULES["gd"]), [1.5])
    together.advance(40, NO_STEPS)
    for run, corpus in enumerate(corpora):
        alone = Descent(soft_problem([corpus])[0], make_rule(RULES["gd"]), [1.5])
        alone.advance(40, NO_STEPS)
        assert torch.equal(alone.state().layer.value[0], together.state().layer.value[run])


def test_scaling_the_weights_changes_the_meaning_of_eta_only() -> None:
    counts = {"0": {"1": 3, "2": 1}, "1": {"1": 2, "0": 2}, "2": {"0": 4}}
    by_counts, (target,) = soft_problem([bigrams(counts, 3)])
    uniform, (other,) = soft_problem([bigrams(counts, 3)], Counted.uniform)
    np.testing.assert_array_equal(target.finite, other.finite)
    np.testing.assert_array_equal(target.direction, other.direction)
    moved = []
    for objective, eta in ((by_counts, 3.0), (uniform, 1.0)):  # pi_x = 1/3 of the first
        descent = Descent(objective, make_rule(RULES["gd"]), [eta])
        descent.advance(25, NO_STEPS)
        moved.append(descent.state().layer.value)
    torch.testing.assert_close(*moved, rtol=1e-13, atol=1e-15)


def test_without_components_of_several_tokens_nothing_fluctuates() -> None:
    objective, (target,) = soft_problem([bigrams({"0": {"1": 3}, "1": {"0": 1}}, 2)])
    assert not target.cyclic
    assert log_fluctuation(objective.loss, objective.matrix.start).item() == -math.inf
