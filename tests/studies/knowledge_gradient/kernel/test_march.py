"""The loop over pulls: golden sequences, and what must not change where a run stands."""

import numpy as np
import pytest

from ntp_dynamics.studies.knowledge_gradient.kernel import march
from ntp_dynamics.studies.knowledge_gradient.kernel.draws import REWARD, key_of, normal
from ntp_dynamics.studies.knowledge_gradient.theory import rates
from tests.studies.knowledge_gradient.made import bandit, walk

NUMBERS = {"kg": march.KG, "ikg_integral": march.IKG, "ikg_plain": march.IKG_PLAIN}
POLICIES = [p for p in range(march.ORACLE) if p != march.TTTS]
TEN = {"mean": range(1, 11), "variance": [36] * 10}


def test_in_the_fluid_policies_pull_the_golden_sequences(golden):
    for case in golden["fluid"]:
        arms, n0, length = bandit(case), case["n0"], len(case["sequence"])
        first = n0 * arms.arms
        before = walk(NUMBERS[case["index"]], arms, 0, first, n0=n0, fluid=True)[1]
        pulled = []
        for n in range(first + 1, first + length + 1):
            _, now = walk(NUMBERS[case["index"]], arms, 0, n, n0=n0, fluid=True)
            pulled.append(int((now - before)[0].argmax()))
            before = now
        assert pulled == case["sequence"]


@pytest.mark.parametrize("policy", POLICIES)
def test_where_a_run_stands_depends_on_no_other_run_and_on_no_cut(policy):
    arms = bandit(TEN)
    together = walk(policy, arms, [0, 1, 2], 300)
    alone = walk(policy, arms, [2], [7, 50, 51, 120, 300])
    for x, y in zip(together, alone, strict=True):
        assert x[2].tobytes() == y[0].tobytes()


@pytest.mark.parametrize("policy", [march.KG, march.IKG, march.IKG_PLAIN, march.TT_IDS])
def test_shifted_and_scaled_arms_are_pulled_alike(policy):
    _, pulls = walk(policy, bandit(TEN), [0, 1, 2], 400)
    moved = {"mean": 2.0 * np.arange(1, 11) + 64, "variance": [144] * 10}
    assert (walk(policy, bandit(moved), [0, 1, 2], 400)[1] == pulls).all()


@pytest.mark.parametrize("policy", [march.KG, march.IKG, march.OCBA])
def test_in_the_fluid_permuted_arms_have_permuted_shares(policy):
    given = {"mean": [1.0, 0.6, 0.1], "variance": [1.03, 2.0, 0.5]}
    order = [2, 0, 1]
    permuted = {name: [x[i] for i in order] for name, x in given.items()}
    straight = walk(policy, bandit(given), 0, 3000, fluid=True)[1][0]
    other = walk(policy, bandit(permuted), 0, 3000, fluid=True)[1][0]
    assert np.abs(straight[order] - other).max() <= 1


def test_all_policies_see_the_same_rewards():
    """After equal numbers of pulls of an arm its estimate is the same, whoever pulled."""
    arms = bandit(TEN)
    seen: dict[tuple[int, int], set[float]] = {}
    for policy in POLICIES:
        m, t = walk(policy, arms, 4, 60)
        for i in range(arms.arms):
            seen.setdefault((i, int(t[0, i])), set()).add(float(m[0, i]))
    shared = list(seen.values())
    assert len(seen) < arms.arms * len(POLICIES)
    assert all(len(values) == 1 for values in shared)


def test_equal_allocation_is_wrong_as_often_as_its_exact_probability_says(golden):
    """20,000 runs, inside the 99.9 % interval of Wilson."""
    runs, z = 20_000, 3.2905
    for case in golden["equal_allocation_pfs"]:
        if case["n"] > 600:
            continue
        arms = bandit(golden["rates"][case["instance"]])
        m, _ = walk(march.EQUAL, arms, np.arange(runs), case["n"])
        p = (m.argmax(axis=1) != arms.best).mean()
        centre = (p + z * z / (2 * runs)) / (1 + z * z / runs)
        half = z * np.sqrt(p * (1 - p) / runs + z * z / (4 * runs**2)) / (1 + z * z / runs)
        assert abs(centre - case["pfs"]) < half


def test_estimated_variances_are_those_of_the_rewards_so_far():
    arms = bandit({"mean": [0.0, 1.0], "variance": [4.0, 1.0]})
    shape = (1, 2)
    m, t, sq = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    ends = (key_of(0), np.array([5]), 0, 60, 5, False, True)
    march.march(march.KG, arms.mu, arms.v, 0.0, arms.v, *ends, m, t, sq)
    for i in range(2):
        draws = [normal(key_of(0), REWARD, 5, i, j) for j in range(int(t[0, i]))]
        rewards = arms.mu[i] + np.sqrt(arms.v[i]) * np.array(draws)
        assert m[0, i] == pytest.approx(rewards.mean(), rel=1e-12)
        assert sq[0, i] / (t[0, i] - 1) == pytest.approx(rewards.var(ddof=1), rel=1e-12)


def test_top_two_policies_pull_the_best_arm_half_of_the_time():
    arms = bandit({"mean": [1.0, 0.6, 0.1], "variance": [1.0, 2.0, 0.5]})
    for policy in (march.TTEI, march.TTTS):
        _, t = walk(policy, arms, [0], 1500)
        assert t[0, 0] / 1500 == pytest.approx(0.5, abs=0.06)


def test_the_oracle_and_tracking_reach_the_best_shares_to_a_few_pulls():
    arms = bandit({"mean": [1.0, 0.6, 0.1], "variance": [1.0, 2.0, 0.5]})
    best = rates.optimum(arms)
    for policy in (march.ORACLE, march.TRACK):
        _, t = walk(policy, arms, 0, 20_000, fluid=True, shares=best.shares)
        assert np.abs(t[0] - 20_000 * best.shares).max() < 3
        assert rates.rate(arms, t[0] / 20_000) == pytest.approx(best.rate, rel=1e-3)
