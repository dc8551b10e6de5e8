"""Verdicts: gates, bounds, label order, invariances, JSON."""

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ntp_dynamics.lab.law import Law
from ntp_dynamics.lab.verdict import Verdict, judge

LOG_LAW = Law.power(1, 1)


def grid(horizon, per_decade=24):
    far = np.geomspace(32, horizon, round(per_decade * np.log10(horizon / 32)))
    return np.unique(np.round(np.concatenate([np.arange(1, 33), far])))


STEPS = grid(10_000)
AMPLITUDES = np.linspace(-0.5, 0.0, 6)[:, None]


def runs(curve):
    """Six noise-free runs ``e^curve`` of different amplitude, at most 1 times the curve."""
    return AMPLITUDES + curve


# ---------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize("rate", ["none", "consistent", "inconclusive", "contradicted"])
@pytest.mark.parametrize("tightness", ["none", "tight", "faster", "slower", "unresolved"])
def test_the_label_is_the_first_of_the_stated_order(rate, tightness):
    gates = ["inapplicable", "invalid", "insufficient", "ok"]
    for gate, bound in product(gates, ["violated", "holds_vacuous", "holds", "none"]):
        label = Verdict(gate, bound=bound, rate=rate, tightness=tightness).label
        if gate in ("inapplicable", "invalid"):
            expected = {"inapplicable": "does not apply", "invalid": "invalid"}[gate]
        elif bound == "violated" or rate == "contradicted":
            expected = "contradicted"
        elif bound == "holds_vacuous":
            expected = "vacuous"
        elif gate == "insufficient" or rate == "inconclusive":
            expected = "inconclusive"
        else:
            expected = tightness if tightness in ("faster", "tight") else "holds"
        assert label == expected


# ----------------------------------------------------------------------------------------- gates


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_invalidates_where_the_claim_speaks(value):
    broken = runs(-np.log(STEPS))
    broken[2, 50] = value
    assert judge(STEPS, broken, LOG_LAW).label == "invalid"
    assert judge(STEPS, broken, LOG_LAW, t_min=STEPS[51]).gate != "invalid"


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
def test_steps_are_positive_integers(steps):
    with pytest.raises(ValueError, match="positive integer"):
        judge(steps, np.zeros((1, 3)), LOG_LAW)


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
def test_a_residual_that_leaves_too_little_in_one_run_invalidates(bad):
    residual = np.zeros((6, STEPS.size))
    residual[4, STEPS > 60] = bad
    verdict = judge(STEPS, runs(-np.log(STEPS)), LOG_LAW, residual=residual)
    assert verdict.label == "invalid"
    assert "1 of 6 runs" in verdict.sentence


@pytest.mark.parametrize("steps", [grid(90), np.unique(np.round(np.geomspace(1, 1e5, 39)))])
def test_a_short_or_sparse_record_silences_the_rate_and_not_the_bound(steps):
    holds = judge(steps, runs(-np.log(steps)), LOG_LAW, log_constant=1.0, t_min=2)
    broken = judge(steps, runs(-np.log(steps)), LOG_LAW, log_constant=-9.0, t_min=2)
    assert (holds.gate, holds.bound, holds.rate) == ("insufficient", "holds", "none")
    assert (holds.tightness, holds.label) == ("none", "inconclusive")
    assert (broken.bound, broken.label) == ("violated", "contradicted")


# ---------------------------------------------------------------------------------------- bounds


def test_one_step_beyond_the_bound_is_a_violation_with_its_place():
    log_y = runs(-np.log(STEPS))
    log_y[3, 70] = np.log(1.5) - np.log(STEPS[70])
    verdict = judge(STEPS, log_y, Law.power(1), log_constant=0.0)
    assert verdict.label == "contradicted"
    assert verdict.worst == (3, STEPS[70])
    assert verdict.slack == pytest.approx(-np.log(1.5))
    assert verdict.p_contradicted == 0
    assert f"by a factor 1.5 in run 3 at step {STEPS[70]:,.0f}" in verdict.sentence


