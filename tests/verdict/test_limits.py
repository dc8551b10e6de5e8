"""Limits stand exactly where they are said to: points, decades, runs, windows, defaults."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.verdict import company
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.decision import decide
from ntp_dynamics.verdict.drift import Drift, _share_error
from ntp_dynamics.verdict.gate import Case
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.windows import LEAST_POINTS, Reach, Slopes, Windows
from tests.verdict.curves import grid


def case(t, t_min=1.0):
    t = np.asarray(t, dtype=float)
    return Case(
        t=t,
        log_y=-np.log(t)[None],
        law=Law.power(1),
        sign=1,
        counted=(t >= t_min)[None],
        readable=np.full((1, 1), -np.inf),
        t_min=np.array([t_min]),
        log_constant=None,
        log_ceiling=None,
    )


def test_a_rate_asks_for_two_decades_and_forty_points():
    assert case([*range(1, 40), 100]).deep.tolist() == [True]
    assert case([*range(1, 39), 100]).deep.tolist() == [False]
    assert case([*range(1, 40), 99]).deep.tolist() == [False]
    assert case([*range(1, 60), 1000], t_min=10.0).deep.tolist() == [True]
    assert case([*range(1, 60), 999], t_min=10.0).deep.tolist() == [False]


def test_a_run_of_exactly_two_decades_shows_its_rate():
    t = np.arange(1.0, 101.0)
    assert judge(t, -np.log(t), Law.power(1)).gate == "ok"
    verdict = judge(t[:-1], -np.log(t[:-1]), Law.power(1))
    assert verdict.gate == "insufficient"
    assert "1.99 decades" in verdict.reason
    assert "0.69 decades" in judge(t[:5], -np.log(t[:5]), Law.power(1)).reason


def test_windows_are_decades_that_end_at_the_horizon_its_half_and_its_quarter():
    t = np.arange(1.0, 10_001.0)
    windows = Windows(t, np.ones((1, t.size), dtype=bool), np.array([10_000.0]), 10)
    ends = np.array([[10_000, 1000], [5000, 500], [2500, 250]])
    np.testing.assert_allclose(windows.upper_edge[..., 0], ends)
    np.testing.assert_allclose(windows.middle[..., 0], ends / np.sqrt(10))
    np.testing.assert_array_equal(windows.points[..., 0], ends - ends // 10 + 1)


GRID = np.unique(np.round(np.geomspace(1, 30_000, 400)))


def slow(runs, t):
    """t^-1/2, with a noise that differs from run to run."""
    noise = np.random.default_rng(0).standard_normal((runs, t.size))
    return -0.5 * np.log(t) + 0.01 * noise


def test_the_mean_is_asked_three_and_a_half_decades_after_the_start_of_the_claim():
    """A run by itself from 400 times the start on: 30,000 is 300 times, and 2.5 decades."""
    late = judge(GRID, slow(6, GRID), Law.power(1), t_min=100)
    assert (late.label, math.isnan(late.p_contradicted)) == ("inconclusive", True)
    early = judge(GRID, slow(6, GRID), Law.power(1), t_min=9)
    assert (early.label, early.p_contradicted < 1e-3) == ("contradicted", True)


def test_a_limit_on_failing_runs_asks_for_five():
    for runs in (4, 5):
        verdict = judge(GRID, -np.log(GRID) * np.ones((runs, 1)), Law.power(1), log_constant=1.0)
        assert math.isnan(verdict.most_failing) == (runs < 5)


def test_no_horizon_that_is_reached_already_is_promised():
    """Twenty points over four decades: more steps would do, a longer run need not."""
    t = np.unique(np.round(np.geomspace(1, 10_000, 20)))
    verdict = judge(t, -np.log(t), Law.power(1))
    assert (verdict.label, verdict.decides_at) == ("inconclusive", None)
    short = judge(t[t < 50], -np.log(t[t < 50]), Law.power(1))
    assert short.decides_at == 100


def test_a_claim_is_proved_about_every_run_an_upper_bound_and_not_tight_unless_it_says_so():
    plain = Claim("x", "a statement", "a source", "text", "attention", "y", Law.power(1))
    assert (plain.kind, plain.about, plain.side, plain.tight) == ("proved", "run", "upper", False)
    assert (plain.constant, plain.ceiling, plain.t_min) == (None, None, None)


def test_a_law_is_written_with_its_numbers():
    one = Law.power(1.5, 2).to_json()
    assert (one["p"], one["log_power"]) == (1.5, 2.0)
    several = Law.exponential(np.array([0.5, np.nan])).to_json()
    assert several["rate"] == [0.5, "nan"]
    assert set(Law.envelope(np.zeros((2, 3))).to_json()) == {"form", "formula"}


@pytest.mark.parametrize("side", ["upper", "lower"])
def test_a_bound_that_is_met_exactly_is_kept(side):
    verdict = judge(GRID, -np.log(GRID), Law.power(1), log_constant=0.0, side=side)
    assert verdict.bound == "holds"
    assert verdict.slack == 0.0
    assert verdict.outcomes == ("kept",)


@pytest.mark.parametrize(
    ("log_y", "law", "exponent"),
    [
        (np.log(np.log(GRID + 1)) - 1.5 * np.log(GRID), Law.power(1, 1), 1.5),
        (-0.01 * GRID, Law.exponential(0.005), 0.01),
        (np.log(3 * GRID), Law.linear_growth(2.0, 4.0), 1.0),
        (np.log(3 * GRID), Law.linear_growth(3.0, 3.0, asymptotic=True), 3.0),
        (-0.7 * np.log(GRID), Law.envelope(lambda t: -0.5 * np.log(t)), 0.7),
    ],
    ids=["power", "exponential", "growth", "slope", "envelope"],
)
def test_the_exponent_is_that_of_the_law_s_own_form(log_y, law, exponent):
    """p of t^-p log^q t, a decay rate, the power of t, dy/dt, and -dlog y / dlog t."""
    verdict = judge(GRID, log_y, law)
    assert verdict.exponent == pytest.approx(exponent, rel=1e-4)
    assert verdict.run_exponents[0] == verdict.exponent


def test_a_run_that_begins_to_drift_is_decided_when_all_windows_lie_behind_that():
    """Slope -1 up to step 3,000, then -0.9: beyond half a log power (1.83 times what is allowed)
    in both halves of the last decade.  The earliest of six windows begins at T / 400."""
    log_y = -np.log(GRID) + 0.1 * np.maximum(np.log(GRID / 3000), 0.0)
    verdict = judge(GRID, log_y, Law.power(1))
    assert (verdict.label, verdict.outcomes) == ("inconclusive", ("undecided",))
    assert verdict.run_drifts[0] == pytest.approx(
        0.1 * np.log(30_000 / np.sqrt(10)) / 0.5, rel=0.05
    )
    assert verdict.decides_at == pytest.approx(400 * 3000, rel=1e-9)


@pytest.mark.parametrize(("short", "enough"), [(0, True), (1, False)])
def test_every_window_needs_its_least_number_of_points(short, enough):
    """On a grid of k steps a decade the sparsest window holds k of them."""
    least = LEAST_POINTS[10] - short
    t = 10.0 ** (np.arange(4 * least + 1) / least)
    seen = np.ones((1, t.size), dtype=bool)
    windows = Windows(t, seen, t[-1:], 10)
    assert windows.points.min() == least
    yes, no = np.array([True]), np.array([False])
    reach = Reach(seen=yes, fallen=no, lost=no, thin=no, decades=np.array([4.0]))
    assert company.long_enough(windows, reach).tolist() == [enough]
    assert company.long_enough(windows, replace(reach, decades=np.array([3.5]))).tolist() == [False]


def test_the_p_value_is_that_of_the_worst_run():
    """One of eight runs falls too slowly, more than the mean can show."""
    log_y = -np.log(GRID) * np.array([1.0] * 7 + [0.5])[:, None]
    verdict = judge(GRID, log_y, Law.power(1))
    assert (verdict.label, verdict.failing) == ("contradicted", [7])
    assert not verdict.joint
    assert verdict.p_contradicted < 1e-3
    assert math.isnan(judge(GRID, log_y, Law.power(1), t_min=1000).p_contradicted)


def test_a_candidate_law_is_possible_within_half_a_log_power_of_the_last_window():
    """Around 3,162, the middle of the last decade, that is .5 / ln 3162 = .0620."""
    steps = grid(10_000)
    for power, possible in ((1.055, True), (1.075, False)):
        found = judge(steps, -power * np.log(steps) + np.zeros((5, 1)), Law.power(1)).possible
        assert ((1.0, 0) in found) is possible


def test_the_error_of_a_share_grows_with_the_share_up_to_two():
    """Of 3/1 with errors .1 and .2: hypot(.1, 2 * .2) / 1, for shares are cut at 2."""
    error = np.array([[[0.1], [0.2]]])
    found = _share_error(error, later=np.array([[3.0]]), earlier=np.array([[1.0]]))
    assert found == pytest.approx(np.hypot(0.1, 0.4))


def test_the_mean_is_asked_of_those_experiments_that_are_long_enough_for_it():
    """Two equal ones, of eight runs that all fail: only the second may be asked."""
    moved = np.ones((3, 2, 2, 8)) + 0.1 * np.arange(8)
    drift = Drift(Slopes(moved, np.stack([moved, moved], 2), 9 * moved), np.full_like(moved, 0.1))
    found = decide(drift, np.zeros((2, 8), dtype=bool), np.array([False, True]))
    assert found.joint.tolist() == [False, True]
    assert np.isnan(found.p[0])
    assert found.p[1] < 1e-3
