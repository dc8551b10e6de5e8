"""Every run is judged: the one that fails is named, and no mean hides it."""

import math

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from tests.verdict.curves import grid

LOG_LAW, SQUARE = Law.power(1, 1), Law.power(2)
T = grid(10_000)


def mixture(t, good, bad, of, at=3):
    """``of`` runs e^good of different amplitude, the one ``at`` place e^bad."""
    log_y = np.linspace(-0.3, 0.3, of)[:, None] + good
    log_y[at] = bad
    return log_y


def autoregressive(rng, runs, sd):
    """(runs, T) of noise with correlation 0.9 from step to step."""
    shocks = sd * rng.standard_normal((runs, T.size))
    shocks[:, 1:] *= np.sqrt(1 - 0.9**2)
    for k in range(1, T.size):
        shocks[:, k] += 0.9 * shocks[:, k - 1]
    return shocks


@pytest.mark.parametrize("of", [1, 8, 20, 100, 400])
@pytest.mark.parametrize("bad", [0 * T, 0.5 * np.log(T)], ids=["constant", "growing"])
def test_one_run_that_fails_is_named_however_many_do_not(of, bad):
    at = min(3, of - 1)
    verdict = judge(T, mixture(T, -2 * np.log(T), bad, of, at), LOG_LAW)
    assert verdict.label == "contradicted"
    assert verdict.failing == [at]
    assert verdict.counts.get("kept", 0) == of - 1
    assert f"run {at} (exponent " in verdict.sentence


def test_half_of_the_runs_may_fail_and_each_is_named_the_worst_first():
    log_y = np.stack([-2 * np.log(T)] * 4 + [0 * T, 0.5 * np.log(T), -0.3 * np.log(T), -0.2 * T])
    verdict = judge(T, log_y, LOG_LAW)
    assert verdict.failing == [5, 4, 6]
    assert verdict.outcomes == ("kept",) * 4 + ("contradicted",) * 3 + ("kept",)
    assert verdict.sentence.startswith(
        "Contradicted to step 10,000: kept by 5 of 8 runs, not by run 5 (exponent -0.376), run 4 "
    )


def test_a_run_that_stalls_late_is_undecided_and_told_how_long_it_would_take():
    """Flat from step 3,000 on: all six windows, which span 400, lie behind it at 1.2 million."""
    stalled = -2 * np.log(np.minimum(T, 3_000))
    verdict = judge(T, mixture(T, -2 * np.log(T), stalled, 8), LOG_LAW)
    assert verdict.label == "inconclusive"
    assert verdict.outcomes[3] == "undecided"
    assert verdict.counts == {"kept": 7, "undecided": 1}
    assert verdict.decides_at == pytest.approx(400 * 3_162, rel=0.01)
    assert "kept by 7 of 8 runs, run 3 undecided (1,264,912 steps would decide)" in verdict.sentence
    t = grid(1_264_912)
    later = mixture(t, -2 * np.log(t), -2 * np.log(np.minimum(t, 3_000)), 8)
    assert judge(t, later, LOG_LAW).failing == [3]


def test_a_run_that_came_back_late_is_undecided_until_that_is_long_ago():
    """Flat up to 1,000, then t^-2: its last window is right, the one that ends at T / 4 is not, and
    begins behind what was wrong once T / 40 passes 1,000."""
    late = -2 * np.log(np.maximum(T, 1_000))
    verdict = judge(T, mixture(T, -2 * np.log(T), late, 8), SQUARE)
    assert verdict.outcomes[3] == "undecided"
    assert verdict.decides_at == pytest.approx(40 * 1_000, rel=0.01)
    t = grid(verdict.decides_at)
    again = judge(t, mixture(t, -2 * np.log(t), -2 * np.log(np.maximum(t, 1_000)), 8), SQUARE)
    assert again.outcomes == ("kept",) * 8


def test_the_mean_of_the_others_never_makes_a_law_tight_or_faster():
    stalled = -2 * np.log(np.minimum(T, 3_000))
    for law in (LOG_LAW, SQUARE):
        verdict = judge(T, mixture(T, -2 * np.log(T), stalled, 20), law)
        assert verdict.tightness == "unresolved"
        assert verdict.label == "inconclusive"


def test_a_run_is_asked_only_from_400_times_the_start_of_the_claim_on():
    flat = np.zeros((1, T.size))
    for start, outcome in ((25, "contradicted"), (26, "undecided")):
        verdict = judge(T, flat, SQUARE, t_min=start)
        assert verdict.outcomes == (outcome,)
    assert verdict.decides_at == 400 * 26


def test_without_noise_no_run_of_a_true_law_is_named():
    """Transients that are over by T / 400, a staircase, a periodic factor of any phase."""
    t = grid(100_000)
    log_t = np.log(t)
    f = np.log(np.maximum(log_t, 1e-9) / t)
    curves = [f, f + 5 * np.exp(-t / 30), np.log(np.log(t + 100) / (t + 100)), -log_t, -3 * log_t]
    curves += [np.floor(2 * np.log(np.log(t + 2) / t)) / 2]
    curves += [f + np.log1p(0.3 * np.sin(2 * log_t + x)) for x in np.linspace(0, 6.2, 40)]
    verdict = judge(t, np.stack(curves), LOG_LAW, t_min=2)
    assert verdict.failing == []
    assert verdict.rate != "contradicted"


