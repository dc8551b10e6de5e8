"""A claim that is declared to have no transient is judged over the whole range."""

import json

import numpy as np
import pytest

from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.course import Course
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict

CONSTANT = Law.power(0)
K = 2.0 ** np.arange(11)
LOG = np.log1p(0.38 * np.log(K))


def noisy(curve, runs, sd, seed=0):
    """(runs, K) of the curve with amplitudes and white noise."""
    rng = np.random.default_rng(seed)
    return curve + 0.3 * rng.standard_normal((runs, 1)) + sd * rng.standard_normal((runs, K.size))


def asked(log_y, law: Law = CONSTANT, k=K, transient=False, **options):
    return judge(k, log_y, law, clock="size", timeless=True, transient=transient, **options)


@pytest.mark.parametrize("runs", [1, 2, 5, 20])
@pytest.mark.parametrize("sd", [0.0, 0.01])
def test_a_log_is_not_a_constant_on_eleven_sizes(runs, sd):
    assert {asked(noisy(LOG, runs, sd, seed)).label for seed in range(10)} == {"contradicted"}


def test_with_a_clock_the_same_record_shows_nothing():
    assert asked(noisy(LOG, 5, 0.01), transient=True).label == "inconclusive"


@pytest.mark.parametrize("sd", [0.0, 0.01, 0.05])
@pytest.mark.parametrize(
    "law", [CONSTANT, Law.power(0.5), Law.power(0, 1), Law.power(-1, 1), Law.power(0, 2)]
)
def test_a_multiple_of_the_law_keeps_it(law, sd):
    k = 3.0 * K
    for side in ("upper", "lower"):
        found = asked(noisy(law.log_f(k)[0], 6, sd), law, k, side=side)
        assert (found.rate, found.counts) == ("consistent", {"kept": 6})


def test_a_lower_law_is_the_mirror_of_an_upper_one():
    log_y = noisy(LOG, 5, 0.01)
    upper, lower = asked(log_y), asked(-log_y, side="lower")
    assert lower.label == upper.label == "contradicted"
    assert lower.p_contradicted == upper.p_contradicted
    assert asked(log_y, side="lower").rate == "consistent"
    assert lower.exponent == pytest.approx(-upper.exponent)
    assert upper.exponent == pytest.approx(-np.polyfit(np.log(K), log_y.mean(axis=0), 1)[0])


def test_a_curve_without_a_constant_is_judged_so_and_other_laws_as_they_are():
    curve = Law.envelope(lambda t: 0 * t)
    assert asked(noisy(LOG, 5, 0.01), curve).label == "contradicted"
    growth = Law.linear_growth(1, 2)
    one, other = (asked(np.log(1.5 * K), growth, transient=x) for x in (True, False))
    assert one.to_json() == other.to_json()
    stated = asked(LOG, curve, log_constant=2.0)
    assert (stated.rate, stated.bound, stated.transient) == ("none", "holds", True)


def test_what_stops_growing_is_not_contradicted_and_what_goes_on_is():
    stops, goes_on = np.log(2 - 1 / K), 0.1 * np.log(K)
    for runs in (1, 5):
        assert asked(noisy(stops, runs, 0.01)).label != "contradicted"
        assert asked(noisy(goes_on, runs, 0.01)).label == "contradicted"


def test_a_limit_that_is_reached_like_one_over_log_stops_in_time():
    k = np.arange(1.0, 1025)
    found = asked(np.log(2 - 1 / (1 + np.log(k))), k=k)
    assert (found.rate, found.transient) == ("consistent", False)


def test_growth_within_rounding_is_none():
    assert asked(np.log(K) + 1e-15 * LOG, Law.power(-1)).rate == "consistent"
    assert asked(1e-16 * LOG).rate == "consistent"
    assert asked(1e-9 * LOG).rate == "contradicted"


def test_growth_in_one_half_of_the_range_is_not_growth():
    late = np.maximum(np.log(K) - np.log(K[5]), 0)
    assert asked(noisy(late, 5, 0.001)).label != "contradicted"
    assert asked(noisy(late - late[::-1], 5, 0.001)).label == "contradicted"


