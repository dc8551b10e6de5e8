"""What of a record reaches the judge, and what of his verdicts reaches the tables."""

import math

import numpy as np
import pytest
import xarray as xr

from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.observe.quantity import Quantity
from ntp_dynamics.record.outcome import summary as told
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.theory.constants import recorded_for_laws
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law

RUNS = 6
STEPS = np.concatenate([[0], np.unique(np.round(np.geomspace(1, 100_000, 260)))])
LN_EPS = -52 * math.log(2)


def tree_of(residual=0.0, stage="attention", **scalars):
    """A record of one stage; a scalar is a function of (run, step), nan at step 0."""
    run, step = np.meshgrid(np.arange(RUNS), STEPS, indexing="ij")
    with np.errstate(all="ignore"):
        values = {name: f(run, step) for name, f in scalars.items()}
    values["zero_sum_residual"] = np.broadcast_to(residual, run.shape)
    data = {name: (("run", "step"), np.where(step > 0, x, np.nan)) for name, x in values.items()}
    data["zero_sum_residual"] = (("run", "step"), values["zero_sum_residual"])
    dataset = xr.Dataset(data, coords={"step": STEPS.astype(int)})
    for o in BUILT_IN:
        if o.name in dataset and o.measured_in(stage):
            dataset[o.name].attrs |= o.attributes
    return xr.DataTree.from_dict({"/": xr.Dataset(coords={"run": range(RUNS)}), stage: dataset})


def claim(observable="norm_kq", law=None, **changes):
    law = Law.power(1) if law is None else law
    words = dict.fromkeys(("statement", "source"), "as tested") | {"version": "text"}
    given = {"id": "a.claim", "stage": "attention", "observable": observable, "law": law, **words}
    return Claim(**(given | changes))


def labels_of(tree, *claims):
    return [j.verdict.label for j in judge_claims(tree, None, claims, "zero_sum_residual")]


def summary(tree, judged):
    return told(tree, ["feed_forward", "attention"], [j.to_json() for j in judged])


def one_over_t(run, step):
    return (1 + 0.1 * run) / step


def broken_late(run, step):
    return one_over_t(run, step) * np.where(step > 30_000, 1e6, 1.0)


BOUND = claim(constant=math.log(2.0))


def test_a_run_counts_up_to_the_step_where_its_residual_passes_the_limit():
    late = STEPS > 30_000
    assert labels_of(tree_of(norm_kq=broken_late), BOUND) == ["contradicted"]
    noise = np.where(late, 0.01, 0.0)
    assert labels_of(tree_of(noise, norm_kq=broken_late), BOUND) == ["tight"]
    everywhere = np.full(STEPS.size, 0.01)
    assert labels_of(tree_of(everywhere, norm_kq=broken_late), BOUND) == ["invalid"]


def test_step_0_is_not_judged_and_step_1_is():
    """Zero weights have no direction: the record has nan there."""
    assert labels_of(tree_of(norm_kq=one_over_t), BOUND) == ["tight"]
    early = tree_of(norm_kq=lambda run, step: one_over_t(run, step) * np.where(step > 1, 1.0, 9.0))
    assert labels_of(early, BOUND) == ["contradicted"]


def test_the_floor_of_a_direction_gap_is_eps_squared_a_step():
    attributes = {o.name: o.attributes for o in BUILT_IN}

    def log_floor(name, steps):
        return Quantity(name, attributes[name]).log_floor(steps)

    assert log_floor("direction_gap_kq", 1) == pytest.approx(2 * LN_EPS)
    assert log_floor("direction_gap_ov", 5000) == pytest.approx(2 * LN_EPS + math.log(5000))
    for name in ("norm_kq", "log_loss", "attention_mass_min"):
        assert log_floor(name, 5000) is None


def test_values_below_the_floor_break_no_bound_and_all_others_may():
    """eps^2 times 1e5 steps times 100: what lies below 4.9e-25 says nothing."""

    def flat(height):
        return lambda run, step: np.full(step.shape, height)

    def labels(height):
        tree = tree_of(direction_gap_kq=flat(height), norm_kq=flat(height))
        law = Law.envelope(math.log(1e-30))
        given = {"law": law, "constant": 0.0}
        return labels_of(tree, claim("direction_gap_kq", **given), claim("norm_kq", **given))

    assert labels(4.8e-25) == ["holds", "contradicted"]
    assert labels(5.0e-25) == ["contradicted", "contradicted"]


