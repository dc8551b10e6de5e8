"""Claims: constants of the study resolved run by run, preconditions, starts."""

from types import SimpleNamespace

import numpy as np
import pytest

from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

STEPS = np.unique(np.round(np.geomspace(1, 10_000, 150)))


def claim(**changes):
    given = {
        "id": "kq.direction",
        "statement": "1 - cos <= C log^q t / t",
        "source": "Theorem 1",
        "version": "text",
        "stage": "attention",
        "observable": "direction_gap",
        "law": lambda c: Law.power(1, c.log_power),
        "constant": lambda c: np.log(c.scale),
        "ceiling": 2.0,
    }
    return Claim(**(given | changes))


def constants(runs=6):
    return SimpleNamespace(
        log_power=np.arange(runs) % 3,
        scale=np.linspace(3, 9, runs),
        burn_in=np.geomspace(1, 40, runs),
        confused=np.arange(runs) < 2,
    )


def some(everything, runs):
    return SimpleNamespace(**{name: value[runs] for name, value in vars(everything).items()})


def trajectories(runs=6):
    return np.log(0.9 - 0.1 * np.arange(runs))[:, None] - 1.5 * np.log(STEPS)


CONFUSED = Precondition("assumption 1", lambda c: ~c.confused, "some token is confused")


def test_constants_of_several_runs_judge_each_run_by_its_own():
    """Bounds of a job are those of its runs judged one by one."""
    together = claim(t_min=lambda c: c.burn_in).judge(STEPS, trajectories(), constants())
    alone = [
        claim(t_min=lambda c: c.burn_in).judge(
            STEPS, trajectories()[[run]], some(constants(), [run])
        )
        for run in range(6)
    ]
    assert together.bound == "holds"
    assert together.slack == min(v.slack for v in alone)
    assert together.worst is not None
    assert together.worst[0] == int(np.argmin([v.slack for v in alone]))
    assert together.sup_constant == max(v.sup_constant for v in alone)
    assert together.vacuity == pytest.approx(np.mean([v.vacuity for v in alone]))
    assert together.exponent == pytest.approx(np.mean([v.exponent for v in alone]))


def test_runs_that_fail_a_precondition_are_left_out_and_counted():
    verdict = claim(preconditions=(CONFUSED,)).judge(STEPS, trajectories(), constants())
    kept = claim().judge(STEPS, trajectories()[2:], some(constants(), slice(2, None)))
    assert verdict.excluded == (("some token is confused", 2),)
    assert (verdict.runs_judged, verdict.runs_given) == (4, 6)
    assert verdict.slack == kept.slack
    assert kept.worst is not None
    assert verdict.worst == (kept.worst[0] + 2, kept.worst[1])
    assert verdict.outcomes == ("left out", "left out", "kept", "kept", "kept", "kept")
    assert "2 of 6 runs left out because some token is confused (2)" in verdict.sentence


def test_a_run_that_fails_two_preconditions_is_counted_once():
    small = Precondition("step", lambda c: c.scale > 8, "the step is too large")
    verdict = claim(preconditions=(CONFUSED, small)).judge(STEPS, trajectories(), constants())
    assert verdict.excluded == (("some token is confused", 2), ("the step is too large", 3))
    assert verdict.runs_judged == 1


def test_a_reason_may_name_what_the_constants_say():
    def said(c):
        return f"{c.scale.size} runs are too many"

    never = Precondition("few runs", lambda c: False, said)
    verdict = claim(preconditions=(never,)).judge(STEPS, trajectories(), constants())
    assert verdict.excluded == (("6 runs are too many", 6),)


def test_a_claim_none_of_whose_runs_qualifies_does_not_apply_whatever_the_data():
    never = Precondition("zero init", lambda c: False, "the start is not zero")
    broken = np.full_like(trajectories(), np.nan)
    verdict = claim(preconditions=(never,)).judge(STEPS, broken, constants())
    assert verdict.label == "does not apply"
    assert "the start is not zero (6)" in verdict.sentence


def test_what_runs_outside_the_hypotheses_show_is_told_apart():
    """Two confused runs break a bound that the four others keep; the verdict is about the four."""
    log_y = trajectories()
    log_y[:2] += 5.0
    law = {"law": Law.power(1), "constant": 0.5}
    verdict = claim(preconditions=(CONFUSED,), **law).judge(STEPS, log_y, constants())
    assert (verdict.label, verdict.bound) == ("faster", "holds")
    said = (
        "bound broken from step 1 to 6,488 by all 2; rate kept: t^-1.5 (1.5 to 1.5) against 1 / t"
    )
    assert verdict.beyond == said
    assert f"not covered; observed: {said}" in verdict.sentence
    assert "observed" not in verdict.summary
    never = Precondition("zero init", lambda c: False, "the start is not zero")
    none = claim(preconditions=(never,), **law).judge(STEPS, log_y, constants())
    assert none.label == "does not apply"
    assert none.beyond.startswith("bound broken from step 1 to 6,488 by 2 of 6; rate kept")
    assert none.outcomes == ("left out",) * 6
    assert "observed" not in claim(preconditions=(never,)).judge(
        STEPS, log_y, constants(), beyond=False
    ).sentence  # fmt: skip


def test_constants_of_runs_left_out_may_be_unknown():
    unknown = constants()
    unknown.scale = np.where(unknown.confused, np.nan, unknown.scale)
    assert claim(preconditions=(CONFUSED,)).judge(STEPS, trajectories(), unknown).label == "faster"
    with pytest.raises(ValueError, match="log_constant is nan"):
        claim().judge(STEPS, trajectories(), unknown)


def test_plain_values_need_no_constants():
    plain = claim(law=Law.power(1), constant=0.0, ceiling=None)
    assert plain.judge(STEPS, -np.log(STEPS)).label == "tight"


def test_a_claim_that_starts_beyond_the_horizon_says_so_and_judges_nothing():
    verdict = claim(t_min=1e15).judge(STEPS, trajectories() + 1e6, constants())
    assert (verdict.gate, verdict.bound, verdict.rate) == ("insufficient", "none", "none")
    assert verdict.label == "inconclusive"
    assert "step 1e+15, beyond the horizon 10,000" in verdict.sentence


def test_runs_that_start_beyond_the_horizon_are_left_out_of_the_others():
    late = constants()
    late.burn_in = np.where(np.arange(6) == 5, 1e7, 1.0)
    verdict = claim(t_min=lambda c: c.burn_in).judge(STEPS, trajectories(), late)
    assert verdict.runs_judged == 5
    assert "step 10,000,000, beyond the horizon 10,000 (1)" in verdict.sentence


def test_the_ceiling_is_the_largest_value_itself():
    """2 / t exceeds a ceiling of 2 nowhere after t = 1, and of 1e-9 everywhere."""
    loose = claim(law=Law.power(1), constant=np.log(2.0), ceiling=1e-9)
    strict = claim(law=Law.power(1), constant=np.log(2.0), ceiling=2.0)
    assert loose.judge(STEPS, -np.log(STEPS)).label == "vacuous"
    assert strict.judge(STEPS, -np.log(STEPS)).vacuity < 0.1


def test_residual_and_floor_reach_the_judge():
    residual = np.full(trajectories().shape, 1.0)
    assert claim().judge(STEPS, trajectories(), constants(), residual=residual).label == "invalid"
    floored = claim().judge(STEPS, trajectories(), constants(), log_floor=1e6)
    assert floored.exact_to_floor
