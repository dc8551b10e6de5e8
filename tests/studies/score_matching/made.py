"""Jobs of this study measured and judged by the lab, without a record on the disk."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.run.training import train_phases
from ntp_dynamics.studies import find
from ntp_dynamics.system.stops import Interrupt

STUDY = find("score_matching")


def job(*overrides: str) -> PreparedJob:
    """As the command would make it."""
    plain = ("study=score_matching", "tracking=none", "figures=none")
    return prepare(read_config(compose_job([*plain, *overrides])))


def moved(*overrides: str, phase: int = 0) -> Any:
    """The state at the end of a phase, from the start."""
    made = job(*overrides)
    dynamics = made.phases[phase].start({})
    dynamics.advance(made.phases[phase].outline.horizon, np.zeros(0, dtype=np.int64))
    return dynamics.state()


def measured(*overrides: str) -> tuple[Any, xarray.DataTree]:
    """What claims are made of, and everything that was recorded."""
    made = job(*overrides)
    trained = train_phases(made, lambda steps, *_: iter(steps), Interrupt())
    assert trained.failure is None
    tree = trained.tree(made.problem.tables())
    return made.constants(tree), tree


def labels(constants: Any, tree: xarray.DataTree, *named: str) -> dict[str, str]:
    """What the lab says, by claim and version; of all that apply, or those that are named."""
    found = judge_claims(tree, constants, STUDY.claims, STUDY.residual)
    every = {f"{j.claim.id} ({j.claim.version})": str(j.verdict.label) for j in found}
    if named:
        return {key: every[key] for key in named}
    return {key: label for key, label in every.items() if label != "does not apply"}


def verdicts(*overrides: str) -> dict[str, str]:
    """Of a job."""
    return labels(*measured(*overrides))


def points(mu: Iterable[Iterable[float]], path: Any) -> str:
    """A csv of starts; the override that names it."""
    path.write_text("".join(",".join(map(repr, row)) + "\n" for row in mu))
    return f"init={{kind:points,points:'{path}'}}"
