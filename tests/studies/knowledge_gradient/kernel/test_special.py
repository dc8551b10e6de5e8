"""log Phi and log f keep all their digits, however far out."""

import math

import pytest
from scipy.special import log_ndtr

from ntp_dynamics.studies.knowledge_gradient.kernel.special import log_f, log_phi_integral


def test_they_are_the_golden_values(golden):
    for case in golden["special"]:
        assert log_f(case["z"]) == pytest.approx(case["log_f"], rel=1e-12)
        assert log_phi_integral(case["z"]) == pytest.approx(case["log_Phi"], rel=1e-12)


@pytest.mark.parametrize("z", [-38.0, -9.0001, -8.9999, -6.0001, -5.9999, -1.0, 0.3, 4.0])
def test_log_phi_agrees_with_another_implementation_on_both_sides_of_every_switch(z):
    assert log_phi_integral(z) == pytest.approx(float(log_ndtr(z)), rel=1e-13)


@pytest.mark.parametrize("z", [-5.999999, -6.000001, -9.0, 0.0, 2.0])
def test_f_has_the_distribution_function_as_its_derivative(z):
    h = 1e-4
    slope = (math.exp(log_f(z + h)) - math.exp(log_f(z - h))) / (2 * h)
    assert slope == pytest.approx(math.exp(log_phi_integral(z)), rel=1e-6)
