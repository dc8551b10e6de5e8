"""Gates: what is judged at all, and what one broken run does to the others (nothing)."""

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from tests.verdict.curves import STEPS, grid, runs

LOG_LAW = Law.power(1, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_invalidates_its_run_where_the_claim_speaks(value):
    broken = runs(-np.log(STEPS))
    broken[2, 50] = value
    verdict = judge(STEPS, broken, LOG_LAW)
    assert verdict.label == judge(STEPS, np.delete(broken, 2, axis=0), LOG_LAW).label
    assert verdict.outcomes == ("kept", "kept", "invalid", "kept", "kept", "kept")
    assert "kept by 5 of 6 runs, run 2 invalid" in verdict.sentence
    assert "1 of 6 runs are not finite, first at step" in verdict.sentence
    assert "invalid" not in judge(STEPS, broken, LOG_LAW, t_min=STEPS[51]).outcomes
    broken[:, 60] = value
    assert judge(STEPS, broken, LOG_LAW).label == "invalid"


def test_a_law_that_is_no_number_invalidates_its_run_and_no_other():
    log_y = runs(-np.log(STEPS))
    curve = np.broadcast_to(1 - np.log(STEPS), log_y.shape).copy()
    curve[3, 70:] = np.nan
    verdict = judge(STEPS, log_y, Law.envelope(curve), log_constant=0.0)
    assert verdict.outcomes == ("kept", "kept", "kept", "invalid", "kept", "kept")
    assert "the law is nan in 1 of 6 runs" in verdict.sentence
    with pytest.raises(ValueError, match="the law is nan"):
        judge(STEPS, log_y, Law.envelope(curve[3]), log_constant=0.0)  # it speaks of all


def test_a_doubled_step_or_one_out_of_order_invalidates():
    doubled = np.sort(np.append(STEPS, STEPS[60]))
    swapped = STEPS.copy()
    swapped[[3, 4]] = swapped[[4, 3]]
    for steps in (doubled, swapped):
        verdict = judge(steps, runs(-np.log(steps)), LOG_LAW)
        assert verdict.label == "invalid"
        assert "recorded twice or out of order" in verdict.sentence


def test_a_promised_step_that_is_missing_invalidates():
    kept = (STEPS < 100) | (STEPS > 1000)
    log_y = runs(-np.log(STEPS))
    assert judge(STEPS, log_y, LOG_LAW, schedule=np.append(0, STEPS)).gate == "ok"
    verdict = judge(STEPS[kept], log_y[:, kept], LOG_LAW, schedule=STEPS)
    assert verdict.label == "invalid"
    assert "promised steps are missing" in verdict.sentence


def test_a_missing_decade_silences_the_rate_even_without_a_schedule():
    kept = (STEPS < 100) | (STEPS > 1000)
    verdict = judge(STEPS[kept], runs(-np.log(STEPS))[:, kept], LOG_LAW, log_constant=5.0)
    assert (verdict.gate, verdict.bound, verdict.rate) == ("insufficient", "holds", "none")


@pytest.mark.parametrize("steps", [[0, 1, 2], [1, 2.5, 3], [-1, 2, 3], [1, 2, np.inf]])
def test_steps_are_positive_integers_and_other_clocks_positive(steps):
    with pytest.raises(ValueError, match="positive integer"):
        judge(steps, np.zeros((1, 3)), LOG_LAW)
    if np.min(steps) > 0 and np.isfinite(steps).all():
        judge(steps, np.zeros((1, 3)), LOG_LAW, clock="time")
    else:
        with pytest.raises(ValueError, match="time that is not a positive number"):
            judge(steps, np.zeros((1, 3)), LOG_LAW, clock="time")


@pytest.mark.parametrize(
    "changes",
    [
        {"log_y": np.zeros((6, 3))},
        {"log_y": np.zeros((6, 0)), "t": []},
        {"side": "above"},
        {"log_constant": np.zeros(5)},
        {"t_min": np.full(6, np.nan)},
        {"law": Law.monotone(1), "log_constant": 0.0},
        {"law": Law.exponential(), "log_constant": 0.0},
        {"law": Law.envelope(lambda t: np.where(t > 5, np.nan, 0))},
    ],
)
def test_arguments_that_do_not_fit_are_errors_not_verdicts(changes):
    given_arguments = {"t": STEPS, "log_y": runs(-np.log(STEPS)), "law": LOG_LAW} | changes
    with pytest.raises(ValueError, match=r"\w"):
        judge(**given_arguments)


def test_a_run_counts_up_to_the_step_where_its_residual_passes():
    """Float32 in miniature: the gap rises once the residual has passed, and is not believed."""
    late = STEPS > 2000
    rising = runs(np.where(late, 2.0, -np.log(STEPS)))
    residual = np.broadcast_to(np.where(late, 2e-3, 1e-7), rising.shape)
    believed = judge(STEPS, rising, LOG_LAW, log_constant=np.log(3.0))
    verdict = judge(STEPS, rising, LOG_LAW, log_constant=np.log(3.0), residual=residual)
    assert believed.label == "contradicted"
    assert verdict.label == "faster"
    assert verdict.horizon == STEPS[~late][-1]


@pytest.mark.parametrize("bad", [2e-3, np.nan])
def test_a_residual_that_leaves_too_little_of_a_run_invalidates_that_run(bad):
    residual = np.zeros((6, STEPS.size))
    residual[4, STEPS > 60] = bad
    verdict = judge(STEPS, runs(-np.log(STEPS)), LOG_LAW, residual=residual)
    assert (verdict.label, verdict.outcomes[4]) == ("faster", "invalid")
    assert verdict.runs_judged == 5
    assert "at step 63, which leaves too little in 1 of 6 runs" in verdict.sentence
    assert judge(STEPS, runs(-np.log(STEPS)), LOG_LAW, residual=residual[4]).label == "invalid"


@pytest.mark.parametrize("steps", [grid(90), np.unique(np.round(np.geomspace(1, 1e5, 39)))])
def test_a_short_or_sparse_record_silences_the_rate_and_not_the_bound(steps):
    holds = judge(steps, runs(-np.log(steps)), LOG_LAW, log_constant=1.0, t_min=2)
    broken = judge(steps, runs(-np.log(steps)), LOG_LAW, log_constant=-9.0, t_min=2)
    assert (holds.gate, holds.bound, holds.rate) == ("insufficient", "holds", "none")
    assert (holds.tightness, holds.label) == ("none", "holds")
    assert (broken.bound, broken.label) == ("violated", "contradicted")
    assert judge(steps, runs(-np.log(steps)), LOG_LAW).label == "inconclusive"


def test_a_record_too_short_for_a_rate_says_by_which_numbers_and_what_would_do():
    """From t_min = 112 to 10,000 are 1.95 decades; from 112 two decades end at 11,200."""
    verdict = judge(STEPS, runs(-np.log(STEPS)), LOG_LAW, t_min=112)
    assert (verdict.label, verdict.decides_at) == ("inconclusive", 11_200)
    assert "1.95 decades" in verdict.sentence
    assert "all 6 runs undecided (11,200 steps would decide)" in verdict.sentence
