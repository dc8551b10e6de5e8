"""Laws: values in logs, one parameter a run, formulas, refusals."""

import json

import numpy as np
import pytest

from ntp_dynamics.verdict.law import Law

T = np.array([1.0, 2.0, 10.0, 1000.0])


def test_power_is_t_to_minus_p_times_log_power():
    expected = np.log(np.log(T[1:]) ** 2 / T[1:] ** 1.5)
    np.testing.assert_allclose(Law.power(1.5, 2).log_f(T)[0, 1:], expected, rtol=1e-14)


def test_a_power_law_speaks_from_step_two_only_where_its_log_power_is_not_zero():
    np.testing.assert_array_equal(Law.power(1, np.array([0, 2])).start, [0, 2])
    assert Law.power(1, 1).log_f(T)[0, 0] == -np.inf
    assert Law.power(1).log_f(T)[0, 0] == 0


def test_exponential_and_linear_growth_stay_finite_far_beyond_floats():
    assert Law.exponential(3.0).log_f(np.array([1e9]))[0, 0] == -3e9
    assert Law.linear_growth(None, None).log_f(np.array([1e300]))[0, 0] == pytest.approx(
        690.8, 1e-3
    )


@pytest.mark.parametrize("law", [Law.exponential(), Law.monotone(1)])
def test_a_law_without_a_curve_draws_a_gap(law):
    assert np.isnan(law.log_f(T)).all()


def test_parameters_may_differ_between_runs():
    law = Law.power(np.array([1, 2]), np.array([0, 2]))
    assert law.log_f(T).shape == (2, T.size)
    for run, (p, q) in enumerate([(1, 0), (2, 2)]):
        np.testing.assert_array_equal(law.log_f(T)[run], Law.power(p, q).log_f(T)[0])


@pytest.mark.parametrize(
    "value", [-2.0, np.full(4, -2.0), np.full((1, 1), -2.0), lambda t: 0 * t - 2]
)
@pytest.mark.parametrize("make", [Law.equals, Law.envelope])
def test_a_curve_is_a_number_an_array_or_a_function_and_always_a_log(make, value):
    np.testing.assert_array_equal(make(value).log_f(T), np.full((1, 4), -2.0))


@pytest.mark.parametrize(
    ("law", "formula"),
    [
        (Law.power(1, 2), "log^2 t / t"),
        (Law.power(2), "1 / t^2"),
        (Law.power(0.5, 1), "log t / t^0.5"),
        (Law.power(0, -1), "1 / log t"),
        (Law.power(1, -1), "1 / (t log t)"),
        (Law.power(-1), "t"),
        (Law.power(0), "1"),
        (Law.power(2, np.array([0, 2])), "1 / t^2 or log^2 t / t^2"),
        (Law.power(np.array([np.nan, 1.0])), "1 / t"),
        (Law.exponential(0.0033), "exp(-0.0033 t)"),
        (Law.exponential(), "exp(-c t)"),
        (Law.linear_growth(0.1, 0.2), "0.1 t <= y <= 0.2 t"),
        (Law.linear_growth(None, np.inf), "a t <= y"),
        (Law.linear_growth(0.2, 0.2, asymptotic=True), "slope -> 0.2"),
        (Law.equals(0.0), "y = the stated value to 1e-09"),
        (Law.monotone(-1), "y never rises"),
        (Law.envelope(0.0), "the stated curve"),
    ],
)
def test_every_law_reads_as_a_formula_and_as_finite_json(law, formula):
    assert law.describe() == formula
    record = json.loads(json.dumps(law.to_json(), allow_nan=False))
    assert record["formula"] == formula
    assert record["form"] == law.form


@pytest.mark.parametrize(
    "make",
    [
        lambda: Law.linear_growth(0, np.inf),
        lambda: Law.linear_growth(None, 0.2, asymptotic=True),
        lambda: Law.linear_growth(-1, 0.2),
        lambda: Law.exponential(0.0),
        lambda: Law.monotone(0),
        lambda: Law.power(np.ones((2, 2))),
    ],
)
def test_a_law_that_claims_nothing_sensible_is_refused(make):
    with pytest.raises(ValueError, match=r"\w"):
        make()


def test_the_law_of_some_runs_keeps_their_parameters_and_evaluates_functions():
    some = np.array([True, False, True])
    law = Law.power(np.array([1.0, np.nan, 3.0])).for_runs(T, some)
    np.testing.assert_array_equal(law.log_f(T), -np.array([[1.0], [3.0]]) * np.log(T))
    curves = Law.envelope(lambda t: np.outer([1, 2, 3], t)).for_runs(T, some)
    np.testing.assert_array_equal(curves.log_f(T), np.outer([1, 3], T))


def test_a_parameter_must_fit_the_runs_and_be_known_for_those_judged():
    with pytest.raises(ValueError, match="shape"):
        Law.power(np.ones(2)).for_runs(T, np.ones(3, dtype=bool))
    with pytest.raises(ValueError, match="nan"):
        Law.power(np.array([1.0, np.nan])).for_runs(T, np.ones(2, dtype=bool))
