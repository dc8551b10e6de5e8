"""Jobs of this study measured and judged by the lab, without a record on the disk."""

from collections.abc import Iterable
from typing import Any

import xarray

from ntp_dynamics.config.tracking import NoTracking
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.training import train_phases as train
from ntp_dynamics.studies.attractor.config import AttractorConfig
from ntp_dynamics.system.stops import Interrupt
from ntp_dynamics.verdict.claim import Claim


def config(**fields: Any) -> AttractorConfig:
    """A configuration as the command would make it."""
    return AttractorConfig(study="attractor", tracking=NoTracking(), **fields)


def measured(made: AttractorConfig) -> tuple[Any, xarray.DataTree]:
    """What claims are made of, and everything that was recorded."""
    job = prepare(made)
    trained = train(job, lambda steps, *_: iter(steps), Interrupt())
    assert trained.failure is None, trained.failure
    tree = trained.tree(job.problem.tables())
    return job.constants(tree), tree


def labels(claims: Iterable[Claim], constants: Any, tree: xarray.DataTree) -> dict[str, str]:
    """What the lab says, by claim and version."""
    found = judge_claims(tree, constants, claims)
    return {f"{j.claim.id} ({j.claim.version})": str(j.verdict.label) for j in found}


def changed(tree: xarray.DataTree, claim: Claim, change: Any) -> xarray.DataTree:
    """A copy in which the observable of a claim is another function of itself."""
    copy = tree.copy(deep=True)
    variable = copy[claim.stage][claim.observable]
    variable.values[...] = change(variable.values)
    return copy