@pytest.mark.parametrize(("excess", "bound"), [(1e-12, "holds"), (1e-8, "violated")])
def test_a_bound_that_is_met_exactly_holds_up_to_rounding(excess, bound):
    log_y = -3.0 * STEPS[None] + excess
    verdict = judge(STEPS[:60], log_y[:, :60], Law.exponential(3.0), log_constant=0.0)
    assert verdict.bound == bound


def test_vacuity_is_the_share_of_log_time_in_which_the_bound_exceeds_the_ceiling():
    """100/t exceeds 1 in the first half of four decades; with C = 1e5 always."""
    half = judge(STEPS, runs(-np.log(STEPS)), Law.power(1), log_constant=np.log(100), log_ceiling=0)
    whole = judge(
        STEPS, runs(-np.log(STEPS)), Law.power(1), log_constant=np.log(1e5), log_ceiling=0
    )
    assert half.vacuity == pytest.approx(0.5, abs=0.02)
    assert half.label == "tight"
    assert (whole.vacuity, whole.bound, whole.label) == (1.0, "holds_vacuous", "vacuous")
    assert whole.rate == "consistent"


def test_a_violated_bound_is_never_vacuous():
    log_y = runs(-np.log(STEPS))
    log_y[0, 0] = 20.0
    verdict = judge(STEPS, log_y, Law.power(1), log_constant=np.log(1e5), log_ceiling=0)
    assert (verdict.vacuity, verdict.label) == (1.0, "contradicted")


def test_without_a_constant_no_bound_is_judged():
    verdict = judge(STEPS, runs(5 - np.log(STEPS)), Law.power(1))
    assert verdict.bound == "none"
    assert verdict.sup_constant == pytest.approx(5.0)


def test_zero_satisfies_every_upper_bound_and_breaks_every_lower_one():
    log_y = runs(-np.log(STEPS))
    log_y[1, 40] = -np.inf
    upper = judge(STEPS, log_y, Law.power(1), log_constant=0.0)
    lower = judge(STEPS, log_y, Law.power(1), log_constant=-1.0, side="lower")
    assert upper.label == "tight"
    assert lower.label == "contradicted"
    assert lower.slack == -np.inf


def test_a_zero_in_the_last_windows_keeps_a_lower_rate_from_being_consistent():
    log_y = runs(-np.log(STEPS))
    assert judge(STEPS, log_y, Law.power(1), side="lower").rate == "consistent"
    log_y[1, -10] = -np.inf
    assert judge(STEPS, log_y, Law.power(1), side="lower").rate == "inconclusive"


def test_a_hidden_value_breaks_a_lower_bound_only_above_the_readable_floor():
    hidden = np.full((5, STEPS.size), -50.0)
    floor = np.log(1e-12)
    assert judge(STEPS, hidden, Law.envelope(np.log(1e-11)), log_constant=0.0, log_floor=floor,
                 side="lower").bound == "holds"  # fmt: skip
    assert judge(STEPS, hidden, Law.envelope(np.log(1e-9)), log_constant=0.0, log_floor=floor,
                 side="lower").bound == "violated"  # fmt: skip


def test_below_the_floor_throughout_is_consistent_and_says_exact_to_the_floor():
    zero = np.full((5, STEPS.size), -np.inf)
    rounding = np.full((5, STEPS.size), np.log(3e-29))
    for log_y, floor in ((zero, None), (rounding, np.log(1e-30))):
        verdict = judge(STEPS, log_y, LOG_LAW, log_constant=0.0, log_floor=floor)
        assert (verdict.bound, verdict.rate, verdict.label) == ("holds", "consistent", "holds")
        assert "exact to the floor" in verdict.sentence