def test_runs_behave_alike_or_are_judged_alone():
    """Noise hides the rate of each run; twenty of them show it, and keep none that stands out."""
    noise = autoregressive(np.random.default_rng(3), 20, 0.05)
    log_y = np.log(np.maximum(np.log(T), 1e-9) / T) + noise
    assert judge(T, log_y[:1], LOG_LAW).outcomes == ("undecided",)
    assert judge(T, log_y, LOG_LAW, t_min=2).outcomes == ("kept",) * 20
    log_y[7] = -0.6 * np.log(T) + noise[7]
    assert judge(T, log_y, LOG_LAW, t_min=2).outcomes[7] != "kept"


def test_a_contradiction_of_all_together_names_no_run():
    """log^2 t / t under noise: too little to tell from one run, enough from sixty."""
    log_y = np.log(np.log(T + 1) ** 2 / T) + autoregressive(np.random.default_rng(0), 60, 0.1)
    verdict = judge(T, log_y, LOG_LAW)
    assert (verdict.label, verdict.joint, verdict.failing) == ("contradicted", True, [])
    assert "no run is contradicted by itself, all together are" in verdict.sentence


@pytest.mark.parametrize(("failing", "of", "limit"), [(0, 8, 0.3123), (1, 20, 0.2161)])
def test_the_limit_on_runs_that_fail_is_that_of_clopper_and_pearson(failing, of, limit):
    """0 of 8: 1 - 0.05^(1/8); 1 of 20: the table of 95 % one-sided limits says 0.2161."""
    curve = -2 * np.log(T)
    log_y = np.linspace(-0.3, 0.3, of)[:, None] + curve
    log_y[:failing] = 0.0
    assert judge(T, log_y, LOG_LAW).most_failing == pytest.approx(limit, abs=5e-5)
    assert math.isnan(judge(T, log_y[-4:], LOG_LAW).most_failing)


def test_a_bound_kept_at_every_step_is_kept_whatever_the_rate_shows():
    """One run of a slow law under a bound that it keeps: no rate to see, nothing undecided."""
    short = grid(90)
    verdict = judge(short, -np.log(short), LOG_LAW, log_constant=1.0, t_min=2)
    assert (verdict.label, verdict.outcomes) == ("holds", ("kept",))


def test_a_broken_bound_names_its_runs_by_how_far_they_break_it():
    log_y = np.linspace(-0.5, -0.1, 6)[:, None] - np.log(T)
    log_y[[1, 4], 70] += 1.0, 2.0
    verdict = judge(T, log_y, Law.power(1), log_constant=0.0)
    assert verdict.failing == [4, 1]
    assert verdict.outcomes == ("kept", "broken", "kept", "kept", "broken", "kept")
    assert "not by run 4 (off by a factor 6.17), run 1 (off by a factor 1.79)" in verdict.sentence


# ---------------------------------------------------------------------------------------- ensemble


def test_an_expectation_names_no_run():
    """Half of the runs are constant, half t^-2: the mean does not decay, and no run is to blame."""
    log_y = np.stack([-2 * np.log(T)] * 10 + [0 * T] * 10) + np.linspace(0, 0.3, 20)[:, None]
    about_each = judge(T, log_y, LOG_LAW)
    on_average = judge(T, log_y, LOG_LAW, about="ensemble")
    assert len(about_each.failing) == 10
    assert on_average.failing == []
    assert on_average.label != "holds"
    assert "20 runs taken as one sample" in on_average.sentence


@pytest.mark.parametrize(("of", "label"), [(1, "faster"), (400, "faster")])
def test_an_expectation_of_good_runs_is_kept(of, label):
    log_y = np.linspace(-0.3, 0.3, of)[:, None] - 2 * np.log(T)
    assert judge(T, log_y, LOG_LAW, about="ensemble").label == label


def test_one_constant_run_of_400_keeps_an_expectation_from_decaying():
    log_y = np.linspace(-0.3, 0.3, 400)[:, None] - 2 * np.log(T)
    log_y[17] = 0.0
    assert judge(T, log_y, LOG_LAW, about="ensemble").label in ("inconclusive", "contradicted")


def test_a_bound_on_an_expectation_forgives_runs_above_it():
    rng = np.random.default_rng(0)
    log_y = -np.log(T) + np.log(rng.exponential(size=(64, T.size)))
    assert judge(T, log_y, Law.power(1), log_constant=np.log(1.5)).bound == "violated"
    kept = judge(T, log_y, Law.power(1), log_constant=0.0, about="ensemble")
    assert (kept.bound, set(kept.outcomes)) == ("holds", {"kept"})
    below = judge(T, log_y, Law.power(1), log_constant=np.log(0.4), about="ensemble")
    assert (below.bound, below.worst) == ("violated", None)
    assert (set(below.outcomes), below.failing) == ({"contradicted"}, [])


@pytest.mark.parametrize("law", [Law.equals(0.0), Law.monotone(1), Law.linear_growth(1, 2)])
def test_laws_of_every_run_are_not_about_an_ensemble(law):
    with pytest.raises(ValueError, match="every run"):
        judge(T, np.zeros((3, T.size)), law, about="ensemble")
