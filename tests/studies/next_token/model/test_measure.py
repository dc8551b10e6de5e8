"""What kernels measure on their way, against the observables of states computed by torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.any_corpora import any_reference
from ntp_dynamics.run.stepping import NO_STEPS, follow
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
)
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, zeros
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.optim.closed_form import ClosedForm
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel, ColumnsKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import FeedForwardObjective
from ntp_dynamics.study import Dynamics, NonFinite

NGD, GD = NormalisedGradientDescent(), GradientDescent()
DUE = np.array([0, 1, 2, 5, 30, 199])
LAST = 250
STOPS = [*DUE.tolist(), LAST]
RESIDUAL = "zero_sum_residual"
"""It is rounding alone: of another size in other arithmetic."""
GROWTH = "log_attention_growth"
"""It is about every step, and a dynamics gives a state at few."""


def assert_measured(
    dynamics: Dynamics, stage: Stage, reference: Reference
) -> dict[str, np.ndarray]:
    """Every scalar that the dynamics can measure was, at every step that was due."""
    states, logged = {}, []
    for at in follow(dynamics, STOPS, DUE):
        if at.logged is not None:
            logged.append(at.logged)
        else:
            states[at.step] = at.state
    assert np.concatenate([x.steps for x in logged]).tolist() == DUE.tolist()
    scalars = {o.name: o for o in BUILT_IN if stage in (o.phases or tuple(Stage)) and not o.dims}
    assert set(dynamics.measures) <= set(scalars)
    values = {}
    for name in dynamics.measures:
        values[name] = np.concatenate([x.values[name] for x in logged], axis=1)
        if name == GROWTH:
            continue
        at = [scalars[name](states[t], reference).numpy() for t in DUE.tolist()]
        if name == RESIDUAL:
            assert np.nanmax(values[name], initial=0.0) <= 2e-14
        else:
            np.testing.assert_allclose(values[name], np.stack(at, 1), 1e-13, 2e-13, err_msg=name)
    return values


@pytest.mark.parametrize("v", range(2, 10))
@pytest.mark.parametrize(("separable", "dense"), [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("step_size", [0.3, 30.0])
def test_all_scalars_of_the_attention_stage(
    any_cases: Callable[..., Any], v: int, separable: bool, dense: bool, step_size: float
) -> None:
    """600 corpora, and each again with steps so long that leaks fall below e^-1000."""
    cases = any_cases(v, separable, dense)
    reference = any_reference(cases.batch)
    outside = torch.linspace(0.0, 2.0, cases.batch.runs, dtype=torch.float64)
    cases = cases._replace(outside=outside)
    dynamics = AttentionKernel(cases.objective, kernel_rule(NGD, step_size), 1, reference)
    assert set(dynamics.measures) == {
        o.name for o in BUILT_IN if Stage.attention in (o.phases or tuple(Stage)) and not o.dims
    }
    values = assert_measured(dynamics, Stage.attention, reference)
    if separable and step_size > 1:
        leak = values["log_leak"]
        assert leak[np.isfinite(leak)].min() < -1000, "the case is as deep as it claims"


@pytest.mark.parametrize("v", [2, 3, 6, 9])
@pytest.mark.parametrize(("separable", "dense"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("step_size", [0.3, 30.0])
def test_all_scalars_of_votes(
    any_cases: Callable[..., Any], v: int, separable: bool, dense: bool, step_size: float
) -> None:
    """Several right voters, none, tokens that do not vote; the excess loss wherever margins are
    equal, though n is not injective."""
    cases = any_cases(v, separable, dense, votes=True)
    reference = any_reference(cases.batch)
    dynamics = AttentionKernel(cases.objective, kernel_rule(NGD, step_size), 1, reference)
    values = assert_measured(dynamics, Stage.attention, reference)
    known = np.isfinite(values["log_excess_loss"][~cases.batch.injective])
    assert known.any() or dense or v == 2


@pytest.mark.parametrize(("separable", "dense"), [(True, False), (False, False), (True, True)])
@pytest.mark.parametrize("step_size", [0.3, 4.0])
def test_the_least_growth_of_attention_over_every_step(
    any_cases: Callable[..., Any], separable: bool, dense: bool, step_size: float
) -> None:
    """Kernels see what torch sees one step at a time, whatever is recorded in between."""
    cases = any_cases(6, separable, dense)
    reference = any_reference(cases.batch)
    due = np.array([0, 1, 2, 5, 12])  # soon after, swings across a minimum differ by rounding
    dynamics = AttentionKernel(cases.objective, kernel_rule(NGD, step_size), 1, reference)
    calls = [(0, due[:1]), (3, due[1:3]), (12, due[3:])]
    measured = np.concatenate([dynamics.advance(*call).values[GROWTH] for call in calls], axis=1)
    growth = next(o for o in BUILT_IN if o.name == GROWTH)
    states = [s for s in cases.by_torch(NGD, step_size, 12) if s.step in due]
    expected = np.stack([growth(state, reference).numpy() for state in states], 1)
    assert np.isnan(expected[:, 0]).all()
    assert (expected[:, 4] < expected[:, 1]).any(), "some least is found on the way"
    np.testing.assert_allclose(measured, expected, rtol=1e-9, atol=1e-10)


def test_odds_grow_as_attention_by_hand(any_cases: Callable[..., Any]) -> None:
    """log(phi_+ / phi_-) of every sentence from the attention itself, step by step."""
    cases = any_cases(6, True)
    growth = next(o for o in BUILT_IN if o.name == GROWTH)
    least, before = np.full(cases.batch.runs, np.inf), None
    for state in cases.by_torch(NGD, 0.3, 12):
        phi, right = state.forward.log_phi.exp().numpy(), cases.batch.optimal.numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            odds = np.log((phi * right).sum(-1) / (phi * ~right).sum(-1))
            change = np.inf if before is None else odds - before
        least = np.minimum(least, np.where(np.isfinite(change), change, np.inf).min(-1))
        told = growth(state, any_reference(cases.batch)).numpy()
        np.testing.assert_allclose(np.nan_to_num(told, nan=np.inf), least, atol=1e-9)
        before = odds


def test_a_loss_of_e_to_the_minus_500(any_cases: Callable[..., Any]) -> None:
    """Margins so wide that the kernel leaves the excess loss to torch."""
    cases = any_cases(5, True)
    cases = cases._replace(logits=60 * cases.logits)
    reference = any_reference(cases.batch)
    dynamics = AttentionKernel(cases.objective, kernel_rule(NGD, 0.3), 1, reference)
    assert "log_excess_loss" not in dynamics.measures
    values = assert_measured(dynamics, Stage.attention, reference)
    assert values["log_loss"].min() < -500


@pytest.mark.parametrize("optimizer", [NGD, GD], ids=["ngd", "gd"])
@pytest.mark.parametrize("size", [0.0, 2.0, 300.0])
def test_all_scalars_of_the_feed_forward_stage(
    any_cases: Callable[..., Any], optimizer: Optimizer, size: float
) -> None:
    batch = any_cases(7, True).batch
    reference = any_reference(batch)
    matrix = zeros(batch.runs, 7, 7)
    if size:
        start = size * np.random.default_rng(1).standard_normal((batch.runs, 7, 7))
        outside = torch.linspace(0.0, 2.0, batch.runs, dtype=torch.float64)
        matrix = TokenMatrix(torch.from_numpy(start), outside)
    objective = FeedForwardObjective(batch, matrix)
    dynamics: Dynamics = ClosedForm(objective, 0.3, optimizer is NGD, reference)
    if size:
        dynamics = ColumnsKernel(objective, kernel_rule(optimizer, 0.3), 1, reference)
    values = assert_measured(dynamics, Stage.feed_forward, reference)
    assert set(values) == {
        o.name for o in BUILT_IN if Stage.feed_forward in (o.phases or tuple(Stage)) and not o.dims
    }


@pytest.mark.parametrize("dense", [False, True])
def test_measuring_moves_no_bit_and_cutting_measures_none_otherwise(
    any_cases: Callable[..., Any], dense: bool
) -> None:
    cases = any_cases(6, True, dense)
    reference = any_reference(cases.batch)

    def take(calls: list[int], watched: bool, threads: int = 1):
        given = cases.objective, kernel_rule(NGD, 0.3), threads
        dynamics = AttentionKernel(*given, reference if watched else None)
        ends = [-1, *accumulate(calls)]
        logged = [dynamics.advance(b, np.arange(a + 1, b + 1)) for a, b in pairwise(ends)]
        values = [np.stack([*x.values.values()]) for x in logged if len(x.steps)]
        return dynamics.moved(), np.concatenate(values, 2) if values else None

    alone, nothing = take([LAST], False)
    assert nothing is None
    moved, values = take([LAST], True)
    assert torch.equal(moved, alone)
    for calls, threads in (([0, 1, 0, 7, 200, 42], 1), ([1] * LAST, 1), ([LAST], 2)):
        again, others = take(calls, True, threads)
        assert torch.equal(again, alone)
        np.testing.assert_array_equal(values, others)


def test_weights_that_overflow_end_the_course_after_what_was_finite(
    any_cases: Callable[..., Any],
) -> None:
    cases = any_cases(5, True)
    dynamics = AttentionKernel(
        cases.objective, kernel_rule(NGD, 1e153), 1, any_reference(cases.batch)
    )
    told = (at.logged.steps.tolist() for at in follow(dynamics, [LAST], DUE) if at.logged)
    assert next(told) == [0]
    assert next(told) == [1]
    with pytest.raises(NonFinite, match=r"non-finite at step 2 in W_kq"):
        next(told)


def test_a_direction_that_is_the_target_is_not_a_rounding_error_away(
    any_cases: Callable[..., Any],
) -> None:
    """1 - cos would stop at 1e-16."""
    cases = any_cases(6, True)
    unwatched = AttentionKernel(cases.objective, kernel_rule(NGD, 0.3))
    unwatched.advance(LAST, NO_STEPS)
    moved = cases.scores + unwatched.moved()
    moved = moved.where(any_reference(cases.batch).kq != 0, 0.0)  # on pairs that occur
    norm = moved.square().sum((1, 2)).sqrt()
    reference = replace(any_reference(cases.batch), kq=moved, kq_norm=norm)
    start = cases._replace(scores=moved).objective
    dynamics = AttentionKernel(start, kernel_rule(NGD, 0.3), 1, reference)
    gap = dynamics.advance(0, np.array([0])).values["direction_gap_kq"]
    assert gap.max() <= 1e-30


def test_without_a_target_the_direction_has_no_value(any_cases: Callable[..., Any]) -> None:
    cases = any_cases(5, True)
    reference = any_reference(cases.batch)
    nothing = torch.full_like(reference.kq, math.nan)
    reference = replace(reference, kq=nothing, kq_norm=nothing[:, 0, 0])
    dynamics = AttentionKernel(cases.objective, kernel_rule(NGD, 0.3), 1, reference)
    logged = dynamics.advance(10, DUE[:4])
    assert np.isnan(logged.values["direction_gap_kq"]).all()
    assert np.isfinite(logged.values["log_grad_norm"]).any()
