"""Losses and gradients against reference results, an independent formula, and themselves."""

import math

import numpy as np
import pytest

from ntp_dynamics.studies.score_matching.loss import grid, line, nodes, sample
from tests.studies.score_matching import oracle

ONE = np.ones(1)
X, Q = oracle.density_grid(-20, 20)


def equal(n):
    return np.full(n, -math.log(n))


def on_a_line(mu, log_pi=None, **more):
    """Loss and gradient of students on a line."""
    mu = np.asarray(mu, dtype=float)
    log_loss, size, g, _ = line.line_loss(mu, equal(len(mu)) if log_pi is None else log_pi, **more)
    return math.exp(log_loss), math.exp(size) * g


def on_a_grid(mu, exponent=line.EXPONENT):
    """Loss and gradient in as many dimensions as mu has columns."""
    level = grid.levels(np.array([nodes.spread(mu, d) for d in range(mu.shape[1])]))
    x, log_weight = grid.grid(level, exponent)
    given = mu, equal(len(mu)), ONE, ONE, x[None], log_weight[None]
    log_loss, size, g = nodes.node_loss(*given)
    return math.exp(log_loss), math.exp(size) * g


def test_on_a_line_loss_and_gradient_are_those_of_the_reference(reference):
    for case in reference["loss_gradient_1d"]:
        loss, gradient = on_a_line(case["mu"])
        assert loss == pytest.approx(case["loss"], rel=1e-9, abs=1e-13)
        np.testing.assert_allclose(gradient, case["grad"], rtol=1e-9, atol=1e-13)


def test_a_loss_below_the_range_of_floats_is_told_by_its_log(reference):
    for case in reference["log_domain"]:
        mu = np.array(case["mu"])
        log_loss, size, g, _ = line.line_loss(mu, equal(len(mu)))
        assert log_loss == pytest.approx(case["log_loss"], abs=1e-9)
        np.testing.assert_allclose(size + np.log(np.abs(g)), case["log_abs_grad"], atol=1e-9)
        assert np.sign(g).tolist() == case["sign_grad"]


def test_unequal_weights_and_noise_levels_are_those_of_the_reference(reference):
    for case in reference["unequal_weights"]:
        loss, gradient = on_a_line(case["mu"], np.log(case["weights"]))
        assert loss == pytest.approx(case["loss"], rel=1e-9)
        np.testing.assert_allclose(gradient, case["grad"], rtol=1e-9, atol=1e-12)
    for case in reference["noise_average"]:
        levels = {"scales": np.exp(-np.array(case["t"])), "shares": np.array(case["weight"])}
        loss, gradient = on_a_line(case["mu"], **levels)
        assert loss == pytest.approx(case["loss"], rel=1e-9)
        np.testing.assert_allclose(gradient, case["grad"], rtol=1e-9)


