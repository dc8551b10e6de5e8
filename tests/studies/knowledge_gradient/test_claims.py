"""Claims hold of what they speak of, and each is contradicted by a planted defect."""

import numpy as np
import pytest

from ntp_dynamics.studies.knowledge_gradient.claims import CLAIMS
from ntp_dynamics.studies.knowledge_gradient.kernel import shares
from ntp_dynamics.studies.knowledge_gradient.theory import rates
from tests.studies.knowledge_gradient.made import labels, measured


@pytest.fixture(scope="module")
def three():
    """Three arms, n Gamma* = 81 at the end."""
    policies = "policies=[equal,kg,ikg,ikg_plain,ikg_variance_only,ocba,ttei,tt_ids]"
    sizes = ("runs=64", "budget=6000", "fluid_budget=20000")
    return measured("instance=three", policies, *sizes)


EXPECTED = {
    ("kg.optimum", "ikg"): "holds",
    ("kg.suboptimal", "formulas"): "holds",
    ("kg.rate", "posterior, kg"): "tight",
    ("kg.shares", "shares, kg"): "tight",
    ("ikg.rate.printed", "fluid, ikg_plain"): "contradicted",
    ("ikg.rate.sharp", "posterior, ikg"): "tight",
    ("ikg.rate.sharp", "fluid, ikg"): "tight",
    ("ikg.rate.sharp", "fluid, ikg_plain"): "tight",
    ("ikg.rate.sharp", "shares, ikg_plain"): "tight",
    ("ikg.rate.sharp", "shares, ikg_variance_only"): "tight",
    ("ocba.rate", "posterior, ocba"): "tight",
    ("ttei.rate", "posterior, ttei"): "tight",
    ("ttids.rate", "posterior, tt_ids"): "tight",
    ("ikg.bai.pfs", "ikg"): "does not apply",
}


def test_claims_have_their_expected_verdicts(three):
    found = labels(CLAIMS, *three)
    assert {key: found[key] for key in EXPECTED} == EXPECTED
    wrong = {key for key, label in found.items() if label == "contradicted"}
    assert wrong == {("ikg.rate.printed", "fluid, ikg_plain")}


def changed(three, stage, name, change):
    constants, tree = three
    copy = tree.copy(deep=True)
    variable = copy[stage][name]
    variable.values[...] = change(variable.values)
    return labels(CLAIMS, constants, copy)


PLANTED = [
    ("kg", "rate", lambda x: x + 0.3, ("kg.rate", "posterior, kg")),
    ("ikg", "rate", lambda x: x - 0.3, ("ikg.rate.sharp", "posterior, ikg")),
    ("ocba", "rate", lambda x: 0.7 * x, ("ocba.rate", "posterior, ocba")),
    ("ttei", "rate", lambda x: 0.7 * x, ("ttei.rate", "posterior, ttei")),
    ("tt_ids", "rate", lambda x: 1.4 * x, ("ttids.rate", "posterior, tt_ids")),
    ("ikg", "allocation_gap", lambda x: x - 1.0, ("kg.optimum", "ikg")),
    ("fluid_kg", "share", lambda x: x[..., ::-1], ("kg.shares", "shares, kg")),
    ("fluid_ikg", "rate", lambda x: x - 0.003, ("ikg.rate.sharp", "fluid, ikg")),
    ("kg", "predicted_rate", lambda x: x + 0.2, ("kg.suboptimal", "formulas")),
    ("equal", "false_selection", lambda x: 1 - x, ("equal.pfs", "quadrature")),
]


@pytest.mark.parametrize(("stage", "name", "change", "claim"), PLANTED)
def test_a_planted_defect_is_contradicted(three, stage, name, change, claim):
    assert changed(three, stage, name, change)[claim] == "contradicted"


def test_the_shares_of_plain_ikg_contradict_the_law_of_the_others(three):
    """Planted: one variant's shares in another's record."""
    constants, tree = three
    for policy, kind in (("ikg", shares.PLAIN), ("ikg_plain", shares.OPTIMAL)):
        w = rates.balanced(constants.bandit, kind)
        found = changed((constants, tree), f"fluid_{policy}", "share", lambda x, w=w: 0 * x + w)
        assert found["ikg.rate.sharp", f"shares, {policy}"] == "contradicted"


@pytest.fixture(scope="module")
def pairs():
    """A hundred and fifty pulls on three arms, a thousand times."""
    sizes = ("runs=1000", "budget=200", "dynamics=simulated", "hooks.scalars=checkpoints")
    return measured("instance=three", "policies=[equal,kg,ikg,ikg_plain]", *sizes)


def test_equal_allocation_has_its_exact_false_selections(pairs):
    assert labels(CLAIMS, *pairs)["equal.pfs", "quadrature"] == "tight"
    doubled = changed(pairs, "equal", "false_selection", lambda x: np.roll(x, 2, axis=1))
    assert doubled["equal.pfs", "quadrature"] == "contradicted"


def test_pairs_tell_which_policy_is_ahead_and_rewards_of_other_runs_do_not(pairs):
    tree = pairs[1]
    assert labels(CLAIMS, *pairs)["ikg.bai.pfs", "ikg_plain"] in ("contradicted", "inconclusive")
    always = changed(pairs, "ikg", "ahead_of_kg", lambda x: np.where(np.isnan(x), 1.0, x))
    never = changed(pairs, "ikg", "ahead_of_kg", lambda x: np.where(np.isnan(x), 0.0, x))
    assert always["ikg.bai.pfs", "ikg"] == "holds"
    assert never["ikg.bai.pfs", "ikg"] == "contradicted"
    kg, ikg = (tree[name]["false_selection"].values[:, -1] for name in ("kg", "ikg"))
    apart, together = (np.roll(kg, 1) != ikg).mean(), (kg != ikg).mean()
    assert together < apart, "paired runs disagree less often than runs of other rewards"


@pytest.fixture(scope="module")
def sets():
    """Four arms, the second nearly the best."""
    more = ("runs=1", "dynamics=fluid", "fluid_budget=800000", "hooks.scalars=checkpoints")
    return measured("instance=near_tie", "problem=eps_good", "policies=[ikg,oracle]", *more)


def test_near_a_tie_the_printed_rate_of_the_set_is_contradicted_and_the_exact_one_is_not(sets):
    found = labels(CLAIMS, *sets)
    assert found["ikgeps.rate.printed", "the set"] == "contradicted"
    assert found["ikgeps.rate.printed", "fluid, ikg"] == "tight"
    assert found["ikgeps.rate.exact", "the set"] == "tight"
    wrong = changed(sets, "fluid_eps_ikg", "set_rate", lambda x: 0 * x + 1)
    assert wrong["ikgeps.rate.exact", "the set"] == "contradicted"


def test_thresholds_are_told_at_the_best_rate():
    more = ("runs=64", "budget=6000", "fluid_budget=20000", "hooks.scalars=checkpoints")
    job = measured("instance=five_by_two", "problem=feasible", "policies=[ikg,ikg_plain]", *more)
    assert set(labels(CLAIMS, *job).values()) == {"tight"}
    equal = changed(job, "fluid_feasible_ikg", "share", lambda x: 0 * x + 0.2)
    assert equal["ikgf.rate", "shares, ikg"] == "contradicted"
