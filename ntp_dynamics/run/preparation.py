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
from ntp_dynamics.record.trees import FRAME
from ntp_dynamics.study import Phase, Problem, Study
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.proved import Proofs

if TYPE_CHECKING:
    import xarray

CLAIM, REST = 6_000, 20_000
"""Bytes of a claim in verdicts.json and laws.nc, and of everything else that is small."""
PER_PHASE = 8
"""Variables of a phase, and of the tables that come with it, that no hook measures."""


@dataclass(frozen=True)
class PreparedJob:
    """A job made ready: what is drawn, how it moves, what is measured and judged."""

    config: JobConfig
    study: Study
    problem: Problem
    phases: Sequence[Phase]
    hooks: Mapping[str, list[Hook]]
    claims: Sequence[Claim]

    @property
    def disk(self) -> int:
        """About how many bytes the record takes: numbers, what frames each variable, what each
        claim is told with, and the rest."""
        variables = PER_PHASE * len(self.phases) + sum(map(len, self.hooks.values()))
        framed = FRAME * variables + CLAIM * len(self.claims)
        return self.problem.disk + framed + REST

    def constants(self, tree: xarray.DataTree) -> Any:
        """What the claims are made of."""
        return self.study.constants(self.problem.known, tree)

    def proofs(self, tree: xarray.DataTree, constants: Any) -> Proofs | None:
        """What its states prove of later steps."""
        return self.study.proofs(self.problem.known, tree, constants)


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
    hooks = hooks_of(config.hooks, outlines, study.observables_of(config), added.observables)
    problem = study.prepare(config, hooks)
    every = [*study.claims_of(config), *added.claims]
    hooks = study.measured(problem, hooks)
    return PreparedJob(config, study, problem, study.phases(problem), hooks, every)
