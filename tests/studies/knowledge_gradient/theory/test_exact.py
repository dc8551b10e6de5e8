"""Exact probabilities of equal allocation, and exact rates of sets, against golden values."""

import numpy as np
import pytest

from ntp_dynamics.studies.knowledge_gradient.theory import eps_good, equal, rates
from tests.studies.knowledge_gradient.made import bandit


def test_the_quadrature_is_golden(golden):
    for case in golden["equal_allocation_pfs"]:
        arms = bandit(golden["rates"][case["instance"]])
        found = equal.curve(arms, np.array([case["n"]]))[0]
        assert found == pytest.approx(case["pfs"], rel=1e-10)


def test_pulls_in_turn_leave_the_first_arms_one_ahead():
    assert equal.pulls(3, np.array([2, 7])).tolist() == [[1, 1, 0], [3, 2, 2]]
    assert np.isnan(equal.curve(bandit({"mean": [0, 1], "variance": [1, 1]}), np.array([1])))


@pytest.mark.parametrize("name", ["eps", "eps_near_tie"])
def test_exact_rates_of_sets_are_golden_and_certified(golden, name):
    case = golden["rates"][name]
    arms = bandit(case)
    printed = rates.optimum(arms).shares
    found = eps_good.set_rate(arms, printed)
    assert found == pytest.approx(case["exact_set_rate_at_optimal"], rel=1e-7)
    best, said = eps_good.set_optimum(arms, printed), case["exact_set_best"]
    assert best.upper - best.rate <= 1e-6 * best.rate
    assert said["lower"] * (1 - 1e-7) <= best.rate <= said["upper"] * (1 + 1e-12)
    assert best.upper >= said["lower"]


def test_the_printed_rate_is_not_that_of_the_set_near_a_tie(golden):
    arms = bandit(golden["rates"]["eps_near_tie"])
    best = rates.optimum(arms)
    assert eps_good.set_rate(arms, best.shares) < 0.05 * best.rate
    assert eps_good.set_optimum(arms, best.shares).rate == pytest.approx(
        0.799 * best.rate, rel=1e-2
    )


def test_gradients_bound_a_concave_rate_from_above_everywhere(golden):
    arms = bandit(golden["rates"]["eps"])
    random = np.random.default_rng(0)
    for _ in range(5):
        here, there = random.dirichlet(np.ones(arms.arms), size=2)
        every = zip(eps_good.ways(arms, here), eps_good.ways(arms, there), strict=True)
        for (value, gradient), (other, _) in every:
            assert gradient @ here == pytest.approx(value, rel=1e-9)
            assert gradient @ there >= other * (1 - 1e-9)


def test_the_error_of_the_set_is_that_of_a_simulation_where_it_is_small():
    """The sum over ways bounds it from above, its largest term from below."""
    arms = bandit({"mean": [1.0, 0.7, 0.2], "variance": [1.0, 2.0, 1.0], "epsilon": 0.55})
    t = np.array([60.0, 70.0, 50.0])
    random = np.random.default_rng(1)
    theta = arms.mu + random.standard_normal((400_000, 3)) * np.sqrt(arms.v / t)
    wrong = 1 - arms.right(theta[..., None]).mean()
    said = np.exp(eps_good.log_set_error(arms, t))
    assert wrong <= said * 1.02
    assert said <= 1.5 * wrong


def test_the_error_of_the_set_decays_at_its_exact_rate(golden):
    arms = bandit(golden["rates"]["eps"])
    w = rates.optimum(arms).shares
    early, late = (eps_good.log_set_error(arms, n * w) for n in (1e5, 2e5))
    slope = (early - late - 0.5 * np.log(2)) / 1e5
    assert slope == pytest.approx(eps_good.set_rate(arms, w), rel=1e-4)
    assert np.isnan(eps_good.log_set_error(arms, 0 * w))
