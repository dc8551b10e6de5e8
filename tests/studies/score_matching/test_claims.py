"""Every claim on a small job, as its table expects; and what makes each of them fail."""

import math

import numpy as np
import pytest

from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.studies.score_matching.dynamics import descent
from ntp_dynamics.studies.score_matching.theory import clump, far
from tests.studies.score_matching import made

LINE = ("phases=[descent]", "model.dim=1")
JOBS = {
    "usual": (*made.STUDY.smoke, "runs=1"),
    "ball": (*LINE, "runs=2", "init={kind:ball,radius:0.06}", "train={step_size:0.5,steps:20000}"),
    "averaged ball": (
        *("phases=[averaged]", "runs=2", "model={students:3,dim:1}", "init={kind:ball,radius:0.1}"),
        *("averaged={step_size:0.5,steps:10000}", "noise.t=[0,0.5]"),
    ),
    "small": made.STUDY.smoke_more[1],
    "necessity": made.STUDY.smoke_more[2],
    "random": (
        *(*LINE, "runs=48", "init={kind:gaussian,distance:10.0}", "model.students=3"),
        *("train={step_size:0.1,steps:400}", "hooks.scalars=ends"),
    ),
    "printed": (
        *(*LINE, "runs=48", "init={kind:gaussian,distance:2e12}", "model.students=2"),
        *("train={step_size:0.3,steps:200}", "hooks.scalars=ends"),
    ),
    "amplify": (*LINE, "runs=2", "init={distance:2.0,log_spread:-11.5}", "train.steps=2000"),
}
EXPECTED = {
    ("ball", "sm.ball.loss (text)"): "faster",
    ("ball", "sm.ball.all (text)"): "holds",
    ("ball", "sm.ball.sharp (descent)"): "tight",
    ("averaged ball", "sm.ball.sharp (averaged)"): "tight",
    ("usual", "sm.stationary (text)"): "tight",
    ("usual", "sm.stationary (saddle)"): "tight",
    ("small", "sm.small.all (text)"): "holds",
    ("small", "sm.small.rate (text)"): "faster",
    ("necessity", "sm.necessity (text)"): "holds",
    ("necessity", "sm.necessity (others)"): "holds",
    ("amplify", "sm.clump.amplify (text)"): "tight",
    ("usual", "sm.clump.phase (text)"): "holds",
    ("usual", "sm.average (count)"): "holds",
    ("usual", "sm.average (rate)"): "inconclusive",  # its descent is a short one
    ("random", "sm.random.one (printed)"): "does not apply",
    ("random", "sm.random.one (desk)"): "holds",
    ("random", "sm.random.nearest (text)"): "tight",
    ("printed", "sm.random.one (printed)"): "inconclusive",  # it takes 1e4 runs
    ("usual", "sm.far.upper (text)"): "faster",
    ("usual", "sm.random.lower (text)"): "holds",
    ("usual", "sm.far.sharp (1e4)"): "tight",
    ("usual", "sm.far.sharp (2e6)"): "tight",
    ("usual", "sm.far.exponent (upper)"): "tight",
    ("usual", "sm.far.exponent (lower)"): "tight",
}


@pytest.fixture(scope="module")
def jobs():
    """What claims are made of, and what was recorded, of every job that is asked for."""
    kept = {}

    def measured(name):
        if name not in kept:
            kept[name] = made.measured(*JOBS[name])
        return kept[name]

    return measured


def test_every_claim_is_expected_to_be_something():
    assert {key for _, key in EXPECTED} == {f"{c.id} ({c.version})" for c in made.STUDY.claims}


@pytest.mark.parametrize(("name", "key"), EXPECTED)
def test_a_claim_reads_as_its_table_says(name, key, jobs):
    assert made.labels(*jobs(name), key) == {key: EXPECTED[name, key]}


OFF = {
    "single": lambda y: 0 * y,
    "log_loss": lambda y: 0 * y,
    "far_min": lambda y: 1 / y,
    "agreement": lambda y: 0.5 * y,
    "max_distance": lambda y: y + 0.1,
}
"""What is against the law of an observable; else it is off by a half."""


