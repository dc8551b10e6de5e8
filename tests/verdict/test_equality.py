"""Values that are met: relative and absolute tolerances, either sign, each exact to the digit."""

import numpy as np
import pytest

from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law

T = np.array([1.0, 2.0, 4.0])


def label(law, y, **more):
    return judge(T, None, law, values=np.atleast_2d(y), **more).label


def test_zero_within_an_absolute_tolerance():
    law = Law.equals(-np.inf, absolute=1e-14)
    assert judge(T, np.log([[1e-15, 9.9e-15, 1e-30]]), law).label == "holds"
    assert judge(T, np.full((1, 3), -np.inf), law).label == "holds"
    broken = judge(T, np.log([[1e-15, 1.1e-14, 1e-30]]), law)
    assert (broken.label, broken.worst) == ("contradicted", (0, 2))
    assert broken.slack == pytest.approx(np.log(1 / 1.1), rel=1e-9)


@pytest.mark.parametrize(("relative", "absolute"), [(0.0, 0.05), (0.01, 0.0), (0.01, 0.05)])
@pytest.mark.parametrize("value", [2.0, 300.0])
def test_both_tolerances_add_up_in_logs_and_in_values(relative, absolute, value):
    allowed = absolute + relative * value
    by_logs = Law.equals(np.log(value), relative, absolute=absolute)
    by_values = Law.value(value, relative, absolute=absolute)
    for factor, expected in ((0.999, "holds"), (1.001, "contradicted")):
        for sign in (1, -1):
            y = np.full((1, 3), value)
            y[0, 1] += sign * factor * allowed
            assert judge(T, np.log(y), by_logs).label == expected
            assert label(by_values, y) == expected
            assert label(Law.value(-value, relative, absolute=absolute), -y) == expected


def test_a_value_may_change_its_sign_and_its_tolerance_along_t():
    law = Law.value(lambda t: 2 - t, absolute=lambda t: 0.1 * t)
    assert label(law, [1.09, 0.19, -2.39]) == "holds"
    assert label(law, [1.11, 0.0, -2.0]) == "contradicted"
    assert label(law, [1.0, 0.0, -2.41]) == "contradicted"
    some = law.for_runs(T, np.ones(2, dtype=bool))
    np.testing.assert_array_equal(some.log_f(T), [[1, 0, -2]])


def test_numbers_that_are_none_are_invalid_whichever_they_are():
    for bad in (np.nan, np.inf, -np.inf):
        assert label(Law.value(0.0, absolute=1.0), [0.0, bad, 0.0]) == "invalid"


def test_a_law_about_values_asks_for_them_and_for_a_tolerance():
    with pytest.raises(ValueError, match="asks for values"):
        judge(T, np.zeros((1, 3)), Law.value(0.0, absolute=1.0))
    with pytest.raises(ValueError, match="asks for log_y"):
        judge(T, None, Law.equals(0.0), values=np.zeros((1, 3)))
    for make in (lambda: Law.value(1.0), lambda: Law.equals(0.0, -1.0)):
        with pytest.raises(ValueError, match="tolerance"):
            make()


def test_the_formula_names_the_tolerances():
    assert Law.equals(0.0, 0.01, absolute=0.5).describe() == (
        "y = the stated value to 0.01 and 0.5 absolute"
    )
    over = Law.equals(0.0, np.array([1e-6, 5e-3]))
    assert over.describe() == "y = the stated value to 1e-06..0.005"