@pytest.mark.parametrize("law", [Law.exponential(), Law.exponential(0.01)])
def test_a_float32_floor_is_no_contradiction_once_the_floor_is_told(law):
    """e^(-t/100) runs into rounding at 1e-7 after 1,600 of 100,000 steps."""
    steps = grid(100_000)
    log_y = runs(np.logaddexp(-steps / 100, np.log(1e-7)))
    assert judge(steps, log_y, law).label == "contradicted"
    told = judge(steps, log_y, law, log_floor=np.log(1e-7))
    assert told.rate == "consistent"
    assert told.window is not None
    assert told.window[1] < 1200  # where y passes 100 times the floor


def test_runs_that_fell_below_the_floor_keep_the_others_from_a_contradiction():
    log_y = np.concatenate([runs(-0.5 * np.log(STEPS)), runs(-STEPS)])
    assert judge(STEPS, log_y[:6], LOG_LAW).label == "contradicted"
    assert judge(STEPS, log_y, LOG_LAW, log_floor=np.log(1e-30)).label == "inconclusive"


@pytest.mark.parametrize(("factor", "bound"), [(1.0, "holds"), (1.01, "violated")])
def test_linear_growth_holds_between_both_lines_only(factor, bound):
    law = Law.linear_growth(0.1, 0.2)
    assert judge(STEPS, np.log(0.2 * factor * STEPS), law).bound == bound
    assert judge(STEPS, np.log(0.1 / factor * STEPS), law).bound == bound


@pytest.mark.parametrize(
    ("power", "low", "high", "rate"),
    [
        (1.0, None, None, "consistent"),
        (0.5, None, None, "contradicted"),
        (2.0, None, None, "contradicted"),
        (2.0, None, np.inf, "consistent"),
        (0.5, 0, None, "consistent"),
    ],
)
def test_growth_without_constants_is_judged_on_the_sides_that_are_claimed(power, low, high, rate):
    assert judge(STEPS, runs(power * np.log(STEPS)), Law.linear_growth(low, high)).rate == rate


@pytest.mark.parametrize(
    ("slope", "label"),
    [(0.2, "tight"), (0.201, "tight"), (0.19, "contradicted"), (0.21, "contradicted")],
)
def test_an_asymptotic_slope_forgives_a_constant_and_no_other_slope(slope, label):
    law = Law.linear_growth(0.2, 0.2, asymptotic=True)
    verdict = judge(STEPS, runs(0) * 0 + np.log(slope * STEPS - 0.15), law)
    assert (verdict.label, verdict.bound) == (label, "none")
    assert verdict.exponent == pytest.approx(slope)


def test_an_asymptotic_slope_may_lie_anywhere_between_its_two_numbers():
    law = Law.linear_growth(0.1, 0.3, asymptotic=True)
    for slope, rate in ((0.11, "consistent"), (0.29, "consistent"), (0.33, "contradicted")):
        assert judge(STEPS, runs(0) * 0 + np.log(slope * STEPS), law).rate == rate


@pytest.mark.parametrize(("error", "bound"), [(0.0, "holds"), (5e-10, "holds"), (2e-9, "violated")])
def test_equality_is_relative_and_works_on_logs_beyond_floats(error, bound):
    value = -3.0 * STEPS
    verdict = judge(STEPS, value + error, Law.equals(lambda t: -3.0 * t))
    assert (verdict.bound, verdict.rate) == (bound, "none")


def test_exactly_zero_is_met_by_zero_and_by_what_is_below_the_floor():
    zero = np.full((2, STEPS.size), -np.inf)
    assert judge(STEPS, zero, Law.equals(-np.inf)).label == "holds"
    assert judge(STEPS, zero - 70.0, Law.equals(-np.inf)).label == "holds"
    tiny = np.full((2, STEPS.size), np.log(1e-31))
    assert judge(STEPS, tiny, Law.equals(-np.inf)).label == "contradicted"
    assert judge(STEPS, tiny, Law.equals(-np.inf), log_floor=np.log(1e-31)).label == "holds"


