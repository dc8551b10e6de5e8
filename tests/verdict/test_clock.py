"""Clocks: any positive numbers, an offset, modes and swept values; the words say which."""

import json

import numpy as np
import pytest

from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.clock import several
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict
from tests.verdict.curves import STEPS, runs

LOG_LAW = Law.power(1, 1)


def numbers(verdict):
    return verdict.label, verdict.bound, verdict.rate, verdict.tightness, verdict.outcomes


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_unit_of_time_changes_neither_exponent_nor_bound(power):
    """Only what a rate may be off by, half a power of log t, is larger in a larger unit."""
    log_y = runs(-power * np.log(STEPS))
    one = judge(STEPS, log_y, Law.power(1), log_constant=0.1)
    other = judge(STEPS / 64, log_y, Law.power(1), log_constant=0.1 - np.log(64), clock="time")
    assert numbers(one) == numbers(other)
    assert one.exponent == pytest.approx(other.exponent, rel=1e-12)
    assert other.horizon == one.horizon / 64
    assert other.window is not None
    assert one.window is not None
    assert other.window[1] == one.window[1] / 64


def test_a_time_below_one_counts():
    times = np.array([0.1, 0.2, 0.4])
    law = Law.envelope(np.log([0.05, 1, 1]))
    given = {"log_constant": 0.0, "clock": "time", "unit": "tau"}
    verdict = judge(times, np.log(times)[None], law, **given)
    assert verdict.label == "contradicted"
    assert verdict.worst == (0, 0.1)
    assert "in run 0 at time 0.1 tau" in verdict.sentence


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "to step 10,000: "),
        ({"clock": "round"}, "to round 10,000: "),
        ({"clock": "time", "unit": "tau"}, "to time 10,000 tau: "),
    ],
)
def test_the_sentence_names_the_clock_and_its_unit(given, said):
    verdict = judge(STEPS, runs(-np.log(STEPS)), LOG_LAW, **given)
    assert verdict.sentence.startswith("Faster " + said)
    clock = given.get("clock", "step")
    assert f"over {clock}s 1,000 to 10,000" in verdict.sentence
    late = judge(STEPS, runs(-np.log(STEPS)), LOG_LAW, t_min=20_000, **given)
    assert f"starts at {clock} 20,000, beyond the horizon 10,000" in late.reason


def test_a_law_of_a_later_time_is_told_in_recorded_steps():
    """y = log(t + 100) / (t + 100): a burn-in of which the offset knows."""
    log_y = runs(np.log(np.log(STEPS + 100)) - np.log(STEPS + 100))
    plain, offset = (judge(STEPS, log_y, LOG_LAW, log_constant=0.0, offset=x) for x in (0, 100.0))
    assert plain.exponent == pytest.approx(0.97, abs=0.01)
    assert offset.exponent == pytest.approx(1, abs=1e-12)
    assert offset.horizon == 10_000
    assert offset.worst == (5, 1)
    assert offset.sup_constant == pytest.approx(0, abs=1e-12)
    assert offset.window == (910, 10_000)  # 10,100 / 10 - 100
    short = judge(STEPS, log_y, LOG_LAW, offset=100.0, t_min=12)
    assert short.decides_at == 11_100  # two decades from 112
    promised = judge(
        STEPS[STEPS != 20], log_y[:, STEPS != 20], LOG_LAW, offset=100.0, schedule=STEPS
    )
    assert "the first is 20" in promised.sentence


def claim(law, **more):
    words = dict.fromkeys(("id", "statement", "source", "version", "stage", "observable"), "x")
    return Claim(**words, law=law, **more)


def test_a_claim_over_modes_takes_one_point_and_says_at_every_mode():
    law = Law.equals(np.log([0.5, 0.25, 0.125]), tolerance=np.array([1e-6, 1e-6, 0.1]))
    over = claim(law, clock="mode", timeless=True, tight=True, kind="derived")
    met = np.log([[0.5, 0.25, 0.13]])
    verdict = over.judge([1, 2, 3], met)
    assert verdict.label == "tight"
    assert verdict.sentence.startswith(
        "Tight at every mode: kept by the run; the stated value is met"
    )
    assert verdict.summary == "met at every mode"
    missed = over.judge([1, 2, 3], np.log([[0.5, 0.26, 0.13]]))
    assert missed.label == "contradicted"
    assert missed.sentence.startswith("Contradicted (asked at every mode): not by run 0")
    assert "in run 0 at mode 2" in missed.sentence
    one = claim(Law.equals(0.0, 1e-3), clock="w_over_wc", timeless=True).judge([1.05], [[1e-4]])
    assert (one.label, one.horizon) == ("holds", 1.05)
    assert one.sentence.startswith("Holds at every w_over_wc: ")
    assert Verdict.from_json(json.loads(json.dumps(one.to_json()))).sentence == one.sentence


def test_an_offset_may_come_from_the_constants_and_is_one_number_for_all_runs():
    log_y = runs(-np.log(STEPS + 7))
    shifted = claim(Law.power(1), offset=lambda c: c, tight=True)
    verdict = shifted.judge(STEPS, log_y, np.array([7.0, 7.0, np.nan, 7.0, 7.0, 7.0]))
    assert verdict.exponent == pytest.approx(1, abs=1e-12)
    with pytest.raises(ValueError, match="not one number for all runs"):
        shifted.judge(STEPS, log_y, np.array([7.0, 8.0]))


@pytest.mark.parametrize(
    ("clock", "plural"), [("step", "steps"), ("round", "rounds"), ("k", "k"), ("arms", "arms")]
)
def test_a_clock_is_told_in_the_plural_unless_it_is_a_symbol_or_plural_already(
    clock: str, plural: str
) -> None:
    assert several(clock) == plural
