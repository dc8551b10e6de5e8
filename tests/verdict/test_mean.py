"""The mean over runs against a curve: skewed data are not refuted, a wrong curve is."""

import math

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.mean import log_mean_and_error
from tests.verdict.curves import grid

TIMES = grid(3000)
LAW = Law.mean_equals(lambda t: -np.log(t))


def chi_squared(runs, factor=1.0, seed=0):
    """ln y of runs with mean ``factor`` / t; all places of a run share their luck."""
    squares = np.random.default_rng(seed).standard_normal((runs, 1)) ** 2
    return np.log(factor * squares) - np.log(TIMES)


def verdict(log_y, law=LAW, **more):
    return judge(TIMES, log_y, law, about="ensemble", **more)


@pytest.mark.parametrize(("runs", "percent"), [(16, 0.13), (32, 0.024), (1000, 0.001)])
def test_the_z_of_skewed_data_is_beyond_five_as_rarely_as_stated(runs, percent):
    """For 3e6 / S samples of chi^2_1: within twice the standard error of so many."""
    samples = min(150_000, 3_000_000 // runs * 4)
    squares = np.random.default_rng(1).standard_normal((runs, samples)) ** 2
    log_mean, error = log_mean_and_error(np.log(squares))
    beyond = (np.abs(log_mean / error) > 5).mean()
    allowed = percent / 100
    assert beyond <= allowed + 2 * math.sqrt(allowed / samples)
    plain = np.abs((np.exp(log_mean) - 1) / (np.exp(log_mean) * error)) > 5
    assert plain.mean() >= beyond


def test_an_exact_mean_is_tight_once_its_limits_are_within_a_fifth():
    """Of chi^2_1 a fifth takes 1.96 sqrt(2 / S) < .18: about 240 runs."""
    few, many = verdict(chi_squared(60)), verdict(chi_squared(1000))
    assert (few.label, few.rate) == ("inconclusive", "inconclusive")
    assert (many.label, many.outcomes.count("kept")) == ("tight", 1000)
    assert many.z is not None
    assert abs(many.z) < 5
    assert many.band is not None
    assert math.log(0.8) <= many.band[0] < 0 < many.band[1] <= math.log(1.2)


def test_a_wrong_mean_is_contradicted_where_it_persists_and_runs_are_enough():
    wrong = verdict(chi_squared(400, factor=3.0))
    assert wrong.label == "contradicted"
    assert wrong.p_contradicted < 1e-6
    assert wrong.failing == []  # no run is named
    assert "standard errors above the stated curve" in wrong.sentence
    log_y = chi_squared(400)
    once = log_y.copy()
    once[:, TIMES > 1600] += math.log(3.0)  # no two places there are a factor 2 apart
    assert verdict(once).label == "inconclusive"
    some = chi_squared(31, factor=1000.0)
    described = verdict(some)
    assert (described.label, described.descriptive) == ("inconclusive", True)
    assert math.isnan(described.p_contradicted)
    assert "31 runs only describe, 32 could contradict" in described.sentence
    assert verdict(chi_squared(32, factor=1000.0)).label == "contradicted"


def test_no_exact_mean_is_contradicted_in_any_of_many_small_samples():
    """At S = 32 |z| > 6 in 4e-5 of places; here a sample has one place, which counts everywhere."""
    for seed in range(200):
        assert verdict(chi_squared(32, seed=seed)).label != "contradicted"


def test_equal_runs_are_compared_up_to_rounding():
    exact = np.tile(-np.log(TIMES), (40, 1))
    assert verdict(exact).label == "tight"
    assert verdict(exact * (1 + 1e-12)).label == "contradicted"


def test_zero_where_zero_is_stated_is_met():
    zero = np.full((40, TIMES.size), -np.inf)
    assert verdict(zero, Law.mean_equals(-np.inf)).label == "tight"
    assert verdict(zero, Law.mean_equals(0.0)).label == "contradicted"


def test_a_mean_takes_an_ensemble_of_two():
    assert verdict(chi_squared(1)).label == "inconclusive"
    assert "two runs" in verdict(chi_squared(1)).sentence
    with pytest.raises(ValueError, match="ensemble"):
        judge(TIMES, chi_squared(40), LAW)
