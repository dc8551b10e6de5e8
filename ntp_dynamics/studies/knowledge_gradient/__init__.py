"""Knowledge gradient and improved knowledge gradient: which arm is best, on a fixed budget.

"Improving the Knowledge Gradient Algorithm", NeurIPS 2023 (arXiv 2310.17901), of which the texts of
theorems could not be read: what is claimed here was derived again, and says so.

k arms give normal rewards of means mu_i and variances s_i^2.  With a flat prior theta_i is
N(m_i, V_i) after T_i pulls, V_i = s_i^2/T_i; b is the best.  Axis letters: R runs, k arms, M
measures of an arm.  A policy is a phase; its clock counts pulls, the n0 of every arm at the start
included.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.study import Outline, Phase, Study
from ntp_dynamics.view import View

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.system.errors import UserError


class KnowledgeGradient(Study):
    """Policies that spend a budget of pulls to find the best arm."""

    name = "knowledge_gradient"
    title = "knowledge gradient and best-arm identification"
    returns = "ikg", "log_posterior_error"
    headline = "ikg."
    smoke = ("experiment=knowledge_gradient/smoke",)
    smoke_more = (
        (
            "experiment=knowledge_gradient/smoke",
            "policies=[ikg_plain,ikg_variance_only,ocba,ttei,tt_ids,track,oracle]",
        ),
        (
            *("experiment=knowledge_gradient/smoke", "problem=eps_good", "instance.epsilon=0.15"),
            "policies=[equal,kg,ikg,ikg_plain,tt_ids,oracle]",
            *("budget=10000", "fluid_budget=6000"),
        ),
        (
            *("experiment=knowledge_gradient/smoke", "problem=feasible", "instance=five_by_two"),
            *("policies=[equal,ikg,ikg_plain,ikg_variance_only,oracle]", "budget=5000"),
        ),
        (
            *("experiment=knowledge_gradient/smoke", "dynamics=simulated"),
            "policies=[kg,ikg,ikg_plain,ikg_variance_only,ocba,ttei,tt_ids]",
            *("runs=1000", "budget=160"),
        ),
    )

    @property
    def stages(self) -> tuple[str, ...]:
        from ntp_dynamics.studies.knowledge_gradient.config import every_stage

        return every_stage()

    @property
    def config(self) -> type:
        from ntp_dynamics.studies.knowledge_gradient.config import KnowledgeGradientConfig

        return KnowledgeGradientConfig

    @property
    def groups(self) -> Mapping[str, Mapping[str, type]]:
        from ntp_dynamics.studies.knowledge_gradient.config import GROUPS

        return GROUPS

    def check(self, config: Any) -> Sequence[UserError]:
        from ntp_dynamics.studies.knowledge_gradient.rules import mistakes

        return mistakes(config)

    def look(self, config: Any) -> None:
        _read(config)

    def needs(self, config: Any) -> Hashable:
        from ntp_dynamics.studies.knowledge_gradient.config import FileInstance

        of_file = isinstance(config.instance, FileInstance)
        path = config.instance.path if of_file else ""
        return path, config.policy_file, config.problem, config.n0, config.budget

    def modules(self, config: Any) -> Sequence[str]:
        return [f"{__name__}.problem"]

    def outline(self, config: Any) -> Sequence[Outline]:
        from ntp_dynamics.studies.knowledge_gradient.problem import outlines

        return outlines(config)

    def prepare(self, config: Any, hooks: Mapping[str, Sequence[Any]]) -> Any:
        from ntp_dynamics.observe.hooks import record_size
        from ntp_dynamics.studies.knowledge_gradient.problem import prepared
        from ntp_dynamics.system.memory import make_room

        bare = prepared(config, *_read(config))
        disk = sum(record_size(due, bare.axes) for due in hooks.values())
        problem = replace(bare, disk=disk)
        remedy = "use fewer runs, or measure less often (hooks=light)"
        make_room({"runs": (problem.memory, remedy)})
        return problem

    def phases(self, problem: Any) -> Sequence[Phase]:
        from ntp_dynamics.studies.knowledge_gradient.problem import phases

        return phases(problem)

    @property
    def observables(self) -> Sequence[Any]:
        from ntp_dynamics.studies.knowledge_gradient.observables import OBSERVABLES

        return OBSERVABLES

    @property
    def claims(self) -> Sequence[Any]:
        from ntp_dynamics.studies.knowledge_gradient.claims import CLAIMS

        return CLAIMS

    def claims_of(self, config: Any) -> Sequence[Any]:
        recorded = {outline.name for outline in self.outline(config)}
        return [claim for claim in self.claims if claim.stage in recorded]

    def inputs(self, directory: Path, config: Any) -> Mapping[str, Any]:
        from ntp_dynamics.studies.knowledge_gradient.instance import STORED, read

        return {"instance": read(directory / STORED)}

    def known(self, config: Any, inputs: Mapping[str, Any]) -> Any:
        from ntp_dynamics.studies.knowledge_gradient.instance import bandit_of
        from ntp_dynamics.studies.knowledge_gradient.problem import prepared

        return prepared(config, bandit_of(config, inputs["instance"]))

    def constants(self, known: Any, tree: xarray.DataTree) -> Any:
        return replace(known, recorded=frozenset(map(str, tree.children)))

    def facts(self, config: Any, inputs: Mapping[str, Any]) -> Sequence[str]:
        asked = {"bai": "the best arm", "eps_good": "good arms", "feasible": "feasible arms"}
        arms = len(inputs["instance"]["mean"])
        return [f"{arms} arms", asked[config.problem], f"{config.budget:,} pulls"]

    def sheets(
        self, tree: xarray.DataTree, inputs: Mapping[str, Any], which: Any, title: str
    ) -> Iterator[Any]:
        from ntp_dynamics.studies.knowledge_gradient.panels import sheets

        return sheets(tree, title)

    @property
    def views(self) -> Sequence[View]:
        from ntp_dynamics.studies.knowledge_gradient.views import VIEWS

        return VIEWS


def _read(config: Any) -> tuple[Any, Any]:
    """The arms and the user's policy of a job.  Raises UserError, UserErrors."""
    from ntp_dynamics.studies.knowledge_gradient import plugin
    from ntp_dynamics.studies.knowledge_gradient.instance import bandit_of
    from ntp_dynamics.studies.knowledge_gradient.rules import too_short
    from ntp_dynamics.system.errors import raise_all

    bandit = bandit_of(config)
    raise_all(list(too_short(config, bandit.arms)))
    return bandit, plugin.load(config.policy_file) if config.policy_file else None


STUDY = KnowledgeGradient()
