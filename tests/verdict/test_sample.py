"""Laws about all runs together: counts, means of signed values, powers of a swept value, decays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.decay import fit
from ntp_dynamics.verdict.frequency import at_least, at_most, limits
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict

PULLS = np.arange(10.0, 1001, 30)
SAMPLES = np.array([10.0, 20, 40, 80, 160])


def of_values(y: np.ndarray, law: Law, t: np.ndarray = PULLS, **more: Any) -> Verdict:
    return judge(t, None, law, values=y, about="ensemble", clock="pull", **more)


def along(y: np.ndarray, law: Law) -> Verdict:
    """y is its log where the law reads logs."""
    more: dict[str, Any] = {"about": "ensemble", "clock": "sample", "timeless": True}
    if law.reads_logs:
        return judge(SAMPLES, y, law, **more)
    return judge(SAMPLES, None, law, values=y, **more)


def events(p: np.ndarray, runs: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((runs, p.size)) < p).astype(float)


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (20, 0.05), (20, 0.0), (20, 1.0), (500, 0.3)])
def test_tails_and_limits_of_a_count_are_those_of_scipy(n: int, p: float) -> None:
    x = np.arange(n + 1)
    every, chance = np.full(n + 1, n), np.full(n + 1, p)
    np.testing.assert_allclose(at_most(x, every, chance), binom.cdf(x, n, p), atol=1e-12)
    np.testing.assert_allclose(at_least(x, every, chance), binom.sf(x - 1, n, p), atol=1e-12)
    for count in (0, n // 2, n):
        low, high = limits(np.array([count]), np.array([n]), 0.95)
        exact = binomtest(count, n).proportion_ci(0.95)
        assert (low[0], high[0]) == pytest.approx((exact.low, exact.high), abs=1e-10)


def test_a_probability_that_is_exact_is_tight_once_it_is_resolved() -> None:
    p = 0.4 * np.exp(-0.004 * PULLS)
    few, many = (of_values(events(p, runs), Law.frequency(p, p)) for runs in (100, 2000))
    assert (few.label, many.label) == ("inconclusive", "tight")
    assert f"of {many.runs_rated} runs" in many.sentence
    wrong = of_values(events(p, 2000), Law.frequency(1.2 * p, 1.2 * p))
    assert wrong.label == "contradicted"
    assert wrong.failing == []  # no run is named


def test_one_side_of_a_probability_holds_or_is_contradicted_and_twenty_of_twenty_say_086() -> None:
    every = np.ones((20, 1))
    assert of_values(every, Law.frequency(0.86), t=PULLS[-1:]).label == "holds"
    assert of_values(every, Law.frequency(0.87), t=PULLS[-1:]).label == "inconclusive"
    assert of_values(every, Law.frequency(0.0, 0.6), t=PULLS[-1:]).label == "contradicted"
    assert of_values(1 - every, Law.frequency(0.0, 0.2), t=PULLS[-1:]).label == "holds"


def test_runs_that_were_not_asked_do_not_count_which_makes_the_law_mcnemars_test() -> None:
    """Of 400 pairs 60 differ, 45 of them in favour: the exact test of 45 of 60 against a half."""
    y = np.full((400, 1), np.nan)
    y[:45], y[45:60] = 1.0, 0.0
    found = of_values(y, Law.frequency(0.5), t=PULLS[-1:])
    assert (found.label, found.runs_rated, found.exponent) == ("holds", 60, 0.75)
    against = of_values(1 - y, Law.frequency(0.5), t=PULLS[-1:])
    assert against.label == "contradicted"
    assert against.p_contradicted == pytest.approx(binomtest(15, 60, alternative="less").pvalue)
    nobody = of_values(np.full((5, 1), np.nan), Law.frequency(0.5), t=PULLS[-1:])
    assert (nobody.gate, nobody.reason) == ("insufficient", "no run was asked")


def test_a_mean_of_signed_values_is_tight_within_what_is_allowed_and_contradicted_beyond() -> None:
    value = np.array([-1.0, -0.5, 0.5, 1.0, 2.0])
    y = value + 0.1 * np.random.default_rng(1).standard_normal((100, 5))
    assert along(y, Law.mean_value(value)).label == "tight"
    off = value + np.array([0, 0, 0.2, 0, 0])
    found = along(y, Law.mean_value(off))
    assert (found.label, found.z_at) == ("contradicted", 40)
    assert found.exponent == pytest.approx(0.5, abs=0.05)
    assert along(y, Law.mean_value(off, absolute=0.25)).label == "tight"
    assert along(y, Law.mean_value(value, within=0.001)).label == "inconclusive"
    few = along(y[:31], Law.mean_value(off))
    assert (few.label, few.descriptive) == ("inconclusive", True)
    assert math.isnan(few.p_contradicted)


def test_in_time_a_mean_is_contradicted_only_where_it_persists() -> None:
    y = 1.0 + 0.1 * np.random.default_rng(2).standard_normal((100, PULLS.size))
    once = y.copy()
    once[:, PULLS > 600] += 1.0  # no two places there are a factor 2 apart
    assert of_values(once, Law.mean_value(1.0)).label == "inconclusive"
    assert of_values(y + 1.0, Law.mean_value(1.0)).label == "contradicted"


def scaled(power: float, runs: int = 100) -> np.ndarray:
    """ln y, y = chi^2_3 x^power: what a run draws it draws for the whole axis."""
    rng = np.random.default_rng(3)
    luck, noise = rng.chisquare(3, (runs, 1)), rng.standard_normal((runs, SAMPLES.size))
    return np.log(luck) + power * np.log(SAMPLES) + 0.05 * noise


def test_the_power_of_a_swept_value_is_found_with_the_error_of_common_random_numbers() -> None:
    found = along(scaled(-1.0), Law.scaling(-1.1, -0.9))
    assert found.label == "tight"
    assert found.exponent == pytest.approx(-1.0, abs=0.02)
    assert found.interval[1] - found.interval[0] < 0.03  # of independent draws it would be .3
    assert along(scaled(-1.0), Law.scaling(-math.inf, -0.5)).label == "holds"
    assert along(scaled(-1.0), Law.scaling(-2.1, -1.9)).label == "contradicted"
    assert along(scaled(-1.0, 20), Law.scaling(-2.1, -1.9)).label == "inconclusive"
    assert along(scaled(-1.0)[:, :2].repeat(3, 1)[:, :5], Law.scaling(-9, 9)).gate == "ok"
    dead = np.full((40, 5), -np.inf)
    assert along(dead, Law.scaling(-1.1, -0.9)).gate == "insufficient"


def test_a_decay_is_fitted_to_counts_of_which_most_are_zero() -> None:
    """From 3,000 runs, P = .05 e^(-.01 t): nothing is seen in the second half, and that counts."""
    p = 0.05 * np.exp(-0.01 * PULLS)
    y = events(p, 3000, seed=4)
    assert (y.sum(axis=0) == 0).mean() > 0.4
    found = of_values(y, Law.decay(0.01, 0.01))
    assert found.rate == "consistent"
    assert found.interval[0] < 0.01 < found.interval[1]
    assert of_values(y, Law.decay(0.005, 0.005)).label == "contradicted"
    assert of_values(y, Law.decay(0.005, math.inf)).label == "holds"
    rare = of_values(events(p / 100, 100, seed=5), Law.decay(0.01, 0.01))
    assert rare.gate == "insufficient"
    assert "a rate needs 10" in rare.reason


def test_the_shape_before_the_exponential_is_divided_out() -> None:
    t = np.geomspace(20, 2000, 30)
    log_shape = -0.5 * np.log(t)
    y = events(np.exp(log_shape - 0.002 * t), 4000, seed=6)
    kept = of_values(y, Law.decay(0.002, 0.002, log_shape=lambda t: -0.5 * np.log(t)), t=t)
    assert (kept.label, kept.exponent) == ("tight", pytest.approx(0.002, rel=0.1))
    assert of_values(y, Law.decay(0.002, 0.002), t=t).label == "contradicted"


def test_the_error_of_a_decay_covers_it_also_where_one_run_fails_everywhere_or_nowhere() -> None:
    """Each run fails up to a time of its own: 200 samples, errors as the estimates scatter."""
    rng, t, found = np.random.default_rng(7), np.arange(1.0, 100, 4), []
    for _ in range(200):
        y = (rng.exponential(20.0, (300, 1)) > t).astype(float)
        found.append(fit(t, y, np.ones(y.shape, dtype=bool), np.zeros(t.size)))
    rates, errors = np.array(found).T
    assert rates.mean() == pytest.approx(0.05, rel=0.01)
    assert errors.mean() == pytest.approx(rates.std(), rel=0.15)


@pytest.mark.parametrize("law", [Law.frequency(0.1), Law.scaling(0, 1), Law.decay(1, 2)])
def test_a_law_of_a_sample_speaks_of_an_ensemble_only(law: Law) -> None:
    with pytest.raises(ValueError, match="speaks of an ensemble"):
        judge(PULLS, np.zeros((3, PULLS.size)), law, values=np.zeros((3, PULLS.size)))


@pytest.mark.parametrize("ends", [(1.0, 0.5), (-math.inf, math.inf), (math.inf, math.inf)])
def test_a_range_that_says_nothing_is_refused(ends: tuple[float, float]) -> None:
    for make in (Law.scaling, Law.decay):
        with pytest.raises(ValueError, match="no range that says something"):
            make(*ends)


def test_a_claim_that_is_evaluated_says_so_and_reads_back() -> None:
    words = dict.fromkeys(("statement", "source", "version", "stage", "observable"), "x")
    law = Law.value(1.0, absolute=0.1)
    said = [
        Claim("a", **words, law=law, clock="eta", timeless=True, evaluated=yes).judge(
            SAMPLES, np.zeros((1, 5)), values=np.ones((1, 5))
        )
        for yes in (True, False)
    ]
    assert said[0].sentence.startswith("Holds (evaluated, not run) at every eta")
    assert said[0].summary.startswith("evaluated, not run; ")
    assert "evaluated" not in said[1].sentence + said[1].summary
    assert "evaluated" not in said[1].to_json()
    assert Verdict.from_json(said[0].to_json()).to_json() == said[0].to_json()
