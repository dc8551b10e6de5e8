"""Bounds: every recorded step against an explicit constant; equality, monotony, growth."""

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from tests.verdict.curves import STEPS, grid, runs

LOG_LAW = Law.power(1, 1)


def test_one_step_beyond_the_bound_is_a_violation_with_its_place():
    log_y = runs(-np.log(STEPS))
    log_y[3, 70] = np.log(1.5) - np.log(STEPS[70])
    verdict = judge(STEPS, log_y, Law.power(1), log_constant=0.0)
    assert verdict.label == "contradicted"
    assert verdict.worst == (3, STEPS[70])
    assert verdict.slack == pytest.approx(-np.log(1.5))
    assert verdict.p_contradicted == 0
    assert f"by a factor 1.5 in run 3 at step {STEPS[70]:,.0f}" in verdict.sentence


@pytest.mark.parametrize(("excess", "bound"), [(1e-12, "holds"), (1e-8, "violated")])
def test_a_bound_that_is_met_exactly_holds_up_to_rounding(excess, bound):
    log_y = -3.0 * STEPS[None] + excess
    verdict = judge(STEPS[:60], log_y[:, :60], Law.exponential(3.0), log_constant=0.0)
    assert verdict.bound == bound


def test_vacuity_is_the_share_of_log_time_in_which_the_bound_exceeds_the_ceiling():
    """100/t exceeds 1 in the first half of four decades; with C = 1e5 always."""
    half = judge(STEPS, runs(-np.log(STEPS)), Law.power(1), log_constant=np.log(100), log_ceiling=0)
    whole = judge(
        STEPS, runs(-np.log(STEPS)), Law.power(1), log_constant=np.log(1e5), log_ceiling=0
    )
    assert half.vacuity == pytest.approx(0.5, abs=0.02)
    assert half.label == "tight"
    assert (whole.vacuity, whole.bound, whole.label) == (1.0, "holds_vacuous", "vacuous")
    assert whole.rate == "consistent"


def test_a_violated_bound_is_never_vacuous():
    log_y = runs(-np.log(STEPS))
    log_y[0, 0] = 20.0
    verdict = judge(STEPS, log_y, Law.power(1), log_constant=np.log(1e5), log_ceiling=0)
    assert (verdict.vacuity, verdict.label) == (1.0, "contradicted")


def test_without_a_constant_no_bound_is_judged():
    verdict = judge(STEPS, runs(5 - np.log(STEPS)), Law.power(1))
    assert verdict.bound == "none"
    assert verdict.sup_constant == pytest.approx(5.0)


def test_zero_satisfies_every_upper_bound_and_breaks_every_lower_one():
    log_y = runs(-np.log(STEPS))
    log_y[1, 40] = -np.inf
    upper = judge(STEPS, log_y, Law.power(1), log_constant=0.0)
    lower = judge(STEPS, log_y, Law.power(1), log_constant=-1.0, side="lower")
    assert upper.label == "tight"
    assert lower.label == "contradicted"
    assert lower.slack == -np.inf


def test_a_zero_in_the_last_windows_keeps_a_lower_rate_from_being_consistent():
    log_y = runs(-np.log(STEPS))
    assert judge(STEPS, log_y, Law.power(1), side="lower").rate == "consistent"
    log_y[1, -10] = -np.inf
    assert judge(STEPS, log_y, Law.power(1), side="lower").rate == "inconclusive"


def test_a_hidden_value_breaks_a_lower_bound_only_above_the_readable_floor():
    hidden = np.full((5, STEPS.size), -50.0)
    floor = np.log(1e-12)
    assert judge(STEPS, hidden, Law.envelope(np.log(1e-11)), log_constant=0.0, log_floor=floor,
                 side="lower").bound == "holds"  # fmt: skip
    assert judge(STEPS, hidden, Law.envelope(np.log(1e-9)), log_constant=0.0, log_floor=floor,
                 side="lower").bound == "violated"  # fmt: skip


def test_below_the_floor_throughout_is_consistent_and_says_exact_to_the_floor():
    zero = np.full((5, STEPS.size), -np.inf)
    rounding = np.full((5, STEPS.size), np.log(3e-29))
    for log_y, floor in ((zero, None), (rounding, np.log(1e-30))):
        verdict = judge(STEPS, log_y, LOG_LAW, log_constant=0.0, log_floor=floor)
        assert (verdict.bound, verdict.rate, verdict.label) == ("holds", "consistent", "holds")
        assert "exact to the floor" in verdict.sentence


@pytest.mark.parametrize("law", [Law.exponential(), Law.exponential(0.01)])
def test_a_float32_floor_is_no_contradiction_once_the_floor_is_told(law):
    """e^(-t/100) runs into rounding at 1e-7 after 1,600 of 100,000 steps."""
    steps = grid(100_000)
    log_y = runs(np.logaddexp(-steps / 100, np.log(1e-7)))
    assert judge(steps, log_y, law).label == "contradicted"
    told = judge(steps, log_y, law, log_floor=np.log(1e-7))
    assert told.rate == "consistent"
    assert told.window is not None
    assert told.window[1] < 1200  # where y passes 100 times the floor