def test_in_more_dimensions_they_are_those_of_the_reference_on_the_span(reference):
    for case in reference["loss_gradient_nd"]:
        mu = np.array(case["mu"])
        _, sizes, axes = np.linalg.svd(mu, full_matrices=False)
        basis = axes[sizes > 1e-6 * sizes[0]]
        loss, gradient = on_a_grid(mu @ basis.T)
        assert loss == pytest.approx(case["loss"], rel=1e-9)
        np.testing.assert_allclose(gradient @ basis, case["grad"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mu", [[0.3, -1.2, 2.0], [4.0, 4.02, 3.9], [0.0, 5.0, -4.0]])
def test_an_independent_formula_agrees_and_so_do_differences_and_the_stein_form(mu):
    column, pi = np.array(mu)[:, None], np.full(3, 1 / 3)
    loss, gradient = on_a_line(mu)
    assert oracle.loss(column, pi, X, Q) == pytest.approx(loss, rel=1e-11)
    np.testing.assert_allclose(oracle.stein(column, pi, X, Q)[:, 0], gradient, atol=1e-11)
    shift = 1e-5 * np.eye(3)
    differences = [(on_a_line(mu + e)[0] - on_a_line(mu - e)[0]) / 2e-5 for e in shift]
    np.testing.assert_allclose(gradient, differences, atol=1e-8)


def test_only_the_distance_from_the_truth_counts():
    """Data at mu*, students shifted along: the same loss."""
    mu, pi = np.array([[0.5], [2.0], [-1.0]]), np.full(3, 1 / 3)
    shifted = oracle.loss(mu + 3.7, pi, X, Q, truth=3.7)
    assert on_a_line(mu[:, 0])[0] == pytest.approx(shifted, rel=1e-11)


DEFECTS = {
    "factor": {"factor": 1.0},
    "no square": {"square": 0.0},
    "x, not x - mu": {"own": 0.0},
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_wrong_gradient_is_told_from_the_reference(defect, reference):
    """As the right one, written in the same way, is not."""
    far = []
    for wrong in ({}, DEFECTS[defect]):
        off = 0.0
        for case in reference["loss_gradient_1d"]:
            mu = np.array(case["mu"])[:, None]
            found = oracle.direct(mu, np.full(len(mu), 1 / len(mu)), X, Q, **wrong)
            off = max(off, np.abs(found[:, 0] - case["grad"]).max())
        far.append(off)
    assert far[0] < 1e-9 < 1e-3 < far[1]


def test_students_may_be_turned_and_renamed():
    rng = np.random.default_rng(0)
    mu = rng.normal(0, 0.04, (4, 3))
    loss, gradient = on_a_grid(mu)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    order = rng.permutation(4)
    turned, turned_gradient = on_a_grid(mu[order] @ turn.T)
    assert turned == pytest.approx(loss, rel=1e-10)
    np.testing.assert_allclose(turned_gradient, gradient[order] @ turn.T, atol=1e-12)


def test_thin_directions_need_few_nodes():
    """Gauss-Hermite across, against the trapezoid rule in every direction."""
    mu = np.array([[0.0, 5e-4, 0.1], [2.0, -3e-4, 0.02], [1.1, 2e-4, -0.05]])
    axis = np.linspace(-9, 9, 61)
    x = np.stack(np.meshgrid(*[axis] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    log_weight = 3 * math.log(0.3 / math.sqrt(2 * math.pi)) - 0.5 * (x**2).sum(axis=1)
    given = mu, equal(3), ONE, ONE, x[None], log_weight[None]
    log_loss, size, g = nodes.node_loss(*given)
    loss, gradient = on_a_grid(mu)
    assert loss == pytest.approx(math.exp(log_loss), rel=1e-10)
    np.testing.assert_allclose(gradient, math.exp(size) * g, atol=1e-11)


@pytest.mark.parametrize(
    "mu", [[0.0, 0.5], [0.1, 2.0, 1.0], [0.0, 7.5, 7.4], [0.0, 14.0], [0, 30.0]]
)
def test_a_finer_grid_changes_nothing(mu):
    mu = np.array(mu, dtype=float)
    log_loss, size, g, error = line.line_loss(mu, equal(len(mu)))
    fine, fine_size, fine_g, _ = line.line_loss(mu, equal(len(mu)), exponent=60.0)
    assert log_loss == pytest.approx(fine, abs=1e-10)
    np.testing.assert_allclose(g * math.exp(size - fine_size), fine_g, rtol=1e-10, atol=1e-12)
    assert error < 1e-3


def test_a_coarse_grid_says_so():
    """h = .3 at a distance of 14."""
    coarse = 2 * math.pi**2 / (14 * 0.3)
    _, _, _, error = line.line_loss(np.array([0.0, 14.0]), equal(2), exponent=coarse)
    assert error > 1e-3


def test_a_student_that_is_never_met_takes_no_part():
    mu = np.array([3.0, 2e12, -1e9])
    loss, gradient = on_a_line(mu)
    assert loss == pytest.approx(9.0)
    np.testing.assert_allclose(gradient, [6.0, 0.0, 0.0])


def test_importance_sampling_is_unbiased_where_a_plain_batch_is_blind():
    mu = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.5]])
    exact = on_a_grid(mu)[0]
    estimates = {"plain": [], "importance": []}
    for step in range(64):
        normal = sample.stream(0, 0, sample.Purpose.batches, step).standard_normal((500, 2))
        for name, made in (
            ("plain", sample.plain(normal)),
            ("importance", sample.importance(normal, mu)),
        ):
            log_loss, _, _ = nodes.node_loss(mu, equal(3), ONE, ONE, *made)
            estimates[name].append(math.exp(log_loss) / exact)
    found = np.array(estimates["importance"])
    assert abs(found.mean() - 1) < 4 * found.std(ddof=1) / 8
    assert found.std() < 0.15
    assert np.median(estimates["plain"]) < 0.1


def test_what_a_batch_draws_is_a_function_of_its_step():
    draws = [
        sample.stream(1, 2, sample.Purpose.descent, step).standard_normal(4) for step in (3, 4, 3)
    ]
    assert np.array_equal(draws[0], draws[2])
    assert not np.array_equal(draws[0], draws[1])
