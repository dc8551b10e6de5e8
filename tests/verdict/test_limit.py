"""Equalities in the limit: met or not as any value, with the constant told that was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ntp_dynamics.record.written import law_from_json
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from ntp_dynamics.verdict.verdict import Verdict

T = np.unique(np.round(np.geomspace(1, 1e4, 100)))
CONSTANT = np.array([3.0, 5.0])
LAW = Law.limit(lambda t: np.log(CONSTANT)[:, None] - 2 * np.log(t), 0.01, constant=CONSTANT)


def runs(*lags: float) -> np.ndarray:
    """C (1 + lag / t) / t^2 for each run, in logs."""
    lag = np.array(lags)[:, None]
    return np.log(CONSTANT)[:, None] + np.log1p(lag / T) - 2 * np.log(T)


def test_a_limit_that_is_met_from_its_start_on_is_kept_and_told() -> None:
    verdict = judge(T, runs(0.9, -0.5), LAW, t_min=100)
    assert verdict.bound == "holds"
    assert verdict.outcomes == ("kept", "kept")
    assert verdict.run_constants == (3.0, 5.0)
    assert verdict.run_measured == pytest.approx((3 * 1.00009, 5 * 0.99995), rel=1e-12)
    said = "constants 3 to 5 predicted, measured ones over them 0.99995 to 1.00009"
    assert verdict.summary == said
    assert said in verdict.sentence
    assert "the stated value is met with a factor 1.17 to spare" in verdict.sentence


def test_a_step_beyond_the_tolerance_breaks_it() -> None:
    verdict = judge(T, runs(1.2, 0.0), LAW, t_min=100)
    assert verdict.outcomes == ("broken", "kept")
    assert verdict.bound == "violated"
    assert judge(T, runs(1.2, 0.0), LAW, t_min=130).bound == "holds"


def test_a_wrong_constant_is_contradicted_and_both_are_told() -> None:
    wrong = judge(T, runs(0.0, 0.0) + np.log([[1.0], [1.05]]), LAW, t_min=100)
    assert wrong.outcomes == ("kept", "broken")
    assert wrong.run_measured[1] == pytest.approx(5.25, rel=1e-12)


def test_a_run_alone_is_told_with_both_numbers() -> None:
    claim = Claim(
        id="x",
        statement="",
        source="",
        version="",
        stage="",
        observable="",
        law=LAW,
        preconditions=(Precondition("first", lambda c: np.array([True, False]), "it is not it"),),
        t_min=100,
        tight=True,
    )
    verdict = claim.judge(T, runs(0.9, 7.0))
    assert verdict.label == "tight"
    assert verdict.run_measured[0] == pytest.approx(3 * 1.00009, rel=1e-12)
    assert math.isnan(verdict.run_measured[1])
    assert math.isnan(verdict.run_constants[1])
    assert "constant 3.00027 measured, 3 predicted" in verdict.summary


def test_a_value_below_the_floor_shows_no_constant() -> None:
    hidden = judge(T, runs(0.0, 0.0), LAW, t_min=100, log_floor=math.log(1e-6))
    assert np.isnan(hidden.run_measured).all()
    assert hidden.run_constants == (3.0, 5.0)


def test_its_numbers_are_those_of_json() -> None:
    verdict = judge(T, runs(0.9, -0.5), LAW, t_min=100)
    assert Verdict.from_json(verdict.to_json()).to_json() == verdict.to_json()
    other = judge(T, runs(0.0, 0.0), Law.equals(0.0), t_min=100).to_json()
    assert "run_constants" not in other
    assert "run_measured" not in other
    law = Law.limit(0.25, 0.01, constant=CONSTANT)
    again = law_from_json(law.to_json())
    assert again.to_json() == law.to_json()
    assert law.describe() == "y -> the stated value, with the constant 3..5"
