"""What the lab says of runs of the study: claims kept where they hold, broken where they do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.training import train_phases
from ntp_dynamics.studies.federated.claims import CLAIMS, NAMES
from ntp_dynamics.studies.federated.theory.estimator import Oracle
from ntp_dynamics.system.stops import Interrupt

SMALL = [
    *("study=federated", "tracking=none", "runs=400", "clients=4", "samples=8", "dim=4"),
    *("participants=2", "local_steps=2", "test_samples=25", "rounds=450", "t0=30", "c=3"),
    *("copies.clients=2", "copies.samples=[6,12]", "copies.rounds=40", "copies.local_steps=2"),
    *("copies.replaced=4", "copies.draws=2", "limit.ratios=[0.5,1.0]", "estimator.draws=100"),
]
HOLDS = {"tight", "holds", "faster"}


def measured(*overrides: str) -> tuple[Any, xarray.DataTree, list[Any]]:
    """Constants, record and claims of a job."""
    job = prepare(read_config(compose_job([*SMALL, *overrides])))
    trained = train_phases(job, lambda steps, *_: iter(steps), Interrupt())
    assert trained.failure is None
    tree = trained.tree(job.problem.tables())
    return job.constants(tree), tree, list(job.claims)


def labels(constants: Any, tree: xarray.DataTree, claims: list[Any]) -> dict[str, str]:
    """What the lab says, by claim and version."""
    found = judge_claims(tree, constants, claims)
    return {f"{j.claim.id} ({j.claim.version})": str(j.verdict.label) for j in found}


@pytest.fixture(scope="module")
def job():
    return measured()


def test_every_claim_of_a_job_holds_or_does_not_apply(job):
    said = labels(*job)
    silent = {name for name, label in said.items() if label == "does not apply"}
    assert silent == {"fz.moments.async (quadratic)", "fz.floor (quadratic)"}
    assert {said[name] for name in said.keys() - silent} <= HOLDS
    exact = ("fz.moments", "fz.rate", "fz.stability.exact", "fz.limit", "fz.delay", "fz.kappa")
    assert {said[name] for name in said if name.startswith(exact)} - {"does not apply"} == {"tight"}


def test_late_clients_and_constant_steps_are_judged_by_their_own_claims():
    still = ["schedule=constant", "step_size=0.1", "tasks=[quadratic]", "phases=[train]"]
    late = labels(*measured(*still, "staleness=3", "rounds=100"))
    assert late["fz.moments.async (quadratic)"] == "tight"
    assert late["fz.moments (quadratic)"] == "does not apply"
    prompt = labels(*measured(*still, "rounds=250"))
    assert prompt["fz.floor (quadratic)"] == prompt["fz.moments (quadratic)"] == "tight"
    assert prompt["fz.rate (quadratic)"] == "does not apply"


def test_bounded_losses_without_a_minimum_are_held_against_the_bound_for_any():
    said = labels(*measured("tasks=[sigmoid]", "phases=[copies]"))
    assert said["fz.stability.nonconvex (sigmoid)"] in HOLDS
    assert said["fz.gap (sigmoid)"] in HOLDS


BROKEN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "fz.moments": lambda y: y + 0.7,
    "fz.rate": lambda y: y - 0.7,
    "fz.kappa": lambda y: 1.2 * y,
    "fz.limit": lambda y: y * (1 + 1e-6),
    "fz.delay": lambda y: y * (1 + 1e-6),
    "fz.smoothing": lambda y: y * (1 + 1e-6),
    "fz.subweibull": lambda y: y + 1e-6,
    "fz.stability.exact": lambda y: y + 0.7,
    "fz.stability.path": lambda y: y + 3.0,
    "fz.stability.convex": lambda y: y + 6.0,
    "fz.stability.nonconvex": lambda y: np.where(np.isfinite(y), 60.0, y),
    "fz.stability.scale": lambda y: y * np.array([1.5, 0.5]),
    "fz.gap": lambda y: y + 5.0,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_differs_contradicts_its_claim(job, name):
    constants, tree, claims = job
    claim = [c for c in claims if c.id == name][-1]
    copy = tree.copy(deep=True)
    variable = copy[claim.stage].dataset[claim.observable]
    changed = BROKEN[name](variable.values)
    copy[claim.stage] = copy[claim.stage].dataset.assign(
        {claim.observable: (variable.dims, changed)}
    )
    assert labels(constants, copy, [claim])[f"{name} ({claim.version})"] == "contradicted"
    assert labels(constants, tree, [claim])[f"{name} ({claim.version})"] in HOLDS


DEFECTS = {
    "batch with replacement": {"mixing": lambda self, samples: 1 / self.batch},
    "kappa of Gaussian directions on the sphere": {"c": property(lambda self: 1 / 4)},
}


WIDE = ("tasks=[quadratic]", "phases=[train]", "batch=6")


@pytest.fixture(scope="module")
def wide():
    return measured(*WIDE)


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_of_the_recursion_is_a_contradiction(wide, defect, monkeypatch):
    constants, tree, claims = wide
    (claim,) = (c for c in claims if c.id == "fz.moments")
    assert labels(constants, tree, [claim])["fz.moments (quadratic)"] == "tight"
    for name, wrong in DEFECTS[defect].items():
        monkeypatch.setattr(Oracle, name, wrong)
    wrongly = prepare(read_config(compose_job([*SMALL, *WIDE]))).constants(tree)
    assert labels(wrongly, tree, [claim])["fz.moments (quadratic)"] == "contradicted"


def test_reported_theorems_are_judged_nowhere():
    assert not any(name.startswith(("fz.fang", "fz.chen")) for name in NAMES)
    assert {c.kind for c in CLAIMS} == {"derived"}
    evaluated = {c.id for c in CLAIMS if c.evaluated}
    assert evaluated == {"fz.limit", "fz.subweibull", "fz.smoothing", "fz.delay"}


def test_beyond_the_dimensions_of_exact_moments_claims_that_need_them_do_not_apply():
    few = ("dim=25", "runs=2", "rounds=3", "tasks=[quadratic]", "phases=[train]")
    constants, tree, claims = measured(*few)
    said = labels(constants, tree, claims)
    assert said["fz.moments (quadratic)"] == said["fz.floor (quadratic)"] == "does not apply"
    assert "log_excess_exact" not in tree["theory"]
    with pytest.raises(ValueError, match="beyond 24 dimensions"):
        constants.problem.exact_excess((1,))