def test_noise_that_all_runs_share_contradicts_no_constant():
    """A random walk, the same in twenty runs that differ by a fiftieth of its steps."""
    rng, named = np.random.default_rng(3), 0
    for _ in range(200):
        shared = 0.05 * rng.standard_normal(K.size).cumsum()
        log_y = shared + 0.001 * rng.standard_normal((20, K.size))
        named += asked(log_y).label == "contradicted"
    assert named <= 4


def test_one_growing_run_of_eight_is_named():
    log_y = noisy(0 * K, 8, 0.01)
    log_y[3] += LOG
    found = asked(log_y)
    assert found.failing == [3]
    assert found.counts == {"kept": 7, "contradicted": 1}


def test_six_places_over_a_factor_four_are_asked_for():
    assert asked(LOG[:6], k=K[:6]).label == "contradicted"
    few = asked(LOG[:5], k=K[:5])
    assert few.gate == "insufficient"
    assert few.reason == (
        "5 recorded sizes over a factor 16; without a transient a rate needs 6 over a factor 4"
    )
    near = np.arange(10.0, 30.0)
    assert asked(np.log(near), k=near).gate == "insufficient"


def test_values_below_the_floor_are_left_out_and_speak_for_an_upper_law():
    falling = -8.0 * np.log(K)
    found = asked(np.stack([falling, falling]), log_floor=falling[3])
    assert found.exact_to_floor
    assert found.label == "holds"
    assert asked(falling, Law.power(9), log_floor=falling[8]).label == "contradicted"
    assert asked(falling, side="lower", log_floor=falling[3]).outcomes == ("undecided",)


def test_an_expectation_is_judged_by_the_mean():
    found = asked(noisy(LOG, 30, 0.01), about="ensemble")
    assert (found.label, found.failing) == ("contradicted", [])
    assert asked(noisy(0 * K, 30, 0.05), about="ensemble").rate == "consistent"


def test_the_sentence_and_the_json_say_that_it_was_declared():
    found = asked(noisy(LOG, 5, 0.01))
    assert found.sentence.startswith("Contradicted (declared to have no transient) (asked at every")
    assert "over the whole range and in either half of it" in found.sentence
    assert "declared to have no transient" in found.summary
    record = json.loads(json.dumps(found.to_json()))
    assert record["transient"] is False
    assert Verdict.from_json(record).to_json() == record
    assert "transient" not in asked(LOG, transient=True).to_json()


def test_a_claim_declares_it():
    claim = Claim(
        "c", "y = O(1)", "here", "1", "sizes", "y", CONSTANT, clock="size", transient=False
    )
    found = claim.judge(K, noisy(LOG, 5, 0.01))
    assert (found.label, found.transient) == ("contradicted", False)


@pytest.mark.parametrize("n", [6, 11, 40])
def test_slopes_of_correlated_noise_rarely_seem_to_grow(n):
    rng = np.random.default_rng(n)
    course, y = Course(np.log(2.0) * np.arange(n)), rng.standard_normal((4_000, n))
    for k in range(1, n):
        y[:, k] = 0.9 * y[:, k - 1] + np.sqrt(1 - 0.9**2) * y[:, k]
    p = course.p_grows(course.slopes(y)[0], course.errors(y)[0])
    assert np.mean(p < 0.025) <= 0.004
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.03)


def test_errors_are_those_of_noise_that_is_as_correlated_as_taken():
    """Random places enough to find the correlation, which is taken larger by 2 / sqrt(n)."""
    rng, n = np.random.default_rng(5), 400
    course, y = Course(np.log(1.02) * np.arange(n)), rng.standard_normal((500, n))
    for k in range(1, n):
        y[:, k] = 0.6 * y[:, k - 1] + 0.8 * y[:, k]
    ratio = np.median(course.errors(y), axis=1) / course.slopes(y).std(axis=1)
    assert np.all((ratio > 1.25) & (ratio < 1.6))


def test_slopes_are_those_of_lines():
    course = Course(np.log(np.arange(1.0, 30)))
    np.testing.assert_allclose(course.slopes(3 - 0.7 * course.x[None]), -0.7)
    np.testing.assert_allclose(course.errors(3 - 0.7 * course.x[None]), 0, atol=1e-12)
