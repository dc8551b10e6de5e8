"""Calibration of rates: true laws are not contradicted, false ones are, by known margins.

Synthetic y(t) = family * e^noise on the recording grid; the noise is a normal amplitude a run
(sd 0.3) plus an AR(1) process along the recorded steps (correlation 0.9, stationary sd s).
"""

from collections import Counter

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from tests.verdict.curves import grid

CLAIM = Law.power(1, 1)  # y = O(log t / t)


def noisy(rng, runs, steps, sd, correlation=0.9):
    """(runs, steps) of noise in ln y."""
    shocks = rng.standard_normal((runs, steps))
    shocks[:, 1:] *= np.sqrt(1 - correlation**2)
    for k in range(1, steps):
        shocks[:, k] += correlation * shocks[:, k - 1]
    return 0.3 * rng.standard_normal((runs, 1)) + sd * shocks


def log(t):
    return np.log(np.maximum(t, 1 + 1e-9))  # finite at t = 1, where log t / t is zero


def periodic(t, phase):
    return log(t) / t * (1 + 0.3 * np.sin(2 * np.log(t) + phase))


TRUE = {
    "log t / t": lambda t, phase: log(t) / t,
    "1 / t": lambda t, phase: 1 / t,
    "1 / t^2": lambda t, phase: 1 / t**2,
    "after a transient": lambda t, phase: log(t) / t + 5 * np.exp(-t / 30),
    "shifted in time": lambda t, phase: log(t + 100) / (t + 100),
    "log-periodic": periodic,
    "plateau, then decay": lambda t, phase: np.minimum(log(t) / t, 0.02),
    "staircase": lambda t, phase: np.exp(np.floor(2 * np.log(log(t + 2) / t)) / 2),
}


def tally(rng, family, horizon, runs, sd, law: Law = CLAIM, times=1):
    """Labels of rate and tightness over ``times`` replicates of the experiment."""
    t = grid(horizon)
    found = Counter()
    for _ in range(times):
        log_y = np.log(family(t, rng.uniform(0, 2 * np.pi))) + noisy(rng, runs, t.size, sd)
        verdict = judge(t, log_y, law)
        found.update([verdict.rate, verdict.tightness])
    return found


@pytest.mark.parametrize("family", TRUE.values(), ids=TRUE.keys())
@pytest.mark.parametrize(("runs", "sd"), [(20, 0.0), (20, 0.05), (5, 0.2)])
def test_a_true_family_is_contradicted_at_no_horizon(family, runs, sd):
    """Thirty horizons of 3.5 to 6 decades, four replicates of fresh phase at each."""
    rng = np.random.default_rng(1)
    horizons = np.geomspace(10**3.5 + 1, 10**6, 30).astype(int)
    found = sum((tally(rng, family, T, runs, sd, times=4) for T in horizons), Counter())
    assert found["contradicted"] == 0


@pytest.mark.parametrize("phase", np.arange(0, 2 * np.pi, 0.2))
def test_no_phase_of_a_log_periodic_law_is_contradicted(phase):
    """Noise-free; one pair of windows instead of three would contradict an eighth of the phases."""
    t = grid(100_000)
    log_y = np.log(periodic(t, phase)) + np.zeros((5, 1))
    assert judge(t, log_y, CLAIM).rate != "contradicted"


@pytest.mark.parametrize(
    ("family", "runs", "sd", "least"),
    [
        (lambda t, _: log(t) ** 2 / t, 20, 0.05, 0.9),
        (lambda t, _: log(t) ** 2 / t, 5, 0.05, 0.6),
        (lambda t, _: log(t) ** 3 / t, 20, 0.05, 0.9),
        (lambda t, _: t**-0.5, 20, 0.05, 1.0),
        (lambda t, _: t**-0.5, 20, 0.2, 1.0),
        (lambda t, _: 1 / np.log(t + 1), 5, 0.05, 1.0),
    ],
)
def test_a_false_law_is_contradicted_within_four_decades(family, runs, sd, least):
    rng = np.random.default_rng(2)
    assert tally(rng, family, 10_000, runs, sd, times=60)["contradicted"] >= least * 60


@pytest.mark.parametrize("family", [lambda t, _: log(t) ** 2 / t, lambda t, _: t**-0.5])
def test_a_false_law_without_noise_is_contradicted_with_certainty(family):
    t = grid(10_000)
    verdict = judge(t, np.log(family(t, 0)) + np.zeros((5, 1)), CLAIM)
    assert verdict.label == "contradicted"
    assert verdict.p_contradicted < 1e-6


@pytest.mark.parametrize("power", [1, 2])
def test_faster_than_claimed_is_consistent_and_faster(power):
    found = tally(np.random.default_rng(3), lambda t, _: t**-power, 10_000, 20, 0.05, times=100)
    assert found["consistent"] >= 97
    assert found["faster"] >= 95


def test_the_claimed_law_itself_is_consistent_and_tight():
    found = tally(np.random.default_rng(4), TRUE["log t / t"], 10_000, 20, 0.05, times=30)
    assert (found["consistent"], found["tight"]) == (30, 30)


