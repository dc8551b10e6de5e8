"""Rates, shares and certificates: golden values, and what must hold of every instance."""

import numpy as np
import pytest

from ntp_dynamics.studies.knowledge_gradient.config import Question
from ntp_dynamics.studies.knowledge_gradient.kernel import shares
from ntp_dynamics.studies.knowledge_gradient.theory import feasible, rates
from ntp_dynamics.studies.knowledge_gradient.theory.errors import log_error
from tests.studies.knowledge_gradient.made import bandit

KINDS = {
    "optimal": shares.OPTIMAL,
    "plain": shares.PLAIN,
    "integral": shares.INTEGRAL,
    "half": shares.HALF,
}
CLOSED = {"kg": rates.knowledge_gradient, "ocba": rates.ocba, "equal": rates.equal}


def test_rates_and_shares_are_golden(golden):
    for case in golden["rates"].values():
        arms = bandit(case)
        found = {name: rates.balanced(arms, kind) for name, kind in KINDS.items()}
        found |= {name: of(arms) for name, of in CLOSED.items() if name in case}
        for name, w in found.items():
            np.testing.assert_allclose(w, case[name]["shares"], atol=1e-10)
            assert rates.rate(arms, w) == pytest.approx(case[name]["rate"], rel=1e-10)


def test_the_certificate_is_golden_and_closes_the_gap(golden):
    for case in golden["rates"].values():
        best = rates.optimum(bandit(case))
        np.testing.assert_allclose(best.dual, case["dual"], atol=1e-10)
        assert best.upper == pytest.approx(case["dual_upper_bound"], rel=1e-10)
        assert abs(best.gap) <= 1e-14


@pytest.fixture(params=range(12))
def instance(request):
    random = np.random.default_rng(request.param)
    k = int(random.integers(2, 12))
    case = {"mean": random.normal(size=k), "variance": random.uniform(0.2, 5, size=k)}
    return bandit(case), random


def test_every_allocation_is_below_and_every_dual_above_the_best_rate(instance):
    arms, random = instance
    best = rates.optimum(arms)
    assert best.gap <= 1e-10
    for _ in range(20):
        w, dual = random.dirichlet(np.ones(arms.arms)), random.dirichlet(np.ones(arms.arms))
        dual[arms.best] = 0.0
        assert rates.rate(arms, w) <= best.rate * (1 + 1e-12)
        assert rates.dual_bound(arms, w, dual / dual.sum()) >= best.rate * (1 - 1e-12)


def test_no_policy_is_above_the_best_rate_and_two_arms_need_no_balance(instance):
    arms, _ = instance
    best = rates.optimum(arms).rate
    for w in [*(rates.balanced(arms, kind) for kind in KINDS.values()), rates.ocba(arms)]:
        assert w.sum() == pytest.approx(1, abs=1e-12)
        assert rates.rate(arms, w) <= best * (1 + 1e-12)
    assert rates.rate(arms, rates.knowledge_gradient(arms)) <= best * (1 + 1e-12)


def test_the_printed_rate_of_plain_ikg_is_missed_on_slippage_as_the_balance_law_says():
    said = {5: 0.9882, 10: 0.9752, 100: 0.9514, 1000: 0.9579, 10_000: 0.9728}
    for k, ratio in said.items():
        arms = bandit({"mean": [0.0] * (k - 1) + [0.5], "variance": [1.0] * k})
        plain = rates.rate(arms, rates.balanced(arms, shares.PLAIN)) / rates.optimum(arms).rate
        assert plain == pytest.approx(ratio, abs=6e-5)


def test_the_balance_law_holds_of_its_solution(golden):
    """Planted: the shares of one variant do not balance another."""
    arms = bandit(golden["rates"]["slippage"])
    b, v = arms.best, arms.v

    def imbalance(w, h):
        parts = w**2 / v * h(w[b]) / h(w)
        return parts.sum() / parts[b] - 2

    for kind, other in ((shares.PLAIN, shares.INTEGRAL), (shares.INTEGRAL, shares.OPTIMAL)):
        w, wrong = rates.balanced(arms, kind), rates.balanced(arms, other)
        gamma = float(rates.rate(arms, w))
        h = (lambda x: 1 / x) if kind == shares.PLAIN else (lambda x, g=gamma: 1 + 2 * g / x)
        assert abs(imbalance(w, h)) < 1e-9
        assert abs(imbalance(wrong, h)) > 1e-2


def test_thresholds_have_golden_rates(golden):
    for case in golden["feasible_rates"]:
        arms = bandit(case, Question.feasible)
        w = feasible.shares(arms)
        np.testing.assert_allclose(feasible.separations(arms), case["r"], rtol=1e-10)
        np.testing.assert_allclose(w, case["shares"], rtol=1e-10)
        assert feasible.rate(arms, w) == pytest.approx(case["rate"], rel=1e-10)
        equal = np.full(arms.arms, 1 / arms.arms)
        assert feasible.rate(arms, equal) == pytest.approx(case["equal_rate"], rel=1e-10)


def test_errors_are_golden(golden):
    for case in golden["union_log_pfs"]:
        found = log_error(bandit(case), np.array([case["pulls"]], dtype=float))
        assert found[0] == pytest.approx(case["value"], rel=1e-12)


def test_the_error_of_no_allocation_is_below_that_of_the_best_over_k_minus_1(instance):
    arms, random = instance
    best = rates.optimum(arms).shares
    for n in (50.0, 3000.0):
        w = random.dirichlet(np.ones(arms.arms), size=20)
        least = log_error(arms, n * best)[0] - np.log(max(arms.arms - 1, 1))
        assert (log_error(arms, n * w) >= least - 1e-9 * abs(least)).all()
