"""A job made ready: what is drawn, how it moves, what is measured and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ntp_dynamics import studies
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.observe.hooks import Hook, hooks_of
from ntp_dynamics.observe.modules import load_additions
from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.study import Phase, Problem, Study
from ntp_dynamics.verdict.claim import Claim

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class PreparedJob:
    """A job made ready: what is drawn, how it moves, what is measured and judged."""

    config: JobConfig
    study: Study
    problem: Problem
    phases: Sequence[Phase]
    hooks: Mapping[str, list[Hook]]
    claims: Sequence[Claim]

    def constants(self, tree: xarray.DataTree) -> Any:
        """What the claims are made of."""
        return self.study.constants(self.problem.known, tree)


def prepare(
    config: JobConfig, observables: Sequence[Observable] = (), claims: Sequence[Claim] = ()
) -> PreparedJob:
    """Make a job ready.  ``observables`` and ``claims`` come beside those of the study and of
    `hooks.modules`.

    Raises UserError for data or modules that cannot be used, or a job that does not fit in memory.
    """
    study = studies.find(config.study)
    outlines = study.outline(config)
    added = load_additions(study, outlines, config.hooks.modules, observables, claims)
    hooks = hooks_of(config.hooks, outlines, study.observables, added.observables)
    problem = study.prepare(config, hooks)
    every = [*study.claims_of(config), *added.claims]
    return PreparedJob(config, study, problem, study.phases(problem), hooks, every)
