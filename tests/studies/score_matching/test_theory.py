"""Closed forms against reference results and exact losses."""

import math

import numpy as np
import pytest

from ntp_dynamics.studies.score_matching.dynamics.saddle import Saddle, hessian, symmetric, told
from ntp_dynamics.studies.score_matching.loss.line import line_loss
from ntp_dynamics.studies.score_matching.starts import equispaced
from ntp_dynamics.studies.score_matching.theory import ball, clump, far, printed

NOTHING = np.zeros(0, dtype=np.int64)


def test_the_loss_of_a_far_student_is_the_series(reference):
    for case in reference["far_student"]:
        r = np.array([case["r"]])
        assert far.log_leading(r)[0] == pytest.approx(case["log_leading"], abs=1e-12)
        assert far.series(r, 1)[0] == pytest.approx(case["series1"], rel=1e-12)
        assert far.series(r)[0] == pytest.approx(case["series2"], rel=1e-12)
        exact, *_ = line_loss(np.array([0.0, case["r"]]), np.full(2, -math.log(2)))
        assert exact == pytest.approx(case["log_loss"], abs=1e-9)
        assert math.exp(exact - far.log_leading(r)[0]) == pytest.approx(case["ratio"], rel=1e-9)


def test_coincident_far_students_make_the_root_of_their_number():
    """sqrt(k) L_1, not k L_1."""
    r = 14.0
    for k in (1, 4, 9):
        mu = np.array([0.0, *[r] * k])
        exact, *_ = line_loss(mu, np.full(k + 1, -math.log(k + 1)))
        one, *_ = line_loss(mu[:2], np.full(2, -math.log(2)))
        assert math.exp(exact - one) == pytest.approx(math.sqrt(k), rel=0.03)


def test_amplification_is_that_of_the_reference(reference):
    for case in reference["log_amplification"]:
        found = clump.log_amplification(case["M"], case["eta"], case["n"])[0]
        assert found == pytest.approx(case["log_K"], rel=1e-12)
    fine = clump.log_amplification(4.0, 1e-4, 5)[0]
    assert fine == pytest.approx(16, rel=1e-3)


def test_amplification_is_a_sum_over_steps():
    a, total = 3.0, 0.0
    for step in range(50):
        assert clump.log_amplification(3.0, 0.05, 4, np.array([step]))[0] == pytest.approx(total)
        total += math.log1p(4 * 0.05 * a * a / 4)
        a *= 1 - 2 * 0.05 / 4


@pytest.mark.parametrize(
    ("z", "eta", "expected"),
    [
        (equispaced(2), 0.05, 16.1),
        (equispaced(3), 0.05, 12.5),
        (equispaced(5), 0.05, 11.4),
        (np.array([1, 1, -2]) / math.sqrt(2), 0.05, 19.2),
        (np.array([-1, -1, 2]) / math.sqrt(2), 0.05, 17.7),
    ],
)
def test_the_threshold_depends_on_the_pattern(z, eta, expected):
    assert clump.threshold(z, eta, digits=3e-3) == pytest.approx(expected, rel=0.01)


def test_students_that_coincide_have_no_threshold():
    assert clump.threshold(np.zeros(3), 0.05) == math.inf


def test_the_small_ball_law_is_that_of_the_reference(reference):
    for case in reference["small_ball_law"]:
        mu = np.array(case["mu0"])[None, :, None]
        path = case["eta"] * case["steps"]
        law = ball.loss(ball.eigenvalues(mu), path, len(case["mu0"]))[0, 0]
        assert law == pytest.approx(case["law_full"], rel=1e-9)
        assert law == pytest.approx(case["loss"], rel=case["tolerance_law"])


def test_effective_rank_counts_directions():
    axes = np.array([[[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]])
    assert ball.effective_rank(ball.eigenvalues(axes))[0] == pytest.approx(2)
    assert math.isnan(ball.effective_rank(ball.eigenvalues(np.ones((1, 3, 2))))[0])


def test_stationary_points_are_those_of_the_reference(reference):
    cases = reference["stationary_point"]
    saddle = Saddle([case["n"] for case in cases], runs=2)
    saddle.advance(8, NOTHING)
    state = saddle.state()
    for k, case in enumerate(cases):
        assert state.position[1, k] == pytest.approx(case["s"], abs=1e-10)
        assert state.loss[1, k] == pytest.approx(case["loss"], rel=1e-10)
        assert state.gradient[1, k] < 1e-12
        assert state.negative[1, k] == case["negative"]
        curvature = np.linalg.eigvalsh(hessian(symmetric(case["s"], case["n"])))
        np.testing.assert_allclose(curvature, case["hessian_eigenvalues"], atol=1e-6)


def test_a_saddle_of_many_students_is_found_too():
    saddle = Saddle([64], runs=1)
    saddle.advance(12, NOTHING)
    assert 2.5 < saddle.s[0] < 6
    assert np.abs(told(symmetric(saddle.s[0], 64))[1]).max() < 1e-12


def test_what_the_theorems_ask_for_is_as_printed():
    assert printed.ball_radius(5) == pytest.approx(1 / 15)
    assert printed.log_small(5, 1, 1.0) == pytest.approx(-530 - math.log(540))
    assert printed.small_from(2, 1.0, 0.5) == pytest.approx(2 * math.log(12))
    assert printed.random_distance(2, 1) == pytest.approx(1.024e12)
    assert printed.random_probability(2, 2e12) == pytest.approx(1 - 4 * 2e12 ** (-1 / 3))
    assert printed.random_probability(10, 5.0) == 0


def test_the_exponent_of_the_tail_is_minus_one_less_one_over_the_log():
    assert far.exponent(np.array([1e9]))[0] == pytest.approx(-1.0483, abs=1e-4)
    assert math.isnan(far.exponent(np.array([1.0]))[0])
