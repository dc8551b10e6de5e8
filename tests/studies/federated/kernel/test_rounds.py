"""The kernel against plain NumPy on the same draws, and that against 50-digit trajectories."""

import numpy as np
import pytest

from ntp_dynamics.config.tracking import NoTracking
from ntp_dynamics.studies.federated.config import (
    Difference,
    Directions,
    FederatedConfig,
    Lag,
    Method,
    Noise,
    Task,
)
from ntp_dynamics.studies.federated.kernel.step import Rule
from ntp_dynamics.studies.federated.kernel.streams import run_keys
from ntp_dynamics.studies.federated.phases import clients, quadrature, rule
from ntp_dynamics.studies.federated.problem import prepared
from ntp_dynamics.studies.federated.rounds import Descent, Team
from ntp_dynamics.studies.federated.setting import Setting
from ntp_dynamics.studies.federated.tasks import LOSSES
from tests.studies.federated.descent import DEFECTS, LocalStep, Part, as_drawn, descend, estimate

SMALL = {"clients": 4, "samples": 6, "dim": 5, "participants": 2, "local_steps": 2, "rounds": 6}
ETA, ROUNDS = 0.1, 6


def config(**fields):
    return FederatedConfig(
        study="federated",
        tracking=NoTracking(),
        **{**SMALL, "runs": 2, "test_samples": 1, **fields},
    )


def team_of(made: FederatedConfig, task: Task = Task.logistic) -> tuple[Team, Setting]:
    problem = prepared(made)
    setting = problem.setting(task)
    keys, draws = run_keys(made.seed, list(problem.numbers)), np.zeros(problem.runs, np.int64)
    eta = np.full(ROUNDS, ETA)
    return Team(clients([(setting, None)]), rule(problem, task), eta, keys, draws), setting


def expected(team: Team, setting: Setting, run: int, defect: str = "") -> np.ndarray:
    parts = as_drawn(team.keys[run], team.clients, team.rule, ROUNDS)
    w0 = np.zeros(setting.x.shape[-1])
    return descend(setting.loss, setting.x, setting.y, team.rule, ETA, w0, parts, defect)


def kernel(team: Team) -> np.ndarray:
    descent, found = Descent(team), []
    for t in range(ROUNDS + 1):
        descent.go(t)
        found.append(descent.state.w[:, 0])
    return np.array(found)


CASES = [
    {},
    {"directions": Directions.gaussian, "batch": 6},
    {"directions": Directions.coordinate, "num_directions": 5, "smoothing": 0.5},
    {"method": Method.fedavg, "participants": 4},
    {"staleness": 3},
    {"staleness": 2, "lag": Lag.fixed},
    {"smoothing": 1e-14},
    {"noise": Noise(1.5, 0.3)},
]


@pytest.mark.parametrize("fields", CASES, ids=str)
@pytest.mark.parametrize("task", [Task.quadratic, Task.logistic, Task.sigmoid])
def test_the_kernel_takes_the_rounds_that_plain_numpy_takes(fields, task):
    team, setting = team_of(config(**fields), task)
    found = kernel(team)
    for run in range(2):
        np.testing.assert_allclose(
            found[:, run], expected(team, setting, run), rtol=1e-12, atol=1e-13
        )
    assert np.abs(found[-1, 0] - found[-1, 1]).max() > 1e-4


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_of_a_round_shows(defect):
    team, setting = team_of(config(staleness=2))
    away = np.abs(kernel(team)[:, 0] - expected(team, setting, 0, defect)).max()
    assert away > 1e-3


def test_trajectories_to_fifty_digits(golden):
    for g in golden["trajectory"]:
        x, y = np.array(g["x"]), np.array(g["y"])
        used = Rule(1, g["lam"], g["mu"], g["M"], g["H"], g["b1"], g["b2"], 0, 0, False, 0, False,
                    0.0, 0.0, np.zeros(1), np.zeros(1))  # fmt: skip
        rounds = [
            [Part(p["client"], p["lag"], [_given(s) for s in p["steps"]]) for p in parts]
            for parts in g["rounds"]
        ]
        w = descend(LOSSES[Task.logistic], x, y, used, g["eta"], np.array(g["w0"]), rounds)
        np.testing.assert_allclose(w[1:], g["w"], rtol=1e-14, atol=2e-16)


def _given(step) -> LocalStep:
    return LocalStep(np.array(step["batch"]), np.array(step["directions"]))


def test_estimates_to_fifty_digits_down_to_a_smoothing_of_1e_14(golden):
    for g in golden["estimator_logistic"]:
        x, y, w = (np.array(g[name]) for name in ("x", "y", "w"))
        u = np.array(g["directions"])
        found = estimate(LOSSES[Task.logistic], w, x, y, g["lam"], g["mu"], u, len(w))
        np.testing.assert_allclose(found, g["ghat"], rtol=1e-14)
    assert min(g["mu"] for g in golden["estimator_logistic"]) <= 1e-14


def test_naive_differences_lose_what_stable_ones_keep():
    small = {"smoothing": 1e-9}
    exact = kernel(team_of(config(**small))[0])
    naive = kernel(team_of(config(**small, difference=Difference.naive))[0])
    assert 1e-9 < np.abs(naive - exact).max() < 1e-3
    at_ease = kernel(team_of(config(difference=Difference.naive, smoothing=0.1))[0])
    close = kernel(team_of(config(smoothing=0.1))[0])
    np.testing.assert_allclose(at_ease, close, rtol=1e-10, atol=1e-13)