def test_an_observable_that_is_a_log_already_is_taken_as_it_is():
    tree = tree_of(log_leak=lambda run, step: -step, norm_kq=lambda run, step: np.exp(-step))
    law = Law.exponential(0.5)
    assert labels_of(tree, claim("log_leak", law), claim("norm_kq", law)) == ["faster", "faster"]
    rising = tree_of(log_leak=lambda run, step: np.log(step), norm_kq=lambda run, step: step)
    kept = Law.linear_growth(0.5, 2.0)
    assert labels_of(rising, claim("log_leak", kept), claim("norm_kq", kept)) == ["holds", "holds"]
    assert labels_of(rising, claim("log_leak", Law.envelope(5.0), constant=0.0)) == ["contradicted"]


def test_each_claim_is_held_against_its_own_stage_and_observable():
    """Both stages have a loss; the one of attention falls too slowly."""
    attention = tree_of(log_loss=lambda run, step: -0.5 * np.log(step))
    first = tree_of(stage="feed_forward", log_loss=lambda run, step: -np.log(step))
    tree = xr.DataTree.from_dict(
        {
            "/": xr.Dataset(coords={"run": range(RUNS)}),
            "feed_forward": first["feed_forward"].to_dataset(),
            "attention": attention["attention"].to_dataset(),
        }
    )
    on_attention = claim("log_loss", constant=0.0)
    on_first = claim("log_loss", constant=0.0, stage="feed_forward")
    assert labels_of(tree, on_first, on_attention) == ["tight", "contradicted"]


def test_a_claim_about_a_stage_that_was_not_trained_does_not_apply():
    trained = Precondition("trained", lambda constants: False, "the stage was not trained")
    other = claim(stage="feed_forward", preconditions=(trained,))
    assert labels_of(tree_of(norm_kq=one_over_t), other) == ["does not apply"]


def test_laws_refer_to_what_the_attention_stage_recorded_from_step_1_on():
    tree = tree_of(attention_mass_min=lambda run, step: run + 1 / step)
    logits = np.random.default_rng(0).standard_normal((RUNS, 4, 4))
    axes = ("run", "next", "key")
    tree["attention"] = tree["attention"].assign(logits=xr.Variable(axes, logits))
    observed = recorded_for_laws(tree)
    expected = np.arange(RUNS)[:, None] + 1 / STEPS[1:]
    np.testing.assert_array_equal(observed["attention_mass_min"], expected)
    np.testing.assert_array_equal(observed["logits"], logits)
    assert recorded_for_laws(tree_of(stage="feed_forward", log_loss=one_over_t)) == {}


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_versions_the_table_shows_the_least_favourable(order):
    """5 / t holds and 0.5 / t is broken; a claim that is not in doubt stands beside them."""
    tree = tree_of(norm_kq=one_over_t)
    versions = [claim(constant=math.log(c), version=str(c)) for c in (5.0, 0.5)][::order]
    other = claim(id="another.claim", constant=math.log(2.0))
    found = summary(tree, judge_claims(tree, None, [*versions, other]))
    assert found["labels"] == {"a.claim": "contradicted", "another.claim": "tight"}


def test_p_values_are_told_the_least_of_all_versions():
    """A slope of -1/2 contradicts t^-1 the most clearly, t^-0.7 the least."""
    noise = np.random.default_rng(0).standard_normal((RUNS, STEPS.size))

    def slow(run, step):
        return step**-0.5 * np.exp(0.3 * noise)

    tree = tree_of(norm_kq=slow)
    versions = [claim(law=Law.power(p), version=str(p)) for p in (0.7, 1.0, 0.8)]
    judged = judge_claims(tree, None, versions)
    p_values = [j.verdict.p_contradicted for j in judged]
    assert len(set(p_values)) == 3
    found = summary(tree, judged)["p_contradicted"]
    assert found == {"a.claim": p_values[1]} == {"a.claim": min(p_values)}
    assert 0 < p_values[1] < p_values[2] < p_values[0] < 0.05
    broken = claim(constant=-20.0, version="with a constant")
    assert summary(tree, judge_claims(tree, None, [*versions, broken]))["p_contradicted"] == {
        "a.claim": 0.0
    }
    short = claim(t_min=10_000)
    assert summary(tree, judge_claims(tree, None, [short]))["p_contradicted"] == {}


def test_the_final_value_of_a_scalar_is_the_median_over_the_runs():
    tree = tree_of(norm_kq=lambda run, step: run**2 * step)
    final = summary(tree, [])["final"]
    assert final["attention.norm_kq"] == (4 + 9) / 2 * 100_000
    gone = tree_of(norm_kq=lambda run, step: np.where(run > 1, np.nan, step))
    assert summary(gone, [])["final"]["attention.norm_kq"] is None