@pytest.mark.parametrize(("name", "key"), [k for k, v in EXPECTED.items() if v != "does not apply"])
def test_a_claim_is_contradicted_where_its_observable_is_off(name, key, jobs):
    constants, tree = jobs(name)
    (claim,) = (c for c in made.STUDY.claims if key == f"{c.id} ({c.version})")
    if claim.side == "lower" and claim.observable == "log_loss":
        change = lambda y: y - 2 * np.arange(y.shape[1]) / 10  # noqa: E731
    else:
        change = OFF.get(claim.observable, lambda y: y + 0.5)
    copy = tree.copy(deep=True)
    variable = copy.children[claim.stage].dataset[claim.observable]
    variable.values[...] = change(variable.values)
    (judged,) = judge_claims(copy, constants, [claim])
    assert str(judged.verdict.label) == "contradicted"


def test_at_the_papers_horizon_the_tail_cannot_be_seen():
    """2e4 steps, s = 200: a flow that ends there is judged by none of its claims."""
    found = made.verdicts("phases=[flow]", "flow.path_length=200", "runs=1", "init.kind=far")
    assert not any(key.startswith("sm.far") for key in found)


def test_averaging_saves_nothing_where_levels_are_apart_and_the_claim_does_not_say_it_would():
    wide = ("phases=[descent,averaged]", "runs=1", "noise.t=[0,2]", "train.step_size=0.05")
    constants, tree = made.measured(*wide, "train.steps=4000", "averaged.steps=20000")
    assert "sm.average (count)" not in made.labels(constants, tree)
    assert tree.children["averaged"].dataset["count"].values[0, -1] == 1
    assert abs(tree.children["averaged"].dataset["running_exponent"].values[0, -1]) < 0.01
    assert math.exp(tree.children["averaged"].dataset["log_loss"].values[0, -1]) == pytest.approx(
        0.2154, abs=1e-3
    )


def test_a_coarse_grid_is_no_evidence():
    coarse = ("expectation.exponent=3", "init={kind:far,distance:14.0}", "flow.path_length=1e5")
    found = made.verdicts("phases=[flow]", "runs=1", "model={students:2,dim:1}", *coarse)
    assert set(found.values()) <= {"invalid", "inconclusive"}
    fine = made.measured("phases=[flow]", "runs=1", "model={students:2,dim:1}", *coarse[1:])
    assert fine[1]["flow"]["quadrature_error"].max() < 1e-5


# --- defects in what is computed, which a claim notices ------------------------------------------


def _half_amplified(monkeypatch):
    """A clump that grows by 2 eta A^2/n, not 4."""
    real = descent._drift
    monkeypatch.setattr(
        descent, "_drift", lambda c, s, z, shrink, grow, n: real(c, s, z, shrink, grow / 2, n)
    )


def _another_amplification(monkeypatch):
    """Maps whose ln K is off by 2 % a unit of distance."""
    real = clump.log_amplification
    from ntp_dynamics.studies.score_matching import phases

    monkeypatch.setattr(
        phases, "log_amplification", lambda m, eta, n: real(m, eta, n) * (1 - 0.02 * m)
    )


def _plain_distance(monkeypatch):
    """The law of the tail with r^2 for r^2 - 16."""
    monkeypatch.setattr(
        far, "compensated", lambda log_loss, s, r, n: np.exp(log_loss) * s * r**2 / (16 * (n - 1))
    )


def _no_share_of_scale(monkeypatch):
    """A gradient of the averaged loss without its e^-t, where a clump is descended."""
    from ntp_dynamics.studies.score_matching.dynamics.task import Task

    monkeypatch.setattr(
        Task, "moment", lambda self, power: float((self.shares * self.scales).sum())
    )


DEFECTS = {
    "half amplified": (_half_amplified, "amplify tight", "sm.clump.amplify (text)"),
    "another K": (_another_amplification, "usual", "sm.clump.phase (text)"),
    "r^2": (_plain_distance, "usual", "sm.far.sharp (1e4)"),
    "no e^-4t": (_no_share_of_scale, "averaged ball", "sm.ball.sharp (averaged)"),
}
TIGHT = (*LINE, "runs=1", "init={distance:2.0,log_spread:-21.0}", "train.steps=2000")


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_noticed(defect, monkeypatch):
    plant, name, key = DEFECTS[defect]
    plant(monkeypatch)
    constants, tree = made.measured(*JOBS.get(name, TIGHT))
    assert made.labels(constants, tree, key) == {key: "contradicted"}