def test_the_mean_over_directions_is_the_gradient_of_quadratics_and_nearly_that_of_others():
    for dim in (1, 2, 3, 10):
        s, w = quadrature(dim, gaussian=False)
        assert (w * s).sum() == pytest.approx(1, rel=1e-13)
    for task, close in ((Task.quadratic, 1e-14), (Task.logistic, 1e-6)):
        smoothed, gradients = (
            kernel(team_of(config(method=m, smoothing=1e-2), task)[0])
            for m in (Method.smoothed, Method.fedavg)
        )
        np.testing.assert_allclose(smoothed, gradients, rtol=close, atol=close)


def test_the_mean_over_directions_has_the_golden_bias_of_smoothing(golden):
    g = golden["smoothing_bias"]
    x, y, w = (np.array(g[name]) for name in ("x", "y", "w"))
    nodes, weights = quadrature(len(w), gaussian=False)
    step = g["mu"] * np.linalg.norm(x, axis=1)
    moved = LOSSES[Task.logistic].difference((x @ w)[:, None], step[:, None] * nodes, y[:, None])
    mean = (moved @ weights / step) @ x / len(y)
    np.testing.assert_allclose(mean, g["mean_ghat"], rtol=1e-12)
    bias = mean - np.array(g["gradient"])
    leading = g["leading_bias_mu2_over_2(d+2)_grad_laplacian"]
    np.testing.assert_allclose(bias, leading, rtol=0.06)


def test_full_batches_and_everyone_are_local_gradient_descent():
    team, setting = team_of(config(method=Method.fedavg, participants=4, batch=6, local_steps=3))
    w = np.zeros(5)
    for _ in range(ROUNDS):
        ends = []
        for x, y in zip(setting.x, setting.y, strict=True):
            v = w.copy()
            for _ in range(3):
                v = v - ETA * (x.T @ setting.loss.slope(x @ v, y) / 6 + setting.lam * v)
            ends.append(v)
        w = np.mean(ends, axis=0)
    np.testing.assert_allclose(kernel(team)[-1], [w, w], rtol=1e-12)


def test_a_loss_times_s_at_a_step_size_over_s_moves_the_same():
    """x and y times sqrt s, lam times s."""
    team, _ = team_of(config(lam=0.05), Task.quadratic)
    s, c = 4.0, team.clients
    scaled = Team(
        c._replace(x=2 * c.x, y=2 * c.y),
        team.rule._replace(lam=s * team.rule.lam),
        team.eta / s,
        team.keys,
        team.draws,
    )
    np.testing.assert_allclose(kernel(scaled), kernel(team), rtol=1e-13, atol=1e-15)


def test_in_one_dimension_an_estimate_is_the_slope_and_half_mu_times_the_curvature():
    team, setting = team_of(config(dim=1, batch=1, participants=1, local_steps=1, smoothing=0.3),
                            Task.quadratic)  # fmt: skip
    (part,) = as_drawn(team.keys[0], team.clients, team.rule, 1)[0]
    (z,), u = part.steps[0].batch, part.steps[0].directions
    assert np.abs(u) == pytest.approx(1)
    x, y = setting.x[part.client, z, 0], setting.y[part.client, z]
    slope, curvature = -x * y, x * x + setting.lam
    moved = kernel(team)[1, 0]
    assert moved == pytest.approx(-ETA * (slope + 0.15 * u.mean() * curvature), rel=1e-13)


def test_copies_whose_sample_is_replaced_by_itself_stay_equal_to_the_bit():
    team, setting = team_of(config(batch=3))
    own = {
        "other_x": setting.x[None, :2, 1].copy(),
        "other_y": setting.y[None, :2, 1].copy(),
        "other_client": np.array([[0, 1]]),
        "other_sample": np.array([[1, 1]]),
    }
    alone = Descent(team)
    copies = Descent(Team(team.clients._replace(**own), team.rule, team.eta, team.keys, team.draws))
    for descent in (alone, copies):
        descent.go(ROUNDS)
    w = copies.state.w
    assert np.array_equal(w[:, 1], w[:, 0])
    assert np.array_equal(w[:, 2], w[:, 0])
    assert np.array_equal(w[:, :1], alone.state.w)


def test_a_copy_is_a_run_on_the_replaced_data():
    team, setting = team_of(config(batch=3))
    other = {
        "other_x": setting.x[None, 1:2, 2].copy(),
        "other_y": -setting.y[None, :1, 1],
        "other_client": np.array([[0]]),
        "other_sample": np.array([[1]]),
    }
    made = team.clients
    x, y = made.x.copy(), made.y.copy()
    x[0, 0, 1], y[0, 0, 1] = other["other_x"][0, 0], other["other_y"][0, 0]
    changed = made._replace(x=x, y=y)
    rest = team.rule, team.eta, team.keys, team.draws
    copies, alone = Descent(Team(made._replace(**other), *rest)), Descent(Team(changed, *rest))
    for descent in (alone, copies):
        descent.go(ROUNDS)
    assert np.array_equal(copies.state.w[:, 1], alone.state.w[:, 0])
    assert not np.array_equal(copies.state.w[:, 0], alone.state.w[:, 0])
