"""What a verdict does not depend on, and that whatever was recorded is answered."""

import json

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law
from tests.verdict.curves import STEPS, grid, runs

LOG_LAW = Law.power(1, 1)


def numbers(verdict):
    return (verdict.label, verdict.bound, verdict.rate, verdict.tightness, verdict.window)


CURVES = {
    "log t / t": np.log(np.log(STEPS + 1)) - np.log(STEPS),
    "t^-2": -2 * np.log(STEPS),
    "t^-0.5": -0.5 * np.log(STEPS),
    "t^-0.8": -0.8 * np.log(STEPS),
}


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_a_verdict_does_not_depend_on_the_units_of_y(curve):
    plain = judge(STEPS, runs(curve), LOG_LAW, log_constant=3.0, t_min=5, log_ceiling=1.0)
    scaled = judge(STEPS, runs(curve) + 700, LOG_LAW, log_constant=703.0, t_min=5, log_ceiling=701)
    assert numbers(plain) == numbers(scaled)
    assert plain.slack == pytest.approx(scaled.slack)
    assert plain.exponent == pytest.approx(scaled.exponent)


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_a_verdict_does_not_depend_on_the_order_of_runs(curve):
    shuffled = np.random.default_rng(0).permutation(6)
    one = judge(STEPS, runs(curve), LOG_LAW, log_constant=3.0, t_min=5)
    other = judge(STEPS, runs(curve)[shuffled], LOG_LAW, log_constant=3.0, t_min=5)
    assert numbers(one) == numbers(other)
    assert one.worst is not None
    assert other.worst is not None
    assert shuffled[other.worst[0]] == one.worst[0]


@pytest.mark.parametrize("power", [0.5, 0.8, 1.0, 2.0])
def test_a_verdict_does_not_depend_on_the_density_of_the_grid(power):
    dense = grid(10_000, 48)
    one = judge(STEPS, runs(-power * np.log(STEPS)), LOG_LAW)
    other = judge(dense, runs(-power * np.log(dense)), LOG_LAW)
    assert numbers(one) == numbers(other)
    assert one.exponent == pytest.approx(other.exponent, abs=0.01)


def test_a_log_to_base_ten_is_visible():
    """The exponent of a true 1/t reads 0.43 and the law is contradicted."""
    verdict = judge(STEPS, runs(-np.log10(STEPS)), Law.power(1))
    assert verdict.exponent == pytest.approx(1 / np.log(10))
    assert verdict.label == "contradicted"


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES.keys())
def test_a_lower_bound_on_y_is_the_upper_bound_on_its_inverse(curve):
    lower = judge(STEPS, runs(curve), LOG_LAW, log_constant=-3.0, log_ceiling=-9.0, side="lower")
    upper = judge(STEPS, -runs(curve), Law.power(-1, -1), log_constant=3.0, log_ceiling=9.0)
    assert numbers(lower) == numbers(upper)
    assert lower.vacuity == upper.vacuity
    assert lower.sup_constant == -upper.sup_constant
    assert lower.exponent == pytest.approx(-upper.exponent)


def test_an_exponential_lower_bound_forbids_faster_decay_only():
    law = Law.exponential(0.01)
    for decay, label in ((0.005, "faster"), (0.01, "tight"), (0.02, "contradicted")):
        assert judge(STEPS, runs(-decay * STEPS), law, side="lower").label == label


def test_log_powers_may_differ_between_runs():
    q = np.array([0, 0, 0, 2, 2, 2])
    log_y = runs(0.0) + Law.power(2, q).log_f(STEPS)
    log_y[3:, 0] = 0.0  # log^2 t is zero at t = 1
    verdict = judge(STEPS, log_y, Law.power(2, q))
    assert verdict.label == "tight"
    assert verdict.law == "1 / t^2 or log^2 t / t^2"
    assert judge(STEPS, log_y, Law.power(2, 0)).rate != "consistent"


LAWS = [
    Law.power(1, 2),
    Law.exponential(),
    Law.exponential(0.01),
    Law.linear_growth(None, None),
    Law.linear_growth(0.1, 0.2),
    Law.linear_growth(0.1, 0.2, asymptotic=True),
    Law.equals(-np.inf),
    Law.monotone(-1),
    Law.envelope(-np.inf),
    Law.envelope(lambda t: -np.log(t)),
    Law.equals(-3.0, 0.1, absolute=0.01),
    Law.value(lambda t: -np.log(t), absolute=lambda t: 0.1 * t),
    Law.mean_equals(lambda t: -np.log(t)),
    Law.mean_value(lambda t: -np.log(t), absolute=0.1),
    Law.frequency(lambda t: 0 * t + 0.2, 0.9),
    Law.scaling(-2, np.inf),
    Law.decay(0.0, 0.1, log_shape=lambda t: -np.log(t)),
]


@pytest.mark.parametrize("law", LAWS, ids=[f"{law.form} {law.describe()}" for law in LAWS])
def test_whatever_was_recorded_is_answered_without_a_warning(law):
    """Any horizon, any subset of steps, zeros, holes, floors, late starts: warnings are errors."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        steps = grid(10 ** rng.uniform(1.6, 6))
        steps = steps[rng.random(steps.size) < rng.choice([1.0, 0.5, 0.05])]
        steps = steps if steps.size else np.ones(1)
        log_y = rng.normal(size=(rng.integers(1, 8), 1)) - rng.choice([0, 1, 30]) * np.log(steps)
        log_y = log_y - rng.choice([0, 0, 1.0]) * steps
        log_y[rng.random(log_y.shape) < rng.choice([0, 0.1, 1.0])] = -np.inf
        log_y[rng.random(log_y.shape) < rng.choice([0, 0, 0.01])] = np.nan
        verdict = judge(
            steps,
            log_y,
            law,
            values=log_y,
            about="ensemble" if law.of_a_sample else "run",
            side=str(rng.choice(["upper", "lower"])),
            t_min=10 ** rng.uniform(0, 5, len(log_y)),
            log_floor=rng.choice([-np.inf, -30.0, 0.0]),
            log_ceiling=rng.choice([-np.inf, 0.0, np.inf]),
            residual=10 ** (rng.normal(size=log_y.shape) - rng.choice([5, 20])),
        )
        json.dumps(verdict.to_json(), allow_nan=False)
        assert verdict.sentence.startswith(verdict.label.capitalize())