def test_monotone_forgives_rounding_and_nothing_else():
    rising = np.log1p(-0.5 / STEPS)
    wobble = rising + 1e-16 * (-1.0) ** np.arange(STEPS.size)
    dip = rising.copy()
    dip[50] -= 1e-3
    assert judge(STEPS, wobble, Law.monotone(1)).label == "holds"
    assert judge(STEPS, dip, Law.monotone(1)).label == "contradicted"
    assert judge(STEPS, dip, Law.monotone(1)).worst == (0, STEPS[50])
    assert judge(STEPS, dip, Law.monotone(1), t_min=STEPS[50]).label == "holds"
    assert judge(STEPS, -wobble, Law.monotone(-1)).label == "holds"


def test_an_envelope_with_a_constant_is_a_pointwise_statement_without_a_rate():
    """The room shrinks like t^0.5 all along; only a law without a constant is about that."""
    falling = Law.envelope(lambda t: 5 - np.log(t))
    log_y = runs(-0.5 * np.log(STEPS))
    assert judge(STEPS, log_y, falling, log_constant=0.0).label == "holds"
    assert judge(STEPS, log_y, falling).label == "contradicted"


# ------------------------------------------------------------------------------------ invariances


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


# ------------------------------------------------------------------------------------- robustness

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
            side=str(rng.choice(["upper", "lower"])),
            t_min=10 ** rng.uniform(0, 5, len(log_y)),
            log_floor=rng.choice([-np.inf, -30.0, 0.0]),
            log_ceiling=rng.choice([-np.inf, 0.0, np.inf]),
            residual=10 ** (rng.normal(size=log_y.shape) - rng.choice([5, 20])),
        )
        json.dumps(verdict.to_json(), allow_nan=False)
        assert verdict.sentence.startswith(verdict.label.capitalize())


# ------------------------------------------------------------------------------------------- JSON

words = st.text(max_size=20)
reals = st.floats(allow_nan=True, allow_infinity=True)
steps = st.integers(1, 10**15)


@settings(max_examples=150, deadline=None)
@given(
    verdict=st.builds(
        Verdict,
        gate=st.sampled_from(["ok", "invalid", "inapplicable", "insufficient"]),
        reason=words,
        bound=st.sampled_from(["holds", "holds_vacuous", "violated", "none"]),
        rate=st.sampled_from(["consistent", "contradicted", "inconclusive", "none"]),
        form=st.sampled_from(["power", "exponential", "equals", "monotone"]),
        exponent=reals,
        interval=st.tuples(reals, reals),
        slack=reals,
        sup_growth=reals,
        sup_constant=reals,
        vacuity=reals,
        resolvable=reals,
        p_contradicted=reals,
        worst=st.none() | st.tuples(st.integers(0, 100), steps),
        window=st.none() | st.tuples(steps, steps),
        sup_step=st.none() | steps,
        excluded=st.lists(st.tuples(words, steps), max_size=3).map(tuple),
        possible=st.just(((1.0, 0), (2.0, 1))),
        descriptive=st.booleans(),
    )
)
def test_a_verdict_survives_finite_json(verdict):
    text = json.dumps(verdict.to_json(), allow_nan=False)
    back = Verdict.from_json(json.loads(text))
    assert repr(back) == repr(verdict)
    assert back.sentence == verdict.sentence


def test_json_says_which_number_was_not_finite():
    record = judge(STEPS, np.full((5, STEPS.size), -np.inf), LOG_LAW, log_constant=0.0).to_json()
    assert record["slack"] is None
    assert record["not_finite"]["slack"] == "inf"
    assert record["not_finite"]["interval.0"] == "nan"
    assert record["label"] == "holds"


def test_the_sentence_names_horizon_numbers_and_runs():
    sentence = judge(STEPS, runs(-2 * np.log(STEPS)), LOG_LAW, log_constant=3.0, t_min=2).sentence
    for part in (
        "Faster to step 10,000",
        "factor",
        "log t / t",
        "exponent 2.1",
        "all 6 runs judged",
    ):
        assert part in sentence