def test_runs_that_fell_below_the_floor_are_kept_and_save_none_of_the_others():
    log_y = np.concatenate([runs(-0.5 * np.log(STEPS)), runs(-STEPS)])
    verdict = judge(STEPS, log_y, LOG_LAW, log_floor=np.log(1e-30))
    assert verdict.outcomes == ("contradicted",) * 6 + ("kept",) * 6
    assert not verdict.joint


@pytest.mark.parametrize(("factor", "bound"), [(1.0, "holds"), (1.01, "violated")])
def test_linear_growth_holds_between_both_lines_only(factor, bound):
    law = Law.linear_growth(0.1, 0.2)
    assert judge(STEPS, np.log(0.2 * factor * STEPS), law).bound == bound
    assert judge(STEPS, np.log(0.1 / factor * STEPS), law).bound == bound


@pytest.mark.parametrize(
    ("power", "low", "high", "rate"),
    [
        (1.0, None, None, "consistent"),
        (0.5, None, None, "contradicted"),
        (2.0, None, None, "contradicted"),
        (2.0, None, np.inf, "consistent"),
        (0.5, 0, None, "consistent"),
    ],
)
def test_growth_without_constants_is_judged_on_the_sides_that_are_claimed(power, low, high, rate):
    assert judge(STEPS, runs(power * np.log(STEPS)), Law.linear_growth(low, high)).rate == rate


@pytest.mark.parametrize(
    ("slope", "label"),
    [(0.2, "tight"), (0.201, "tight"), (0.19, "contradicted"), (0.21, "contradicted")],
)
def test_an_asymptotic_slope_forgives_a_constant_and_no_other_slope(slope, label):
    law = Law.linear_growth(0.2, 0.2, asymptotic=True)
    verdict = judge(STEPS, runs(0) * 0 + np.log(slope * STEPS - 0.15), law)
    assert (verdict.label, verdict.bound) == (label, "none")
    assert verdict.exponent == pytest.approx(slope)


def test_an_asymptotic_slope_may_lie_anywhere_between_its_two_numbers():
    law = Law.linear_growth(0.1, 0.3, asymptotic=True)
    for slope, rate in ((0.11, "consistent"), (0.29, "consistent"), (0.33, "contradicted")):
        assert judge(STEPS, runs(0) * 0 + np.log(slope * STEPS), law).rate == rate


@pytest.mark.parametrize(("error", "bound"), [(0.0, "holds"), (5e-10, "holds"), (2e-9, "violated")])
def test_equality_is_relative_and_works_on_logs_beyond_floats(error, bound):
    value = -3.0 * STEPS
    verdict = judge(STEPS, value + error, Law.equals(lambda t: -3.0 * t))
    assert (verdict.bound, verdict.rate) == (bound, "none")


def test_exactly_zero_is_met_by_zero_and_by_what_is_below_the_floor():
    zero = np.full((2, STEPS.size), -np.inf)
    assert judge(STEPS, zero, Law.equals(-np.inf)).label == "holds"
    assert judge(STEPS, zero - 70.0, Law.equals(-np.inf)).label == "holds"
    tiny = np.full((2, STEPS.size), np.log(1e-31))
    assert judge(STEPS, tiny, Law.equals(-np.inf)).label == "contradicted"
    assert judge(STEPS, tiny, Law.equals(-np.inf), log_floor=np.log(1e-31)).label == "holds"


def test_monotone_forgives_rounding_and_nothing_else():
    rising = np.log1p(-0.5 / STEPS)
    wobble = rising + 1e-16 * (-1.0) ** np.arange(STEPS.size)
    dip = rising.copy()
    dip[50] -= 1e-3
    assert judge(STEPS, wobble, Law.monotone(1)).label == "holds"
    assert judge(STEPS, dip, Law.monotone(1)).label == "contradicted"
    assert judge(STEPS, dip, Law.monotone(1)).worst == (0, STEPS[50])
    assert judge(STEPS, dip, Law.monotone(1), t_min=STEPS[50]).label == "holds"
    assert judge(STEPS, -wobble, Law.monotone(-1)).label == "holds"


def test_an_envelope_with_a_constant_is_a_pointwise_statement_without_a_rate():
    """The room shrinks like t^0.5 all along; only a law without a constant is about that."""
    falling = Law.envelope(lambda t: 5 - np.log(t))
    log_y = runs(-0.5 * np.log(STEPS))
    assert judge(STEPS, log_y, falling, log_constant=0.0).label == "holds"
    assert judge(STEPS, log_y, falling).label == "contradicted"
