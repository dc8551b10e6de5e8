"""Step-size limits, the constant of the 1/t law, and what copies do, against golden results."""

import numpy as np
import pytest

from ntp_dynamics.studies.federated.theory.curves import Rounds, of_quadratics
from ntp_dynamics.studies.federated.theory.estimator import Oracle
from ntp_dynamics.studies.federated.theory.limits import (
    delay_limit,
    delayed_radius,
    limit_of,
    mean_square_limit,
)
from ntp_dynamics.studies.federated.theory.moments import LocalStep, Quadratics, minimiser
from ntp_dynamics.studies.federated.theory.rate import noise_at, rate_constant, settled
from ntp_dynamics.studies.federated.theory.stability import Coupled, Replaced, Smoothness


def equal_clients(eigenvalues, oracle, clients, participants, local_steps) -> Rounds:
    d = len(eigenvalues)
    gradients = np.zeros((clients, 1, d, d + 1))
    gradients[:, 0, :, :d] = np.diag(eigenvalues)
    return Rounds(LocalStep(oracle, gradients, gradients), local_steps, participants)


@pytest.mark.parametrize("index", range(5))
def test_the_mean_square_limit_is_golden_and_where_the_radius_is_one(golden, index):
    g = golden["mean_square_threshold"][index]
    eigenvalues, sphere = np.array(g["eigenvalues"]), g["directions"] == "sphere"
    oracle = Oracle(len(eigenvalues), 1, g["b2"], 0.0, gaussian=not sphere)
    limit = mean_square_limit(eigenvalues, oracle, g["M"])
    assert limit == pytest.approx(g["eta_ms_H1"], rel=1e-13)
    assert limit >= g["sufficient_2_over_beta_kappa2"] * (1 - 1e-12)
    for h, expected in {"1": limit, **g["eta_ms_H"]}.items():
        rounds = equal_clients(eigenvalues, oracle, g["N"], g["M"], int(h))
        assert limit_of(rounds.radius, 0.3 * limit) == pytest.approx(expected, rel=1e-12)


def test_delays_are_golden_and_those_of_companion_matrices(golden):
    for g in golden["delayed_gd_threshold"]:
        assert delay_limit(g["tau"], 2.0) == pytest.approx(g["eta_lambda"] / 2, rel=1e-14)
        radius = lambda eta, lag=g["tau"]: delayed_radius(eta, lag, np.array([0.3, 2.0]))  # noqa: E731
        assert limit_of(radius, 0.1) == pytest.approx(g["eta_lambda"] / 2, rel=1e-12)


def test_the_constant_of_the_rate_is_golden_and_reached(golden):
    for g in golden["rate_constant"]:
        x, y = np.array(g["x"]), np.array(g["y"])
        data = Quadratics(x, y, g["lam"], minimiser(x, y, g["lam"]))
        oracle = Oracle(x.shape[-1], g["b1"], g["b2"], g["mu"])
        noise = noise_at(data.gradients[..., -1], oracle, g["H"], g["M"])
        found = rate_constant(data.hessian, noise, g["c"], g["H"])
        assert found == pytest.approx(g["constant"], rel=1e-13)
        late = found / (4000 + g["t0"])
        assert g["excess"]["4000"] == pytest.approx(late, rel=1e-3)
        wrong = noise_at(data.gradients[..., -1], oracle, g["H"], 1)  # one takes part
        assert rate_constant(data.hessian, wrong, g["c"], g["H"]) > 1.05 * found


def test_the_start_is_settled_where_a_twentieth_of_it_is_left():
    t = settled(2.0, 100.0, 2.0, 0.1)
    assert 2.0 * (100 / (t + 100)) ** 4 == pytest.approx(0.05 * 0.1 / (t + 100))
    assert settled(1e-9, 100.0, 2.0, 0.1) == 0


def case(golden) -> tuple[Coupled, list[Replaced], np.ndarray, dict]:
    g = golden["l2_stability_quadratic"]
    x, y = np.array(g["x"]), np.array(g["y"])
    data = Quadratics(x, y, g["lam"], minimiser(x, y, g["lam"]))
    oracle = Oracle(2, g["b1"], g["b2"], g["mu"])
    others = [
        Replaced(i, z, np.array(g["x_alt"][i][0]), g["y_alt"][i][0])
        for i in range(len(x))
        for z in range(x.shape[1])
    ]
    coupled = Coupled(data, oracle, g["eta"], g["H"], g["M"])
    return coupled, others, np.array(g["w0"]) - data.origin, g


def test_the_distance_of_copies_is_golden(golden):
    coupled, others, start, g = case(golden)
    due = np.array([int(t) for t in g["on_average_l2_squared"]])
    found = coupled.square_distance(others, start, due)
    expected = list(g["on_average_l2_squared"].values())
    np.testing.assert_allclose(found.mean(axis=1), expected, rtol=1e-12)
    np.testing.assert_allclose(found[:, 0], list(g["replace_client0_sample0"].values()), rtol=1e-12)


def test_copies_with_the_same_sample_stay_together_and_batches_shared(golden):
    coupled, _, start, _ = case(golden)
    same = Replaced(0, 1, coupled.data.x[0, 1], coupled.data.y[0, 1])
    assert coupled.square_distance([same], start, np.array([9]))[0, 0] < 1e-15


def test_the_bound_from_the_path_of_a_run_lies_above_the_mean_distance(golden):
    """That of a simulation of many runs: at t = 1 E|w - w'| is below the root of E|w - w'|^2."""
    coupled, others, start, _ = case(golden)
    due = np.array([1, 4, 12, 100])
    bound = coupled.path_bound(others, start, due)
    root = np.sqrt(coupled.square_distance(others, start, due)).mean(axis=1)
    assert (bound[2:] > root[2:]).all()
    assert bound[3] < 10 * root[3]
    assert 0 < coupled.contraction < 1


def test_bounds_for_lipschitz_losses_are_golden(golden):
    for g in golden["stability_bounds"]:
        kappa = np.sqrt(1 + (g["d"] - 1) / g["b2"])
        bounds = Smoothness(g["L"], g["beta"], kappa, g["N"], g["n"], g["H"])
        t, eta = np.array([float(g["T"])]), g["eta"]
        assert np.exp(bounds.any_loss(t, eta))[0] == pytest.approx(g["nonconvex"], rel=1e-12)
        assert np.exp(bounds.convex(t, eta))[0] == pytest.approx(g["convex"], rel=1e-13)
        assert g["convex_applies"] == (eta <= 2 / (g["beta"] * kappa**2))


def test_the_limit_falls_with_local_steps_of_unlike_clients():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 12, 3))
    y = rng.standard_normal((4, 12))
    data = Quadratics(x, y, 0.1, minimiser(x, y, 0.1))
    limits = [
        limit_of(of_quadratics(data, Oracle(3, 2, 2, 0.0), h, 4).radius, 0.1) for h in (1, 2, 5)
    ]
    assert limits[0] > limits[1] > limits[2]
