"""Moments of rounds against exact results of another program, brute force, and symmetries."""

import numpy as np
import pytest

from ntp_dynamics.studies.federated.theory.curves import (
    Rounds,
    excess,
    lagged,
    of_quadratics,
    path,
)
from ntp_dynamics.studies.federated.theory.estimator import Oracle, weibull_power
from ntp_dynamics.studies.federated.theory.moments import Quadratics, minimiser

CLOSE = 5e-14


def made(g, **changed) -> tuple[Rounds, Quadratics, np.ndarray]:
    """Rounds of a golden case, the clients, and where it starts."""
    x, y = np.array(g["x"]), np.array(g["y"])
    w = minimiser(x, y, g["lam"])
    data = Quadratics(x, y, g["lam"], w)
    gaussian = g.get("directions", "sphere") != "sphere"
    fields = {"gaussian": gaussian, **changed}
    oracle = Oracle(x.shape[-1], g["b1"], g["b2"], g["mu"], **fields)
    return of_quadratics(data, oracle, g["H"], g["M"]), data, np.array(g["w0"]) - w


def moments(s, data):
    """Mean and second moment of w."""
    w, m = data.origin, s[:-1, -1]
    return m + w, s[:-1, :-1] + np.outer(w, m) + np.outer(m, w) + np.outer(w, w)


@pytest.mark.parametrize("index", range(4))
@pytest.mark.parametrize("way", ["powers", "interpolation"])
def test_moments_are_those_of_the_golden_recursion(golden, index, way):
    g = golden["moments_quadratic"][index]
    rounds, data, start = made(g)
    due = np.array([int(t) for t in g["constant_step"]])
    eta = np.full(due[-1] + 1, g["eta"])
    if way == "interpolation":
        eta[-1] *= 1.1  # of a round that is not taken
    found = path(rounds, eta, start, due)
    for s, expected in zip(found, g["constant_step"].values(), strict=True):
        mean, second = moments(s, data)
        np.testing.assert_allclose(excess(s, data.hessian), expected["excess"], rtol=CLOSE)
        np.testing.assert_allclose(mean, expected["mean_w"], rtol=CLOSE, atol=2e-15)
        np.testing.assert_allclose(second, expected["second_w"], rtol=CLOSE, atol=2e-15)


@pytest.mark.parametrize("index", range(4))
def test_decaying_steps_the_floor_and_the_radius_are_golden(golden, index):
    g = golden["moments_quadratic"][index]
    rounds, data, start = made(g)
    decaying = g["decaying_step_eta_times_20_over_t_plus_20"]
    due = np.array([int(t) for t in decaying])
    eta = g["eta"] * 20 / (np.arange(due[-1]) + 20)
    found = excess(path(rounds, eta, start, due), data.hessian)
    np.testing.assert_allclose(found, list(decaying.values()), rtol=1e-13)
    floor = excess(rounds.stationary(g["eta"]), data.hessian)
    assert floor == pytest.approx(g["stationary_excess"], rel=1e-13)
    assert rounds.radius(g["eta"]) == pytest.approx(g["mean_square_radius"], rel=1e-13)


def test_moments_are_those_of_all_subsets_batches_and_directions(golden):
    for g in golden["brute_force_quadratic"]:
        rounds, data, start = made(g)
        (s,) = path(rounds, np.full(g["T"], g["eta"]), start, np.array([g["T"]]))
        mean, second = moments(s, data)
        np.testing.assert_allclose(mean, g["mean_w"], rtol=1e-14)
        np.testing.assert_allclose(second, g["second_w"], rtol=1e-14, atol=1e-15)


def test_lags_are_golden_and_without_lags_nothing_changes(golden):
    g = golden["async_quadratic"]
    rounds, data, start = made(g)
    due = np.array([int(t) for t in g["excess"]])
    eta = np.full(due[-1], g["eta"])
    late = lagged(rounds, eta, start, due, g["tau_max"], fixed=False)
    found = excess(late, data.hessian)
    np.testing.assert_allclose(found, list(g["excess"].values()), rtol=1e-14)
    prompt = lagged(rounds, eta, start, due, 0, fixed=False)
    np.testing.assert_allclose(prompt, path(rounds, eta, start, due), rtol=1e-12, atol=1e-15)


PLANTED = {
    "kappa of Gaussian directions on the sphere": {"gaussian": True},
    "no directions at all": {"exact": True},
    "noise that is not there": {"noise_power": 0.1},
}


@pytest.mark.parametrize("defect", [*PLANTED, "batch with replacement", "weight 1/N"])
def test_a_planted_defect_of_the_moments_shows(golden, defect, monkeypatch):
    g = dict(golden["moments_quadratic"][0])
    if defect == "batch with replacement":
        monkeypatch.setattr(Oracle, "mixing", lambda self, samples: 1 / self.batch)
    if defect == "weight 1/N":
        g["M"] = len(g["x"])
    rounds, data, start = made(g, **PLANTED.get(defect, {}))
    (s,) = path(rounds, np.full(5, g["eta"]), start, np.array([5]))
    expected = g["constant_step"]["5"]["excess"]
    assert abs(excess(s, data.hessian) / expected - 1) > 1e-3


def test_second_moments_of_one_estimate_are_golden(golden):
    for g in golden["estimator_second_moment"]:
        sphere = g["directions"] == "sphere"
        oracle = Oracle(len(g["g"]), 1, g["b2"], g["mu"], gaussian=not sphere)
        a = np.array(g["A"])[None]
        found = oracle.spread(np.outer(g["g"], g["g"])) + oracle.smoothing_power(a, a)
        np.testing.assert_allclose(found, g["E_ghat_ghatT"], rtol=1e-14, atol=1e-15)


def test_kappa_squared_is_golden(golden):
    for g in golden["kappa2"]:
        gaussian = g["directions"] != "sphere"
        oracle = Oracle(g["d"], 1, g["b2"], 0.0, gaussian=gaussian)
        assert oracle.kappa2 == pytest.approx(g["kappa2"], rel=1e-14)
        wrong = Oracle(g["d"], 1, g["b2"], 0.0, gaussian=not gaussian)
        assert abs(wrong.kappa2 - g["kappa2"]) > 0.04


def test_the_power_of_sub_weibull_noise_is_golden(golden):
    for g in golden["sub_weibull"]:
        found = weibull_power(g["K0"], g["theta"])
        assert found == pytest.approx(g["second_moment"], rel=1e-14)


def test_names_of_clients_and_samples_do_not_matter(golden):
    g = golden["moments_quadratic"][1]
    rounds, _, start = made(g)
    shuffled = {**g, "x": np.array(g["x"])[::-1, ::-1], "y": np.array(g["y"])[::-1, ::-1]}
    other, _, _ = made(shuffled)
    due, eta = np.array([7]), np.full(7, g["eta"])
    a, b = path(rounds, eta, start, due), path(other, eta, start, due)
    np.testing.assert_allclose(a, b, rtol=1e-12)


def test_rounding_does_not_grow_at_steps_near_the_limit(golden):
    """Antisymmetric rounding of full matrices would: by 1 + eta (l_i - l_j) a step."""
    g = golden["moments_quadratic"][0]
    rounds, data, start = made(g)
    eta = np.full(20_000, g["eta"])
    (s,) = path(rounds, eta, start, np.array([len(eta)]))
    floor = excess(rounds.stationary(g["eta"]), data.hessian)
    assert excess(s, data.hessian) == pytest.approx(floor, rel=1e-11)