def test_a_deficit_of_a_tenth_is_not_resolved_and_the_verdict_says_so():
    found = tally(np.random.default_rng(5), lambda t, _: t**-0.9, 10_000, 20, 0.05, times=30)
    assert found["contradicted"] == 0
    verdict = judge(grid(10_000), -0.9 * np.log(grid(10_000)) + np.zeros((5, 1)), CLAIM)
    assert (verdict.rate, round(verdict.resolvable, 2)) == ("consistent", 0.19)
    assert "an exponent wrong by less than 0.19 would not show" in verdict.sentence


@pytest.mark.parametrize("q", [0, 1, 2])
@pytest.mark.parametrize("horizon", [1_000, 10_000, 1_000_000])
def test_the_resolvable_deficit_parts_what_is_called_consistent_from_what_is_not(q, horizon):
    t = grid(horizon)
    law = Law.power(1, q)
    deficit = judge(t, np.zeros((5, t.size)), law).resolvable
    for share, consistent in ((0.9, True), (1.1, False)):
        log_y = (share * deficit - 1) * np.log(t) + np.zeros((5, 1))
        assert (judge(t, log_y, law).rate == "consistent") == consistent


def test_a_deficit_well_beyond_the_resolvable_one_is_not_called_consistent_under_noise():
    rng = np.random.default_rng(6)
    found = tally(rng, lambda t, _: t**-0.75, 10_000, 20, 0.05, times=60)
    assert found["consistent"] == 0


def test_the_pooled_test_asks_for_three_and_a_half_decades():
    """Twenty runs of log^2 t / t: no run shows it alone, and at T = 3,000 nor do all together."""
    short, long = (
        tally(np.random.default_rng(7), lambda t, _: log(t) ** 2 / t, T, 20, 0.2, times=10)
        for T in (3_000, 1_000_000)
    )
    assert short["contradicted"] == 0
    assert long["contradicted"] >= 1


@pytest.mark.parametrize("runs", [1, 2, 4])
def test_fewer_than_five_runs_are_judged_one_by_one_and_described(runs):
    t = grid(100_000)
    false = judge(t, -0.5 * np.log(t) + np.zeros((runs, 1)), CLAIM)
    true = judge(t, -2 * np.log(t) + np.zeros((runs, 1)), CLAIM)
    assert (false.label, true.label) == ("contradicted", "faster")
    assert false.outcomes == ("contradicted",) * runs
    assert false.descriptive
    assert true.descriptive
    assert not false.joint


def test_laws_not_excluded_contain_the_true_one_and_not_its_neighbours():
    t = grid(100_000)
    possible = judge(t, np.log(log(t) / t) + np.zeros((5, 1)), CLAIM).possible
    assert (1.0, 1) in possible
    assert not {(0.5, 0), (1.0, 0), (1.0, 2), (2.0, 0)} & set(possible)


EXPONENTIAL = {
    "exponential": (lambda t, _: np.exp(-0.01 * t), "consistent", "consistent"),
    "late": (lambda t, _: np.exp(-0.01 * np.maximum(t - 500, 0)), "consistent", "consistent"),
    "slower": (lambda t, _: np.exp(-0.008 * t), "consistent", "contradicted"),
    "faster": (lambda t, _: np.exp(-0.02 * t), "consistent", "consistent"),
    "stretched 0.9": (lambda t, _: np.exp(-((0.01 * t) ** 0.9)), "contradicted", "contradicted"),
    "power": (lambda t, _: 1 / t, "contradicted", "contradicted"),
}


@pytest.mark.parametrize(("family", "some", "stated"), EXPONENTIAL.values(), ids=EXPONENTIAL.keys())
@pytest.mark.parametrize("sd", [0.0, 0.05])
def test_exponentials_are_told_from_what_only_looks_like_one(family, some, stated, sd):
    rng = np.random.default_rng(8)
    for law, expected in ((Law.exponential(), some), (Law.exponential(0.01), stated)):
        found = tally(rng, family, 10_000, 5, sd, law, times=20)
        assert found[expected] >= 19
        assert expected == "contradicted" or not found["contradicted"]


def test_a_stated_decay_rate_is_tight_faster_or_slower():
    rng = np.random.default_rng(9)
    for decay, tightness in ((0.01, "tight"), (0.0102, "faster"), (0.0098, "slower")):
        family = lambda t, _, decay=decay: np.exp(-decay * t)  # noqa: E731
        found = tally(rng, family, 10_000, 20, 0.05, Law.exponential(0.01), times=10)
        assert found[tightness] == 10


def test_a_decay_rate_that_still_climbs_to_the_stated_one_is_not_contradicted():
    """t e^(-t/200) decays at rate 1/200 in the end; its deficit fades like 1/t."""
    found = tally(
        np.random.default_rng(10),
        lambda t, _: t * np.exp(-t / 200),
        10_000,
        20,
        0.0,
        Law.exponential(1 / 200),
    )
    assert found["contradicted"] == 0


def test_something_that_does_not_decay_is_no_exponential():
    t = grid(10_000)
    assert judge(t, np.zeros((5, t.size)), Law.exponential()).rate == "contradicted"
